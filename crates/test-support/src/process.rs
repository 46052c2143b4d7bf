use std::ffi::OsStr;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::PATIENCE;

/// A program that runs, and what it has said so far. Killed when dropped, even while stopped.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    stdout: Said,
    stderr: Said,
}

/// A program that has ended, and all that it said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exit {
    /// The exit code; nothing where a signal ended the process.
    pub code: Option<i32>,
    /// All of its standard output.
    pub stdout: String,
    /// All of its standard error.
    pub stderr: String,
}

impl Process {
    /// Starts a program. It inherits the environment but for our tools' own variables; what
    /// `variables` says is added.
    ///
    /// # Panics
    /// There is no such program.
    pub fn start<A, V, N, W>(program: impl AsRef<OsStr>, args: A, variables: V) -> Self
    where
        A: IntoIterator<Item: AsRef<OsStr>>,
        V: IntoIterator<Item = (N, W)>,
        N: AsRef<OsStr>,
        W: AsRef<OsStr>,
    {
        let program = program.as_ref();
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PARCA_"))
        {
            command.env_remove(name);
        }
        command.args(args).envs(variables);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let name = Path::new(program).file_name().unwrap_or(program).to_string_lossy().into_owned();
        let mut child =
            command.spawn().unwrap_or_else(|error| panic!("cannot start `{}`: {error}", program.display()));
        let stdout = Said::listen(child.stdout.take());
        let stderr = Said::listen(child.stderr.take());
        Self { name, child, stdout, stderr }
    }

    /// Runs a program to its end.
    ///
    /// # Panics
    /// It takes longer than [`PATIENCE`].
    pub async fn run<A, V, N, W>(program: impl AsRef<OsStr>, args: A, variables: V) -> Exit
    where
        A: IntoIterator<Item: AsRef<OsStr>>,
        V: IntoIterator<Item = (N, W)>,
        N: AsRef<OsStr>,
        W: AsRef<OsStr>,
    {
        Self::start(program, args, variables).exit(PATIENCE).await
    }

    /// What it has written to standard error so far.
    pub fn stderr(&self) -> String {
        self.stderr.text.borrow().clone()
    }

    /// The first whole line on standard error, also of those before this call, that is `wanted`.
    ///
    /// # Panics
    /// None comes within [`PATIENCE`], or the program ends without one; `what` says what was
    /// waited for.
    pub async fn stderr_line(&mut self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        self.stderr_lines(what, 1, wanted).await.pop().unwrap_or_default()
    }

    /// The first `count` such lines.
    ///
    /// # Panics
    /// As [`Process::stderr_line`].
    pub async fn stderr_lines(
        &mut self,
        what: &str,
        count: usize,
        wanted: impl Fn(&str) -> bool,
    ) -> Vec<String> {
        let found = |text: &String| {
            text.split_inclusive('\n').filter(|line| line.ends_with('\n') && wanted(line)).count() >= count
        };
        let reached = matches!(timeout(PATIENCE, self.stderr.text.wait_for(found)).await, Ok(Ok(_)));
        assert!(reached, "{} said nothing of {what}\n{}", self.name, self.said());
        let text = self.stderr();
        text.lines().filter(|line| wanted(line)).take(count).map(str::to_owned).collect()
    }

    /// Sends a signal.
    ///
    /// # Panics
    /// The program has been awaited already.
    pub fn signal(&self, signal: Signal) {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let id = id.unwrap_or_else(|| panic!("{} has ended\n{}", self.name, self.said()));
        // The child is ours and not yet reaped, so the id cannot be somebody else's.
        kill_process(id, signal).unwrap_or_else(|error| panic!("cannot signal {}: {error}", self.name));
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// It does not end in time.
    pub async fn exit(mut self, within: Duration) -> Exit {
        let Ok(Ok(status)) = timeout(within, self.child.wait()).await else {
            panic!("{} did not end within {within:?}\n{}", self.name, self.said());
        };
        let (stdout, stderr) = (self.stdout.all().await, self.stderr.all().await);
        Exit { code: status.code(), stdout, stderr }
    }

    fn said(&self) -> String {
        format!("--- stdout\n{}--- stderr\n{}---", *self.stdout.text.borrow(), self.stderr())
    }
}

/// What came out of a pipe so far.
#[derive(Debug)]
struct Said {
    text: watch::Receiver<String>,
    listening: JoinHandle<()>,
}

impl Said {
    fn listen(pipe: Option<impl AsyncRead + Unpin + Send + 'static>) -> Self {
        let pipe = pipe.expect("the pipe was asked for and not taken before");
        let (said, text) = watch::channel(String::new());
        let listening = tokio::spawn(async move {
            let mut reader = BufReader::new(pipe);
            let mut line = Vec::new();
            while matches!(reader.read_until(b'\n', &mut line).await, Ok(1..)) {
                said.send_modify(|text| text.push_str(&String::from_utf8_lossy(&line)));
                line.clear();
            }
        });
        Self { text, listening }
    }

    async fn all(&mut self) -> String {
        // A grandchild that holds the pipe open could keep it so for ever.
        let _closed = timeout(PATIENCE, &mut self.listening).await;
        self.text.borrow().clone()
    }
}

/// The first `host:port` with digits only in what a program said, as in `address=127.0.0.1:4711` or
/// `url=http://127.0.0.1:4711`.
pub fn address_in(line: &str) -> Option<SocketAddr> {
    line.split(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | ':'))).find_map(|word| {
        let address: SocketAddr = word.trim_matches(':').parse().ok()?;
        (address.port() != 0).then_some(address)
    })
}

/// An address on which nobody listens, and nobody else will: each call takes another loopback host,
/// where those exist, so that no test gets the port in the meantime.
///
/// # Panics
/// The machine has no loopback.
pub fn unused_address() -> SocketAddr {
    static CALLS: AtomicU16 = AtomicU16::new(0);
    let [high, low] =
        CALLS.fetch_add(1, Ordering::Relaxed).wrapping_add(std::process::id() as u16).to_be_bytes();
    let listener = TcpListener::bind((std::net::Ipv4Addr::new(127, 77, high, low), 0))
        .or_else(|_| TcpListener::bind("127.0.0.1:0"))
        .expect("there is a loopback");
    listener.local_addr().expect("a listener has an address")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_are_seen_while_it_runs_and_its_end_too() {
        let script = "echo out; echo one >&2; echo two >&2; exec sleep 100";
        let mut process = Process::start("sh", ["-c", script, "sh"], [("A", "b")]);
        assert_eq!(process.stderr_line("two", |line| line.contains("two")).await, "two");
        assert!(process.is_running());
        process.signal(Signal::TERM);
        let exit = process.exit(PATIENCE).await;
        assert_eq!((exit.code, exit.stdout.as_str(), exit.stderr.as_str()), (None, "out\n", "one\ntwo\n"));
    }

    #[tokio::test]
    async fn an_exit_code_and_a_last_line_without_an_end() {
        let exit = Process::run("sh", ["-c", "printf \"$A\"; exit 3"], [("A", "b")]).await;
        assert_eq!(exit, Exit { code: Some(3), stdout: "b".into(), stderr: String::new() });
    }

    #[test]
    fn addresses_are_found_in_lines() {
        let check = |line: &str, expect: Option<&str>| {
            assert_eq!(address_in(line), expect.and_then(|a| a.parse().ok()), "{line}")
        };
        check("2026-11-21T12:00:00Z INFO serving url=http://127.0.0.1:7070", Some("127.0.0.1:7070"));
        check("serving /metrics address=127.0.0.1:7171", Some("127.0.0.1:7171"));
        check("serving /metrics address=\"127.0.0.1:7171\" x=1", Some("127.0.0.1:7171"));
        check("nothing at 12:30", None);
    }
}
