use std::process::Stdio;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, Command as Process};

use super::{Incoming, Outgoing, past_deadline, too_long};
use crate::settings::AccessCommand;
use crate::{Code, Error, ErrorKind};

/// Linux takes no argument above 128 KiB.
const ARGUMENT_BYTES: usize = 64 << 10;
/// How much of the program's complaints is kept.
const STDERR_BYTES: u64 = 4096;

pub(crate) struct Command {
    pub(super) command: AccessCommand,
    pub(super) tenant: Option<String>,
    pub(super) limit: usize,
}

/// Where the body goes.
enum Body {
    Argument(String),
    Stdin(Bytes),
}

impl Command {
    /// Runs the program; at the deadline it is killed.
    pub(super) async fn exchange(&self, outgoing: Outgoing) -> Result<Incoming, Error> {
        let Outgoing { url, body, deadline, timeout, .. } = outgoing;
        let body = place(body);
        let child = self.spawn(url.as_str(), &body)?;
        let ended = tokio::time::timeout_at(deadline.into(), self.finish(child, body, timeout)).await;
        ended.unwrap_or_else(|_| Err(past_deadline(timeout)))
    }

    fn spawn(&self, url: &str, body: &Body) -> Result<Child, Error> {
        let stdin = match body {
            Body::Argument(_) => Stdio::null(),
            Body::Stdin(_) => Stdio::piped(),
        };
        let mut process = Process::new(&self.command.program);
        process.args(&self.command.args).args(self.arguments(url, body));
        process.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        process.spawn().map_err(|error| {
            Error::new(ErrorKind::Unreachable, Code::Unavailable, self.said("cannot be started"))
                .with_source(error)
        })
    }

    /// The URL first, as `cloudflared access curl` wants it; what the scripts did not send comes last.
    fn arguments(&self, url: &str, body: &Body) -> Vec<String> {
        let mut arguments = vec![url, "-s", "-X", "POST", "-H", "Content-Type: application/json"];
        match body {
            Body::Argument(text) => arguments.extend(["-d", text]),
            Body::Stdin(_) => arguments.extend(["--data-binary", "@-"]),
        }
        let mut arguments: Vec<String> = arguments.into_iter().map(str::to_owned).collect();
        if let Some(tenant) = &self.tenant {
            arguments.extend(["-H".to_owned(), format!("X-Scope-OrgID: {tenant}")]);
        }
        arguments
    }

    async fn finish(&self, mut child: Child, body: Body, timeout: Duration) -> Result<Incoming, Error> {
        let broken = |error| {
            Error::new(ErrorKind::Unreachable, Code::Unavailable, self.said("broke off")).with_source(error)
        };
        let most = u64::try_from(self.limit).unwrap_or(u64::MAX).saturating_add(1);
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let fed = feed(stdin, body);
        let (_, stdout, stderr) = tokio::join!(fed, read(stdout, most), read(stderr, STDERR_BYTES));
        let (stdout, stderr) = (stdout.map_err(broken)?, stderr.map_err(broken)?);
        if stdout.len() > self.limit {
            return Err(too_long(self.limit));
        }
        let status = child.wait().await.map_err(broken)?;
        if !status.success() {
            return Err(self.failed(&status.to_string(), &stderr, timeout));
        }
        Ok(Incoming { status: None, content_type: None, body: stdout.into() })
    }

    fn failed(&self, status: &str, stderr: &[u8], timeout: Duration) -> Error {
        let words = String::from_utf8_lossy(stderr);
        let words = match words.trim() {
            "" => "it said nothing",
            words => words,
        };
        let message = self.said(&format!("ended with {status}: {words}"));
        let hint =
            "run the access command by hand to see what it wants; curl's exit statuses are in its manual";
        tracing::debug!(?timeout, "access command failed");
        Error::new(ErrorKind::Unreachable, Code::Unavailable, message).with_hint(Some(hint))
    }

    /// Names the program only: its arguments may hold credentials.
    fn said(&self, what: &str) -> String {
        format!("the access command `{}` {what}", self.command.program)
    }
}

/// In an argument where curl takes it for a body, whole.
fn place(body: Bytes) -> Body {
    let fits = body.len() <= ARGUMENT_BYTES && !body.starts_with(b"@") && !body.contains(&0);
    match std::str::from_utf8(&body) {
        Ok(text) if fits => Body::Argument(text.to_owned()),
        _ => Body::Stdin(body),
    }
}

/// A program that does not read to the end shows by its status or its answer what it made of it.
async fn feed(stdin: Option<ChildStdin>, body: Body) {
    if let (Some(mut stdin), Body::Stdin(bytes)) = (stdin, body)
        && let Err(error) = stdin.write_all(&bytes).await
    {
        tracing::debug!(%error, "the access command did not read the body");
    }
}

/// Reads at most so many bytes; what comes after them is not waited for.
async fn read(pipe: Option<impl AsyncRead + Unpin>, most: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        pipe.take(most).read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}
