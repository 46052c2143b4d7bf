//! Parca's `ScrapeService`, which its own page of targets asks.

use std::time::{Duration, SystemTime};

use axum::Router;
use parca_proto::profilestore::{Label, LabelSet};
use parca_proto::scrape::scrape_service_server::{ScrapeService, ScrapeServiceServer};
use parca_proto::scrape::targets_request::State;
use parca_proto::scrape::{Target, Targets, TargetsRequest, TargetsResponse, target};
use relabel::Labels;
use tonic::{Request, Response, Status};
use tonic_web::GrpcWebLayer;

use super::Source;
use crate::scrape::{DroppedTarget, Health, JobStatus, TargetStatus};

struct Service(Source);

/// gRPC and gRPC-Web.
pub(super) fn routes(source: Source) -> Router {
    let service = ScrapeServiceServer::new(Service(source));
    tonic::service::Routes::new(service).into_axum_router().layer(GrpcWebLayer::new())
}

#[tonic::async_trait]
impl ScrapeService for Service {
    async fn targets(&self, request: Request<TargetsRequest>) -> Result<Response<TargetsResponse>, Status> {
        let state = request.into_inner().state();
        let targets = (self.0.jobs)().iter().map(|job| (job.name.clone(), of_job(job, state))).collect();
        Ok(Response::new(TargetsResponse { targets }))
    }
}

fn of_job(job: &JobStatus, state: State) -> Targets {
    let mut targets = Vec::new();
    if state != State::Dropped {
        targets.extend(job.active.iter().map(active));
    }
    if state != State::Active {
        targets.extend(job.dropped.iter().map(dropped));
    }
    Targets { targets }
}

fn active(status: &TargetStatus) -> Target {
    let last = status.last.as_ref();
    Target {
        discovered_labels: Some(labels(&status.discovered)),
        labels: Some(labels(&status.labels)),
        last_error: last.map(|last| last.error.clone()).unwrap_or_default(),
        last_scrape: last.map(|last| timestamp(last.started)),
        last_scrape_duration: last.map(|last| duration(last.took)),
        url: status.url.clone(),
        health: match status.health {
            Health::Unknown => target::Health::UnknownUnspecified.into(),
            Health::Good => target::Health::Good.into(),
            Health::Bad => target::Health::Bad.into(),
        },
    }
}

fn dropped(one: &DroppedTarget) -> Target {
    let last_error = one.reason.clone().unwrap_or_default();
    Target { discovered_labels: Some(labels(&one.discovered)), last_error, ..Target::default() }
}

fn labels(labels: &Labels) -> LabelSet {
    let label = |(name, value): (&str, &str)| Label { name: name.to_owned(), value: value.to_owned() };
    LabelSet { labels: labels.iter().map(label).collect() }
}

fn timestamp(time: SystemTime) -> prost_types::Timestamp {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let seconds = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
    prost_types::Timestamp { seconds, nanos: i32::try_from(since.subsec_nanos()).unwrap_or_default() }
}

fn duration(duration: Duration) -> prost_types::Duration {
    let seconds = i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    prost_types::Duration { seconds, nanos: i32::try_from(duration.subsec_nanos()).unwrap_or_default() }
}
