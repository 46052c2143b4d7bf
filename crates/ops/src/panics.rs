//! A panic is news at once, wherever it happens: a log line and a number on `/metrics`.

use std::panic::PanicHookInfo;
use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};

static PANICS: AtomicU64 = AtomicU64::new(0);

/// How many panics there were in this process since its log was installed.
pub fn panics() -> u64 {
    PANICS.load(Ordering::Relaxed)
}

/// Logs each panic as an error instead of printing it, and counts it.
pub(crate) fn log_panics() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| std::panic::set_hook(Box::new(report)));
}

fn report(panic: &PanicHookInfo<'_>) {
    PANICS.fetch_add(1, Ordering::Relaxed);
    let thread = std::thread::current();
    let thread = thread.name().unwrap_or("unnamed");
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(thread, place, "a task panicked, which is a mistake in this program: {}", message(panic));
}

fn message<'a>(panic: &'a PanicHookInfo<'_>) -> &'a str {
    panic.payload_as_str().unwrap_or("without a message")
}
