//! The sender against receivers on loopback that do what a test tells them.
#![allow(clippy::unwrap_used)]

mod checks;
mod content;
mod messages;
mod real;
mod receiver;
mod responses;
mod spool;

use std::time::Duration;

use relabel::Labels;
use remote_write::{Counts, Destination, Protocol, Series, Settings};

/// 2026-11-21, in milliseconds: inside every range that a receiver asks for.
const NOW_MS: i64 = 1_795_000_000_000;

const PROTOCOLS: [Protocol; 2] = [Protocol::V1, Protocol::V2];

fn settings(protocol: Protocol) -> Settings {
    let mut settings = Settings::new("test");
    settings.protocol = protocol;
    settings.now = || std::time::UNIX_EPOCH + Duration::from_millis(NOW_MS as u64);
    settings.queue.min_backoff = Duration::from_millis(5);
    settings.queue.max_backoff = Duration::from_millis(40);
    settings
}

fn labels(pairs: &[(&str, &str)]) -> Labels {
    Labels::new(pairs.iter().copied()).unwrap()
}

fn one(name: &str, value: f64, timestamp_ms: i64) -> Vec<Series> {
    vec![Series::new(labels(&[("__name__", name), ("job", "test")]), value, timestamp_ms)]
}

/// Waits until the numbers are as wished; fails after a minute.
async fn until(destination: &Destination, wish: impl Fn(&Counts) -> bool) -> Counts {
    let end = tokio::time::Instant::now() + LONG;
    loop {
        let counts = destination.counts();
        if wish(&counts) {
            return counts;
        }
        assert!(tokio::time::Instant::now() < end, "{counts:?}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

const LONG: Duration = Duration::from_secs(60);
