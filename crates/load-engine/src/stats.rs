use std::sync::Arc;

use crate::Latency;
use crate::counts::{Counts, End, LATE, Sample};
use crate::series::{SeriesId, SeriesKey};

/// A lane's counts and the operations called on it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LaneStats {
    /// The lane's name in the plan.
    pub name: Arc<str>,
    /// Whether the plan says when its rounds start; closed lanes have no plan to be late for.
    pub is_paced: bool,
    /// Rounds in flight when the snapshot was taken.
    pub in_flight: usize,
    /// What happened.
    pub counts: Counts,
    /// From the planned instant of a tick to the start of its first call: the engine's own
    /// lateness. Not counted for closed lanes, which have no plan to be late for.
    pub lag: Latency,
    /// By operation, in the order first seen.
    pub ops: Vec<OpStats>,
}

/// All calls of one operation on one lane.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OpStats {
    /// The operation.
    pub op: &'static str,
    /// How many calls ended with each code, in the order first seen.
    pub codes: Vec<CodeCount>,
    /// Bytes of answers.
    pub bytes_in: u64,
    /// Bytes of requests.
    pub bytes_out: u64,
    /// From the planned instant to the end, of answered calls (three digits).
    pub response: Latency,
    /// From the request's handing over to the end, of answered calls (three digits).
    pub service: Latency,
    /// From the planned instant to the end, of failed calls (three digits): a refused connection is
    /// fast, a timeout is as long as it was set, and neither says how fast the target answers.
    pub failed: Latency,
    /// From the request's handing over to the first byte of the answer (two digits).
    pub first_byte: Latency,
    /// From the start of the call to the request's handing over: waiting for a connection or
    /// a stream inside the client (two digits).
    pub wait: Latency,
}

/// Calls that ended with one code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeCount {
    /// The code.
    pub code: &'static str,
    /// How many.
    pub count: u64,
}

/// All calls of one key and code.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SeriesStats {
    /// Operation and labels.
    pub key: SeriesKey,
    /// The code.
    pub code: &'static str,
    /// Bytes of answers.
    pub bytes_in: u64,
    /// Bytes of requests.
    pub bytes_out: u64,
    /// From the planned instant to the end (two digits).
    pub response: Latency,
    /// From the request's handing over to the end (two digits).
    pub service: Latency,
}

/// Everything that is counted; the workers' buffers and the totals alike.
#[derive(Clone, Debug)]
pub(crate) struct Stats {
    pub(crate) lanes: Vec<LaneStats>,
    pub(crate) series: Vec<Option<Box<SeriesStats>>>,
    /// Calls recorded as `other` because there were too many keys.
    pub(crate) overflowed: u64,
}

impl Stats {
    /// For lanes with these names, each paced or not.
    pub(crate) fn new(lanes: &[(Arc<str>, bool)]) -> Self {
        let lanes = lanes.iter().map(|(name, is_paced)| LaneStats::new(name, *is_paced)).collect();
        Self { lanes, series: Vec::new(), overflowed: 0 }
    }

    /// Nothing recorded, for the same lanes.
    pub(crate) fn empty_copy(&self) -> Self {
        let lanes = self.lanes.iter().map(|lane| LaneStats::new(&lane.name, lane.is_paced)).collect();
        Self { lanes, series: Vec::new(), overflowed: 0 }
    }

    pub(crate) fn record(
        &mut self,
        lane: usize,
        op: &'static str,
        id: SeriesId,
        key: &SeriesKey,
        sample: &Sample,
    ) {
        self.lanes[lane].record(op, sample);
        self.series(id, key, sample.code).record(sample);
    }

    fn series(&mut self, id: SeriesId, key: &SeriesKey, code: &'static str) -> &mut SeriesStats {
        if self.series.len() <= id.0 {
            self.series.resize(id.0 + 1, None);
        }
        self.series[id.0].get_or_insert_with(|| Box::new(SeriesStats::new(key.clone(), code)))
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for (lane, other) in self.lanes.iter_mut().zip(&other.lanes) {
            lane.merge(other);
        }
        for (id, other) in other.series.iter().enumerate() {
            if let Some(other) = other.as_ref().filter(|series| series.response.count() > 0) {
                self.series(SeriesId(id), &other.key, other.code).merge(other);
            }
        }
        self.overflowed += other.overflowed;
    }

    /// Back to zero, keeping the memory.
    pub(crate) fn clear(&mut self) {
        self.lanes.iter_mut().for_each(LaneStats::clear);
        self.series.iter_mut().flatten().for_each(|series| series.clear());
        self.overflowed = 0;
    }
}

impl LaneStats {
    fn new(name: &Arc<str>, is_paced: bool) -> Self {
        Self {
            name: name.clone(),
            is_paced,
            in_flight: 0,
            counts: Counts::default(),
            lag: Latency::two_digits(),
            ops: Vec::new(),
        }
    }

    /// The response times of all operations' answered calls together.
    pub fn response(&self) -> Latency {
        merged(self.ops.iter().map(|op| &op.response))
    }

    /// The service times of all operations' answered calls together.
    pub fn service(&self) -> Latency {
        merged(self.ops.iter().map(|op| &op.service))
    }

    /// The times of all operations' failed calls together.
    pub fn failed(&self) -> Latency {
        merged(self.ops.iter().map(|op| &op.failed))
    }

    /// How many calls of all operations ended with each code, most first.
    pub fn codes(&self) -> Vec<CodeCount> {
        let mut codes: Vec<CodeCount> = Vec::new();
        for one in self.ops.iter().flat_map(|op| &op.codes) {
            match codes.iter_mut().find(|known| known.code == one.code) {
                Some(known) => known.count += one.count,
                None => codes.push(*one),
            }
        }
        codes.sort_by(|a, b| b.count.cmp(&a.count).then(a.code.cmp(b.code)));
        codes
    }

    /// Bytes of all answers.
    pub fn bytes_in(&self) -> u64 {
        self.ops.iter().map(|op| op.bytes_in).sum()
    }

    fn record(&mut self, op: &'static str, sample: &Sample) {
        let counts = &mut self.counts;
        counts.calls += 1;
        match sample.end() {
            End::Answered => {}
            End::Failed => counts.failed += 1,
            End::Cut => counts.canceled += 1,
        }
        counts.retries += u64::from(sample.retry);
        if let Some(tick) = sample.tick {
            let lag = sample.dispatched.saturating_duration_since(tick);
            counts.late += u64::from(lag > LATE);
            self.lag.record(lag);
        }
        self.op(op).record(sample);
    }

    fn op(&mut self, op: &'static str) -> &mut OpStats {
        let found = self.ops.iter().position(|known| std::ptr::eq(known.op, op) || known.op == op);
        let index = found.unwrap_or_else(|| {
            self.ops.push(OpStats::new(op));
            self.ops.len() - 1
        });
        &mut self.ops[index]
    }

    fn merge(&mut self, other: &Self) {
        self.counts.add(&other.counts);
        self.lag.merge(&other.lag);
        for op in &other.ops {
            self.op(op.op).merge(op);
        }
    }

    fn clear(&mut self) {
        self.counts = Counts::default();
        self.lag.clear();
        self.ops.iter_mut().for_each(OpStats::clear);
    }
}

impl OpStats {
    fn new(op: &'static str) -> Self {
        Self {
            op,
            codes: Vec::new(),
            bytes_in: 0,
            bytes_out: 0,
            response: Latency::three_digits(),
            service: Latency::three_digits(),
            failed: Latency::three_digits(),
            first_byte: Latency::two_digits(),
            wait: Latency::two_digits(),
        }
    }

    /// How many calls were recorded.
    pub fn calls(&self) -> u64 {
        self.codes.iter().map(|code| code.count).sum()
    }

    fn record(&mut self, sample: &Sample) {
        self.count(sample.code, 1);
        self.bytes_in += sample.bytes_in;
        self.bytes_out += sample.bytes_out;
        match sample.end() {
            End::Answered => {
                self.response.record(sample.response());
                self.service.record(sample.service());
            }
            End::Failed => self.failed.record(sample.response()),
            End::Cut => {}
        }
        if let Some(sent) = sample.sent {
            self.wait.record(sent.saturating_duration_since(sample.dispatched));
            if let Some(first_byte) = sample.first_byte {
                self.first_byte.record(first_byte.saturating_duration_since(sent));
            }
        }
    }

    fn count(&mut self, code: &'static str, count: u64) {
        match self.codes.iter_mut().find(|known| std::ptr::eq(known.code, code) || known.code == code) {
            Some(known) => known.count += count,
            None => self.codes.push(CodeCount { code, count }),
        }
    }

    fn merge(&mut self, other: &Self) {
        for CodeCount { code, count } in &other.codes {
            self.count(code, *count);
        }
        self.bytes_in += other.bytes_in;
        self.bytes_out += other.bytes_out;
        self.response.merge(&other.response);
        self.service.merge(&other.service);
        self.failed.merge(&other.failed);
        self.first_byte.merge(&other.first_byte);
        self.wait.merge(&other.wait);
    }

    fn clear(&mut self) {
        self.codes.clear();
        (self.bytes_in, self.bytes_out) = (0, 0);
        let times = [&mut self.response, &mut self.service, &mut self.failed];
        times.into_iter().chain([&mut self.first_byte, &mut self.wait]).for_each(Latency::clear);
    }
}

impl SeriesStats {
    fn new(key: SeriesKey, code: &'static str) -> Self {
        Self {
            key,
            code,
            bytes_in: 0,
            bytes_out: 0,
            response: Latency::two_digits(),
            service: Latency::two_digits(),
        }
    }

    /// How many calls were recorded.
    pub fn count(&self) -> u64 {
        self.response.count()
    }

    fn record(&mut self, sample: &Sample) {
        self.bytes_in += sample.bytes_in;
        self.bytes_out += sample.bytes_out;
        self.response.record(sample.response());
        self.service.record(sample.service());
    }

    fn merge(&mut self, other: &Self) {
        self.bytes_in += other.bytes_in;
        self.bytes_out += other.bytes_out;
        self.response.merge(&other.response);
        self.service.merge(&other.service);
    }

    fn clear(&mut self) {
        (self.bytes_in, self.bytes_out) = (0, 0);
        self.response.clear();
        self.service.clear();
    }
}

fn merged<'a>(parts: impl Iterator<Item = &'a Latency>) -> Latency {
    let mut all = Latency::three_digits();
    parts.for_each(|part| all.merge(part));
    all
}
