use std::time::Duration;

use parca_proto::{health, profilestore, scrape};
use profile_model::{Labels, Timestamp};

use super::{instant, labels, span};

/// A target that the server scrapes, or dropped by relabelling.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Target {
    /// Name of the scrape job.
    pub job: String,
    /// What is scraped; without a host if it was dropped.
    pub url: String,
    /// The labels of its profiles; empty if it was dropped.
    pub labels: Labels,
    /// The labels before relabelling, with `__...`.
    pub discovered_labels: Labels,
    /// How the last scrape went.
    pub health: TargetHealth,
    /// Text of the last error ever; the server does not clear it after a success.
    pub last_error: String,
    /// Anything before 1970 means never; Parca says year 1.
    pub last_scrape: Timestamp,
    /// How long the last scrape took.
    pub last_scrape_duration: Duration,
}

/// How the last scrape of a target went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TargetHealth {
    /// Never scraped.
    Unknown,
    /// The last scrape worked.
    Good,
    /// The last scrape failed.
    Bad,
}

/// Who wrote raw profiles.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Agent {
    /// The label `node` of its profiles, else its address.
    pub id: String,
    /// The error of the last write; empty if it worked.
    pub last_error: String,
    /// When it wrote last.
    pub last_push: Timestamp,
    /// How long the last write took.
    pub last_push_duration: Duration,
}

/// What gRPC's health check answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ServingStatus {
    /// Nothing is known.
    Unknown,
    /// The server serves.
    Serving,
    /// The server does not serve.
    NotServing,
    /// There is no such service; only streams say so, a single check answers `not_found`.
    ServiceUnknown,
}

/// Sorted by job, then address: the server has no order.
pub(crate) fn targets(answer: scrape::TargetsResponse) -> Vec<Target> {
    let of_job = |(job, targets): (String, scrape::Targets)| {
        targets.targets.into_iter().map(move |wire| target(job.clone(), wire))
    };
    let mut targets: Vec<_> = answer.targets.into_iter().flat_map(of_job).collect();
    targets
        .sort_by(|a, b| (&a.job, &a.url, &a.discovered_labels).cmp(&(&b.job, &b.url, &b.discovered_labels)));
    targets
}

fn target(job: String, wire: scrape::Target) -> Target {
    use scrape::target::Health;
    let health = match wire.health() {
        Health::UnknownUnspecified => TargetHealth::Unknown,
        Health::Good => TargetHealth::Good,
        Health::Bad => TargetHealth::Bad,
    };
    Target {
        job,
        url: wire.url,
        labels: labels(wire.labels),
        discovered_labels: labels(wire.discovered_labels),
        health,
        last_error: wire.last_error,
        last_scrape: instant(wire.last_scrape),
        last_scrape_duration: span(wire.last_scrape_duration),
    }
}

/// Sorted by id.
pub(crate) fn agents(answer: profilestore::AgentsResponse) -> Vec<Agent> {
    let agent = |wire: profilestore::Agent| Agent {
        id: wire.id,
        last_error: wire.last_error,
        last_push: instant(wire.last_push),
        last_push_duration: span(wire.last_push_duration),
    };
    let mut agents: Vec<_> = answer.agents.into_iter().map(agent).collect();
    agents.sort_by(|a, b| a.id.cmp(&b.id));
    agents
}

pub(crate) fn serving_status(answer: health::HealthCheckResponse) -> ServingStatus {
    use health::health_check_response::ServingStatus as Wire;
    match answer.status() {
        Wire::Unknown => ServingStatus::Unknown,
        Wire::Serving => ServingStatus::Serving,
        Wire::NotServing => ServingStatus::NotServing,
        Wire::ServiceUnknown => ServingStatus::ServiceUnknown,
    }
}
