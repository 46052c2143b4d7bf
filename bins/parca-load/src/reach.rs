//! The first contact: says when there is none, and keeps trying.

use std::time::{Duration, Instant};

use backoff::{Backoff, Policy, rest};
use parca_client::{Client, Error, ProfileTypesRequest};
use pql::ProfileType;
use tokio_util::sync::CancellationToken;

/// The longest wait between two attempts.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// How the first contact ended.
pub(crate) enum Contact {
    /// With the profile types that the server has.
    Made(Vec<ProfileType>),
    /// Somebody asked to stop.
    Stopped,
    /// The time was over; why the last attempt failed.
    TooLate(Option<Error>),
}

/// Asks until the server answers, `stop` comes, or `within` is over.
pub(crate) async fn reach(client: &Client, within: Option<Duration>, stop: &CancellationToken) -> Contact {
    let mut policy = Policy::within(within.unwrap_or(Duration::MAX));
    policy.cap = LONGEST_WAIT;
    let mut backoff = Backoff::unseeded(policy);
    let began = Instant::now();
    let mut last = None;
    loop {
        let left = within.map_or(Duration::MAX, |within| within.saturating_sub(began.elapsed()));
        let answer = tokio::select! {
            () = stop.cancelled() => return Contact::Stopped,
            answer = tokio::time::timeout(left, types(client)) => answer,
        };
        let error = match answer {
            Ok(Ok(types)) => return Contact::Made(types),
            Ok(Err(error)) => error,
            Err(_) => return Contact::TooLate(last),
        };
        let Some(wait) = backoff.wait(began.elapsed()) else { return Contact::TooLate(Some(error)) };
        warn(client, &error, wait);
        last = Some(error);
        if !rest(tokio::time::sleep(wait), stop.cancelled()).await {
            return Contact::Stopped;
        }
    }
}

fn warn(client: &Client, error: &Error, wait: Duration) {
    let (url, wait_ms) = (client.url(), wait.as_millis());
    match error.hint() {
        Some(hint) => {
            tracing::warn!(url, %error, hint, wait_ms, "cannot reach the Parca; trying again");
        }
        None => tracing::warn!(url, %error, wait_ms, "cannot reach the Parca; trying again"),
    }
}

/// One attempt.
pub(crate) async fn types(client: &Client) -> Result<Vec<ProfileType>, Error> {
    client.profile_types(&ProfileTypesRequest::default()).await
}
