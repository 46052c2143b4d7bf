//! What a call costs the whole generator: planned by the engine, made by the client, recorded.
//!
//! ```sh
//! engine_cost grpc|grpc-web|grpc-web-h2 URL [CALLS]
//! ```
//!
//! A closed lane of 64 users on one worker; 64 connections over HTTP/1.1, one over HTTP/2. The
//! process's CPU time, as the shell's `time` shows it, divided by the calls is the figure;
//! `scripts/bench/calls.sh` does that beside other generators.

#![allow(clippy::print_stdout, missing_docs)]

use std::error::Error;
use std::time::{Duration, Instant};

use load_engine::{CallContext, Lane, Outcome, Pace, Plan, SeriesKey, Tick, Verdict, Workload, run};
use parca_client::{Client, HasProfileDataRequest, HttpVersion, Keep, Prepared, Protocol, Settings};
use tokio_util::sync::CancellationToken;

const USERS: u32 = 64;
const TIMEOUT: Duration = Duration::from_secs(10);

struct OneCall {
    client: Client,
    prepared: Prepared,
    key: SeriesKey,
}

impl Workload for OneCall {
    type Lane = ();
    type Call = ();

    fn calls(&self, _: &Tick) -> Vec<()> {
        vec![()]
    }

    fn series(&self, (): &()) -> SeriesKey {
        self.key.clone()
    }

    async fn call(&self, (): &(), _: &CallContext<'_>) -> Outcome {
        let timed = self.client.timed(&self.prepared, Instant::now() + TIMEOUT, Keep::Nothing).await;
        let (code, verdict) = match &timed.result {
            Ok(_) => ("ok", Verdict::Success),
            Err(error) => (error.code().as_str(), Verdict::Failure),
        };
        let mut outcome = Outcome::new(code, verdict, timed.sent, timed.done);
        outcome.first_byte = timed.first_byte;
        (outcome.bytes_in, outcome.bytes_out) = (timed.bytes_in, timed.bytes_out);
        outcome
    }
}

fn protocol(name: &str) -> Option<Protocol> {
    match name {
        "grpc" => Some(Protocol::Grpc),
        "grpc-web" => Some(Protocol::GrpcWeb(HttpVersion::Http1)),
        "grpc-web-h2" => Some(Protocol::GrpcWeb(HttpVersion::Http2)),
        _ => None,
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let usage = "usage: engine_cost grpc|grpc-web|grpc-web-h2 URL [CALLS]";
    let mut arguments = std::env::args().skip(1);
    let protocol = arguments.next().as_deref().and_then(protocol).ok_or(usage)?;
    let mut settings = Settings::new(&arguments.next().ok_or(usage)?);
    settings.protocol = protocol;
    let mut lane = Lane::new("calls", Pace::closed(USERS));
    lane.max_ticks = Some(arguments.next().map_or(Ok(200_000), |calls| calls.parse())?);

    let make = move |_| {
        let client = Client::new(&settings).expect("the URL was given by whoever measures");
        let prepared = client.prepare(&HasProfileDataRequest).expect("a request without fields");
        OneCall { client, prepared, key: SeriesKey::new("has_profile_data", [("range", "15m0s")]) }
    };
    let summary = run(Plan::new([lane]), make, CancellationToken::new()).await?;
    let lane = &summary.totals.lanes()[0];
    let rate = lane.counts.calls as f64 / summary.wall.as_secs_f64();
    println!("{} calls, {} errors, {rate:.0}/s", lane.counts.calls, lane.counts.failed);
    Ok(())
}
