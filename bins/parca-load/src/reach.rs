//! The first contact: says when there is none, and keeps trying.

use std::time::Duration;

use load_engine::Backoff;
use parca_client::{Client, Error, ProfileTypesRequest};
use pql::ProfileType;
use rand::SeedableRng;
use rand::rngs::SmallRng;
use tokio_util::sync::CancellationToken;

/// The longest wait between two attempts.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// The profile types of a server that answers; nothing if `stop` came first.
pub(crate) async fn reach(client: &Client, stop: &CancellationToken) -> Option<Vec<ProfileType>> {
    let mut backoff = Backoff::within(Duration::MAX);
    backoff.cap = LONGEST_WAIT;
    let mut rng = SmallRng::seed_from_u64(std::process::id().into());
    for attempt in 0.. {
        let answer = tokio::select! {
            () = stop.cancelled() => return None,
            answer = types(client) => answer,
        };
        let error = match answer {
            Ok(types) => return Some(types),
            Err(error) => error,
        };
        let wait = backoff.wait(attempt, Duration::ZERO, &mut rng).unwrap_or(LONGEST_WAIT);
        let (wait_ms, hint) = (wait.as_millis(), error.hint().unwrap_or_default());
        tracing::warn!(url = client.url(), %error, hint, wait_ms, "cannot reach the Parca; trying again");
        tokio::select! {
            () = stop.cancelled() => return None,
            () = tokio::time::sleep(wait) => {}
        }
    }
    None
}

/// One attempt.
pub(crate) async fn types(client: &Client) -> Result<Vec<ProfileType>, Error> {
    client.profile_types(&ProfileTypesRequest::default()).await
}
