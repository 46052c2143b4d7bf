//! A line on stderr while a server takes its time; only for a person.

use std::future::Future;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use tokio::time::{Instant, interval_at};

/// From when on something is said.
const PATIENCE: Duration = Duration::from_secs(1);

/// Waits for a call.
pub(crate) async fn while_asking<T>(whom: &str, call: impl Future<Output = T>) -> T {
    if !io::stderr().is_terminal() {
        return call.await;
    }
    let begun = Instant::now();
    let mut ticks = interval_at(begun + PATIENCE, PATIENCE);
    let mut said = false;
    tokio::pin!(call);
    let answer = loop {
        tokio::select! {
            answer = &mut call => break answer,
            _ = ticks.tick() => {
                said = true;
                say(&format!("\r\x1b[Kwaiting for {whom}, {} s", begun.elapsed().as_secs()));
            }
        }
    };
    if said {
        say("\r\x1b[K");
    }
    answer
}

fn say(text: &str) {
    let mut stderr = io::stderr();
    let _gone = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}
