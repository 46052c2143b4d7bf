//! The programs, started.

use std::net::SocketAddr;
use std::path::PathBuf;

use test_support::{Process, Scrape, address_in, http_get};

/// Where a program is.
pub(crate) fn program(name: &str) -> PathBuf {
    let folder = std::env::var_os("PARCA_TOOLS_BIN").map_or_else(built, PathBuf::from);
    let path = folder.join(name);
    assert!(
        path.is_file(),
        "expected {}: `cargo build` makes it, PARCA_TOOLS_BIN names another folder",
        path.display()
    );
    path
}

/// Where the build that made this test puts programs.
fn built() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its own file");
    test.ancestors().nth(2).expect("a test is in target/PROFILE/deps").to_path_buf()
}

/// A program at work, and where it serves.
pub(crate) struct Daemon {
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
}

impl Daemon {
    /// Starts a program whose arguments have it serve on a free port, which its log names.
    pub(crate) async fn start(name: &str, args: &[String]) -> Self {
        let mut process = Process::start(program(name), args, [("NO_COLOR", "1")]);
        let line = process
            .stderr_line("its own address", |line| {
                (line.contains("serving") || line.contains("scraping")) && address_in(line).is_some()
            })
            .await;
        let address = address_in(&line).expect("the line has one");
        Self { process, address }
    }

    /// The status of a path; nothing where nobody listens any more.
    pub(crate) async fn status(&self, path: &str) -> Option<u16> {
        http_get(self.address, path, &[]).await.ok().map(|answer| answer.status)
    }

    /// What `/metrics` says.
    pub(crate) async fn scrape(&self) -> Scrape {
        let answer = http_get(self.address, "/metrics", &[]).await.expect("it answers");
        Scrape::parse_text(&answer.text()).expect("it is the text format")
    }
}
