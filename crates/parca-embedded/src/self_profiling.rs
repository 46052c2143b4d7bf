//! The server's own CPU profiles, written to its own store.

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
    loop {
        let taken = tokio::select! {
            () = stop.cancelled() => return,
            taken = profiler.take(every) => taken,
        };
        match taken {
            Ok(profile) => {
                let new = NewProfile { name: "process_cpu".into(), labels: labels.clone(), profile };
                store.append(&[new]);
            }
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
