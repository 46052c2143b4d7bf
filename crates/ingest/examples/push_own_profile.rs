//! Profiles this process twice for five seconds, or for as many as the second argument says, and pushes its CPU and memory
//! into a Parca.
//!
//! `cargo run --example push_own_profile -- http://localhost:7070`

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ingest::Pusher;
use ingest::send::StoreSettings;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "http://localhost:7070".to_owned());
    let window = std::env::args().nth(2).map_or(Ok(5), |seconds| seconds.parse())?;
    let window = Duration::from_secs(window);
    let store = StoreSettings::new(parca_client::Settings::new(address));
    let pusher = Pusher::start(vec![store], &[("job", "push_own_profile")])?;
    let profiler = self_profile::Profiler::start(99);
    let is_done = Arc::new(AtomicBool::new(false));
    let work = std::thread::spawn({
        let is_done = Arc::clone(&is_done);
        move || work(&is_done)
    });
    for _ in 0..2 {
        // A window of CPU time, and what the process holds at its end.
        let cpu = profiler.take(window).await?;
        pusher.push("process_cpu", cpu).await?;
        pusher.push("memory", self_profile::resident_memory()?).await?;
    }
    is_done.store(true, Ordering::Relaxed);
    let _ = work.join();
    for counts in pusher.finish(Duration::from_secs(10)).await {
        tracing::info!(sent = counts.sent, waiting = counts.waiting, "done");
        if let Some(error) = counts.error {
            return Err(error.into());
        }
    }
    Ok(())
}

/// Something to see in the profile.
fn work(is_done: &AtomicBool) {
    let mut primes = Vec::new();
    let mut number = 2_u64;
    while !is_done.load(Ordering::Relaxed) {
        if primes
            .iter()
            .take_while(|prime| **prime * **prime <= number)
            .all(|prime| !number.is_multiple_of(*prime))
        {
            primes.push(number);
        }
        number += 1;
        if primes.len() > 100_000 {
            primes.clear();
            number = 2;
        }
    }
}
