use std::time::Duration;

use tokio::sync::watch;

use super::{DiscoveryError, Finding, Group};

/// Asks again and again; what cannot be had leaves what was found before.
pub(super) struct Poll {
    refresh: Duration,
}

impl Poll {
    pub(super) fn new(refresh: Duration) -> Self {
        Self { refresh }
    }

    pub(super) async fn run<F>(self, found: &watch::Sender<Finding>, ask: impl Fn() -> F)
    where
        F: Future<Output = Result<Vec<Group>, DiscoveryError>>,
    {
        loop {
            note(found, ask().await);
            tokio::time::sleep(self.refresh).await;
        }
    }
}

/// Tells of an answer, if it says something new.
pub(super) fn note(found: &watch::Sender<Finding>, answer: Result<Vec<Group>, DiscoveryError>) {
    found.send_if_modified(|found| match answer {
        Ok(groups) => {
            let is_new = !found.is_known || found.groups != groups || found.error.is_some();
            *found = Finding { groups, is_known: true, error: None };
            is_new
        }
        Err(error) => {
            let error = error.to_string();
            if found.error.as_ref() != Some(&error) {
                tracing::warn!(%error, "cannot look for targets; those found before stay");
            }
            found.error = Some(error);
            true
        }
    });
}
