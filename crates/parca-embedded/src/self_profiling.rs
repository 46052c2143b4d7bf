//! The server's own profiles, written to its own store: CPU over time, and memory at a time, which
//! even an idle process has.

use std::sync::Arc;
use std::time::Duration;

use profile_model::Labels;
use self_profile::Profiler;
use tokio_util::sync::CancellationToken;

use crate::store::{NewProfile, Store};

/// Takes one profile after the other until told to stop. Each starts where the one before ended.
pub(crate) async fn run(
    profiler: Profiler,
    store: Arc<Store>,
    every: Duration,
    job: String,
    instance: String,
    stop: CancellationToken,
) {
    let labels: Labels = [("job", job), ("instance", instance)].into_iter().collect();
    let write = |name: &str, profile| {
        store.append(&[NewProfile { name: name.to_owned(), labels: labels.clone(), profile }]);
    };
    loop {
        match self_profile::resident_memory() {
            Ok(profile) => write("memory", profile),
            Err(error) => tracing::debug!(%error, "cannot read this process' memory map"),
        }
        let taken = tokio::select! {
            () = stop.cancelled() => return,
            taken = profiler.take(every) => taken,
        };
        match taken {
            Ok(profile) => write("process_cpu", profile),
            Err(error) => {
                tracing::warn!(%error, "cannot profile this process");
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(every) => {}
                }
            }
        }
    }
}
