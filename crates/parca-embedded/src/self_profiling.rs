//! The server's own profiles, written to its own store: CPU over time, and memory at a time, which
//! even an idle process has.

use std::time::Duration;

use profile_model::Profile;
use profile_store::{Keep, Named, NewProfile, NewWrite, Store};
use self_profile::Profiler;
use tokio_util::sync::CancellationToken;

/// Takes one profile after the other until told to stop. Each starts where the one before ended.
pub(crate) async fn run(
    profiler: Profiler,
    store: Store,
    every: Duration,
    job: String,
    instance: String,
    stop: CancellationToken,
) {
    let write = async |name: &str, profile| {
        let labels = [("__name__", name.to_owned()), ("job", job.clone()), ("instance", instance.clone())];
        let store = store.clone();
        // It may wait for the disk.
        let _ended = tokio::task::spawn_blocking(move || write(&store, &labels, profile)).await;
    };
    loop {
        match self_profile::resident_memory() {
            Ok(profile) => write("memory", profile).await,
            Err(error) => tracing::debug!(%error, "cannot read this process' memory map"),
        }
        let taken = tokio::select! {
            () = stop.cancelled() => return,
            taken = profiler.take(every) => taken,
        };
        match taken {
            Ok(profile) => write("process_cpu", profile).await,
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

/// Goes the way of every other profile; what is refused is missed, not an end.
fn write(store: &Store, labels: &[(&str, String)], profile: Profile) {
    let labels = labels.iter().map(|(name, value)| (*name, value.as_str()));
    let new = Named::new(labels).and_then(|named| NewProfile::new(&named, profile, Keep::default(), None));
    match new {
        Ok(new) => store.submit(NewWrite::new(vec![new]), |written| {
            if let Err(error) = written {
                tracing::debug!(%error, "a profile of this process was not stored");
            }
        }),
        Err(error) => tracing::debug!(%error, "a profile of this process cannot be stored"),
    }
}
