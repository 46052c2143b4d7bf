//! The first SIGINT or SIGTERM asks to stop; the second does not ask.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// What asked the process to stop; its exit code when a second signal comes is 128 + number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Ctrl-C.
    Interrupt,
    /// `kill`, systemd, Kubernetes.
    Terminate,
}

impl Stop {
    /// The signal's number.
    pub fn number(self) -> u8 {
        match self {
            Self::Interrupt => 2,
            Self::Terminate => 15,
        }
    }
}

/// Cancels `shutdown` on the first signal and ends the process on the second.
///
/// Call it inside a tokio runtime; the handlers are installed when this returns.
///
/// # Errors
/// The system refuses to install a handler.
pub fn stop_on_signals(shutdown: CancellationToken) -> std::io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::spawn(async move {
        let first = either(&mut interrupt, &mut terminate).await;
        tracing::info!(signal = first.number(), "stopping; a second signal ends at once");
        shutdown.cancel();
        let second = either(&mut interrupt, &mut terminate).await;
        std::process::exit(128 + i32::from(second.number()));
    });
    Ok(())
}

async fn either(interrupt: &mut Signal, terminate: &mut Signal) -> Stop {
    tokio::select! {
        _ = interrupt.recv() => Stop::Interrupt,
        _ = terminate.recv() => Stop::Terminate,
    }
}
