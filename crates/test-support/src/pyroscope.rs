use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Child;
use tokio::sync::OnceCell;
use tokio::time::timeout;

use crate::PATIENCE;
use crate::go::go_build;

/// Where the server's sources are.
const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/pyroscope-server");

/// The outcome of the build: the program, or why there is none.
static BUILT: OnceCell<Result<PathBuf, String>> = OnceCell::const_new();

/// A server that speaks as Pyroscope does, made of the messages and handlers that Pyroscope publishes
/// for Go, so that no code of ours encodes its answers. It runs until dropped.
///
/// It keeps profiles of any age in memory. Its flags: `--token`, `--tenant`, `--prefix /path`,
/// `--max-query-length 24h`, `--no-pprof` (as servers before that format).
#[derive(Debug)]
pub struct Pyroscope {
    address: SocketAddr,
    _child: Child,
}

impl Pyroscope {
    /// Starts one; without Go the test is skipped, see [`needs`](crate::needs).
    ///
    /// # Panics
    /// Go is there, and it cannot be built or does not start.
    pub async fn start<'a>(args: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let go = crate::needs("go")?;
        match BUILT.get_or_init(|| build(go)).await {
            Ok(program) => Some(Self::run(program, args).await),
            Err(why) => panic!("no Pyroscope: {why}"),
        }
    }

    async fn run<'a>(program: &Path, args: impl IntoIterator<Item = &'a str>) -> Self {
        let mut command = tokio::process::Command::new(program);
        command.args(["--listen", "127.0.0.1:0"]).args(args).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child =
            command.spawn().unwrap_or_else(|error| panic!("cannot start `{}`: {error}", program.display()));
        let stdout = child.stdout.take().expect("it was asked for");
        let mut lines = BufReader::new(stdout).lines();
        let line = timeout(PATIENCE, lines.next_line()).await;
        let Ok(Ok(Some(line))) = line else { panic!("the Pyroscope server did not say its address") };
        let line: serde_json::Value = serde_json::from_str(&line).expect("the line is JSON");
        let address = line["address"].as_str().and_then(|address| address.parse().ok());
        Self { address: address.expect("the line has an address"), _child: child }
    }

    /// `http://host:port`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Builds the program once for a test process; Go's cache makes it quick for the next one.
async fn build(go: String) -> Result<PathBuf, String> {
    let built = tokio::task::spawn_blocking(move || build_now(&go)).await;
    built.unwrap_or_else(|error| Err(error.to_string()))
}

fn build_now(go: &str) -> Result<PathBuf, String> {
    let fresh = go_build(go, Path::new(SOURCES), "pyroscope-server")?;
    let program = fresh.with_file_name("pyroscope-server");
    std::fs::rename(&fresh, &program).map_err(|error| error.to_string())?;
    Ok(program)
}
