//! Who may do what: every method of every service and every path of plain HTTP, with every kind of credentials.

mod folders;
mod matrix;
mod rows;

use std::net::SocketAddr;

use test_support::Process;

use crate::program;

/// Who may come in: tokens are the names, and this is what `printf %s TOKEN | sha256sum` says of them.
const ACCESS: &str = "\
reader read  3d0941964aa3ebdcb00ccef58b1bb399f9f898465e9886d5aec7f31090a0fb30
writer write b93006774cbdd4b299389a03ac3d88c3a76b460d538795bc12718011a909fba5
both   both  ff7772053abf7d817d6eec229a09e14f0d1552f1cb0aeedb2ac73784ac2d2e39
of-a   both  2c91a1b46c699342c571f5fb5dc1d92703f8a8bb44b6ea29ddb8c1af6d11bd71 a
";

/// The program with a file of those who may come in, a page and targets.
async fn guarded(folder: &std::path::Path) -> (Process, SocketAddr) {
    let path = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (access, config) = (path("access", ACCESS), path("parca.yaml", "scrape_configs: []\n"));
    program(&["--auth-file", &access, "--config-path", &config]).await
}
