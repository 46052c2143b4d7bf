//! The HTTP side of a daemon: one address, own names only, until told to stop.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::task::{JoinError, JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::metrics::{Family, Kind, Value};
use crate::{COMMIT, Hint, ServeError, ServeOptions, bind, refuse_foreign_hosts, serve};

/// How long answers under way may take once the daemon is told to stop.
const GRACE: Duration = Duration::from_secs(2);

/// Where a daemon listens, and what helps if it cannot.
#[derive(Clone, Copy, Debug)]
pub struct Listen<'a> {
    /// `host:port`, or `:port` for every interface.
    pub address: &'a str,
    /// What sets another address, such as `-addr`.
    pub flag: &'a str,
    /// What may be there already, such as `parca-load`.
    pub program: &'a str,
    /// Whether `none` as the address listens nowhere.
    pub is_optional: bool,
}

/// A daemon's server at work.
#[derive(Debug)]
pub struct Serving {
    /// Where it listens, with the port that the system chose for port 0.
    pub address: SocketAddr,
    task: JoinHandle<()>,
}

impl Listen<'_> {
    /// Listens, or says what to do about it.
    ///
    /// # Errors
    /// A [`Hint`] whose cause is the [`ServeError`].
    pub async fn bind(&self) -> Result<TcpListener, Hint> {
        bind(self.address).await.map_err(|error| self.hinted(error))
    }

    /// The error with what to do about it.
    pub fn hinted(&self, error: ServeError) -> Hint {
        let hint = self.hint(&error);
        Hint::new(error, hint)
    }

    fn hint(&self, error: &ServeError) -> String {
        use std::io::ErrorKind;

        let Self { flag, program, .. } = self;
        let none = if self.is_optional { format!(", `{flag} none` listens nowhere") } else { String::new() };
        let other = format!("{flag} sets another address{none}");
        let ServeError::Bind { source, .. } = error;
        match source.kind() {
            ErrorKind::AddrInUse => format!("is another {program} running? {other}"),
            ErrorKind::AddrNotAvailable => format!("no interface of this machine has that address; {other}"),
            ErrorKind::PermissionDenied => {
                format!("ports below 1024 need a privilege; {flag} sets another one")
            }
            _ => format!("expected host:port, [IPv6]:port or :port; {other}"),
        }
    }
}

impl Serving {
    /// Serves `routes` on a task until `stop`; on a loopback address only to those who name this machine.
    ///
    /// # Errors
    /// The system does not say where the listener listens.
    pub fn start(listener: TcpListener, routes: Router, stop: CancellationToken) -> std::io::Result<Self> {
        let address = listener.local_addr()?;
        let routes = refuse_foreign_hosts(routes, address);
        let task = tokio::spawn(serve(listener, routes, stop, ServeOptions::with_grace(GRACE)));
        Ok(Self { address, task })
    }

    /// Waits for the end after `stop`.
    ///
    /// # Errors
    /// The task panicked.
    pub async fn finished(self) -> Result<(), JoinError> {
        self.task.await
    }
}

/// The family `<prefix>_build_info`, whose labels say which version runs and, where the build knew it, of which commit.
pub fn build_info(prefix: &str, version: &str) -> Family {
    let help = "Always 1; version and, where it is known, revision are labels.";
    let labels = [("version", version)].into_iter().chain(COMMIT.map(|commit| ("revision", commit)));
    Family::new(format!("{prefix}_build_info"), help, Kind::Gauge).with(labels, Value::Gauge(1.0))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_hint_belongs_to_the_reason() {
        let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let taken = taken.local_addr().unwrap().to_string();
        let check = async |address: &str, expect: &str| {
            let listen = Listen { address, flag: "-addr", program: "parca-load", is_optional: true };
            let hint = listen.bind().await.unwrap_err().hint;
            assert!(hint.starts_with(expect), "{address}: {hint}");
        };
        let listener = TcpListener::bind(&taken).await;
        check(&taken, "is another parca-load running?").await;
        check("192.0.2.1:7171", "no interface of this machine").await;
        check("nonsense", "expected host:port").await;
        drop(listener);
    }
}
