//! The lanes' calls, made with a client.

use std::cell::Cell;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use load_engine::{CallContext, Outcome, SeriesKey, Tick, Verdict, Workload};
use parca_client::{
    Call as _, Client, Code, Error, Keep, LabelsRequest, ProfileTypesRequest, QueryRangeRequest, Series,
};
use profile_model::Timestamp;

use crate::call::{Ask, Call, Learn};
use crate::knowledge::{Knowledge, KnownSeries, LastError};
use crate::lane::Lane;
use crate::settings::{Mode, Settings};
use crate::{choose, upstream};

/// How often one lane's failures are logged.
const LOG_EVERY: Duration = Duration::from_secs(1);

/// The calls of [`Settings`], made with a client that belongs to the engine's worker.
#[derive(Debug)]
pub struct ParcaWorkload {
    client: Client,
    timeout: Duration,
    settings: Settings,
    knowledge: Knowledge,
    logged: Cell<Option<Instant>>,
    unlogged: Cell<u64>,
}

impl ParcaWorkload {
    /// Calls that may take `timeout` each.
    pub fn new(client: Client, timeout: Duration, settings: Settings, knowledge: Knowledge) -> Self {
        Self { client, timeout, settings, knowledge, logged: Cell::default(), unlogged: Cell::default() }
    }

    fn learn(&self, ask: &Ask, message: Bytes) -> Result<(), Error> {
        match ask {
            Ask::Labels { .. } => {
                let labels = LabelsRequest::decode(message)?;
                let mut maps = self.knowledge.maps();
                for label in labels {
                    maps.labels.insert(label, (), self.settings.lifetime(Lane::Labels));
                }
            }
            Ask::ProfileTypes { range } => {
                let types = ProfileTypesRequest::decode(message)?;
                // The original looks its types up over the last span of its list.
                if self.settings.mode == Mode::Lanes || self.settings.ranges.last() == Some(range) {
                    self.knowledge.learn_types(types, self.settings.lifetime(Lane::ProfileTypes));
                }
            }
            Ask::QueryRange { query, range, points, learn: Some(learn) } => {
                let delta = query.profile_type.delta;
                let bucket = if delta { *range / *points } else { Duration::ZERO };
                let series =
                    QueryRangeRequest::decode(message)?.into_iter().map(|series| known(series, bucket));
                let id = (query.profile_type.clone(), learn.selector, learn.range);
                let series = KnownSeries::limit(series.collect());
                self.knowledge.maps().series.insert(id, series, self.settings.lifetime(Lane::QueryRange));
            }
            Ask::Lookup { choice, found, .. } => {
                found.set(pick(&QueryRangeRequest::decode(message)?, *choice))
            }
            _ => {}
        }
        Ok(())
    }

    /// What an answer without data teaches: the series is gone.
    fn forget(&self, ask: &Ask) {
        if let Ask::QueryRange { query, learn: Some(learn), .. } = ask {
            self.knowledge.maps().series.remove(&(query.profile_type.clone(), learn.selector, learn.range));
        }
    }

    fn finish_round(&self, ask: &Ask) {
        if let Ask::QueryRange { learn: Some(Learn { last: true, .. }), .. } = ask {
            self.knowledge.maps().range_rounds += 1;
        }
    }

    /// A server that is down fails every call: one line a second says it as well.
    fn log(&self, lane: Lane, error: &Error) {
        let last = LastError { at: SystemTime::now(), words: error.to_string() };
        self.knowledge.maps().errors.insert(lane.name(), last);
        let now = Instant::now();
        if self.logged.get().is_some_and(|last| now.duration_since(last) < LOG_EVERY) {
            self.unlogged.set(self.unlogged.get() + 1);
            return;
        }
        self.logged.set(Some(now));
        let unlogged = self.unlogged.replace(0);
        tracing::warn!(lane = lane.name(), code = error.code().as_str(), %error, unlogged, "call failed");
    }
}

impl Workload for ParcaWorkload {
    type Lane = Lane;
    type Call = Call;

    fn calls(&self, tick: &Tick<Lane>) -> Vec<Call> {
        let lane = tick.lane.data;
        let known = self.knowledge.maps();
        match self.settings.mode {
            Mode::Lanes => choose::calls(lane, tick, &self.settings, &known),
            Mode::Upstream => upstream::calls(lane, &self.settings, &known),
        }
    }

    fn series(&self, call: &Call) -> SeriesKey {
        call.key.clone()
    }

    fn can_make(&self, call: &Call) -> bool {
        call.ask.is_complete()
    }

    async fn call(&self, call: &Call, context: &CallContext<'_, Lane>) -> Outcome {
        let lane = context.tick.lane.data;
        let begun = Instant::now();
        let prepared = match call.ask.prepare(&self.client, context.planned_wall()) {
            Ok(prepared) => prepared,
            Err(error) => {
                self.log(lane, &error);
                return Outcome::new(error.code().as_str(), Verdict::Failure, begun, Instant::now());
            }
        };
        let keep = if call.ask.learns() { Keep::Message } else { Keep::Nothing };
        let timed = self.client.timed(&prepared, begun + self.timeout, keep).await;
        let (code, verdict) = match &timed.result {
            Ok(_) => (Code::Ok, Verdict::Success),
            // An answer like any other: there is nothing in that span.
            Err(error) if error.is_no_data() => (error.code(), Verdict::Success),
            Err(error) => (error.code(), verdict(error.code())),
        };
        let mut outcome = Outcome::new(code.as_str(), verdict, timed.sent, timed.done);
        outcome.first_byte = timed.first_byte;
        (outcome.bytes_in, outcome.bytes_out) = (timed.bytes_in, timed.bytes_out);
        match timed.result {
            Ok(message) => {
                if let Some(message) = message
                    && let Err(error) = self.learn(&call.ask, message)
                {
                    // The bytes came in time and were wrong all the same.
                    self.log(lane, &error);
                    (outcome.code, outcome.verdict) = (error.code().as_str(), Verdict::Failure);
                }
            }
            Err(error) if error.is_no_data() => self.forget(&call.ask),
            Err(error) => self.log(lane, &error),
        }
        self.finish_round(&call.ask);
        outcome
    }
}

/// Whether another attempt may go better.
fn verdict(code: Code) -> Verdict {
    match code {
        Code::InvalidArgument
        | Code::Unauthenticated
        | Code::PermissionDenied
        | Code::Unimplemented
        | Code::NotFound => Verdict::Failure,
        _ => Verdict::Transient,
    }
}

fn known(series: Series, bucket: Duration) -> KnownSeries {
    let times = series.samples.iter().map(|sample| sample.timestamp).collect();
    KnownSeries::thinned(series.labels, times, bucket)
}

/// One of the times of all series, by a random number.
fn pick(series: &[Series], choice: u64) -> Option<Timestamp> {
    let times: Vec<Timestamp> =
        series.iter().flat_map(|series| &series.samples).map(|s| s.timestamp).collect();
    let count = u64::try_from(times.len()).ok().filter(|count| *count > 0)?;
    times.get(usize::try_from(choice % count).ok()?).copied()
}
