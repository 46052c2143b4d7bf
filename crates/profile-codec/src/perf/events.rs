//! From events to sample types, and from samples to rows.

use std::collections::HashMap;

use profile_model::{LabelValue, LocationId, Profile, Sample, SampleLabel, StackId, StringId, ValueType};

use super::{PerfError, Recording};
use crate::pprof::Limits;

/// A profile that is filled with samples of several events.
pub(super) struct Draft {
    pub(super) profile: Profile,
    events: Vec<Event>,
    rows: HashMap<Row, Vec<i64>>,
    order: Vec<Row>,
    first: u64,
    last: u64,
    limits: Limits,
    pub(super) lost: u64,
    pub(super) has_stack_copies: bool,
}

struct Event {
    name: String,
    /// The first of its sample types: a count of samples, then a sum of periods.
    column: usize,
    period: i64,
}

/// What makes samples equal.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Row {
    stack: StackId,
    comm: StringId,
    pid: i64,
}

/// What is known of a sample beside its stack.
pub(super) struct Seen<'a> {
    pub(super) event: usize,
    pub(super) comm: &'a str,
    pub(super) pid: i64,
    /// In nanoseconds of some clock; 0 if unknown.
    pub(super) time: u64,
    pub(super) period: u64,
}

impl Draft {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            profile: Profile::new(Vec::new()),
            events: Vec::new(),
            rows: HashMap::new(),
            order: Vec::new(),
            first: u64::MAX,
            last: 0,
            limits: *limits,
            lost: 0,
            has_stack_copies: false,
        }
    }

    /// The event of a name, which is added if it is new.
    pub(super) fn event(&mut self, name: &str) -> usize {
        if let Some(known) = self.events.iter().position(|event| event.name == name) {
            return known;
        }
        let column = 2 * self.events.len();
        self.events.push(Event { name: name.to_owned(), column, period: 0 });
        self.events.len() - 1
    }

    pub(super) fn push(&mut self, leaf_first: &[LocationId], seen: &Seen<'_>) -> Result<(), PerfError> {
        let Limits { max_samples, max_stack_depth, .. } = self.limits;
        if leaf_first.len() > max_stack_depth {
            return Err(PerfError::TooLarge { what: "frames in a stack", limit: max_stack_depth });
        }
        let stack = self.profile.symbols.intern_stack(leaf_first);
        let comm = self.profile.symbols.intern_string(seen.comm);
        let row = Row { stack, comm, pid: seen.pid };
        if seen.time > 0 {
            self.first = self.first.min(seen.time);
            self.last = self.last.max(seen.time);
        }
        let period = i64::try_from(seen.period).unwrap_or(i64::MAX).max(1);
        let event = &mut self.events[seen.event];
        event.period = event.period.max(period);
        let column = event.column;
        if !self.rows.contains_key(&row) {
            if self.rows.len() >= max_samples {
                return Err(PerfError::TooLarge { what: "samples", limit: max_samples });
            }
            self.order.push(row.clone());
        }
        let values = self.rows.entry(row).or_default();
        if values.len() < column + 2 {
            values.resize(column + 2, 0);
        }
        values[column] = values[column].saturating_add(1);
        values[column + 1] = values[column + 1].saturating_add(period);
        Ok(())
    }

    /// When the first sample was taken, on the clock of the samples.
    #[cfg(feature = "perf")]
    pub(super) fn first(&self) -> Option<u64> {
        (self.first != u64::MAX).then_some(self.first)
    }

    pub(super) fn finish(mut self) -> Result<Recording, PerfError> {
        if self.order.is_empty() {
            return Err(PerfError::Empty);
        }
        // Events that were never seen have no types.
        let columns: Vec<usize> =
            self.events.iter().filter(|event| event.period > 0).map(|event| event.column).collect();
        let used: Vec<&Event> = self.events.iter().filter(|event| event.period > 0).collect();
        let types = types(&used);
        let (period_type, period) = (types[1].clone(), used[0].period);
        let events = used.iter().map(|event| event.name.clone()).collect();
        let symbols = std::mem::take(&mut self.profile.symbols);
        let comments = std::mem::take(&mut self.profile.comments);
        let mut profile = Profile::new(types);
        (profile.symbols, profile.comments) = (symbols, comments);
        (profile.period_type, profile.period) = (Some(period_type), period);
        profile.time_nanos = self.profile.time_nanos;
        let duration = if self.first == u64::MAX { 0 } else { self.last - self.first };
        // The last sample stands for a time too; and a profile without a duration would be a snapshot.
        profile.duration_nanos = i64::try_from(duration).unwrap_or(i64::MAX).max(1_000_000);
        self.rows(&mut profile, &columns);
        Ok(Recording { profile, events, lost: self.lost, has_stack_copies: self.has_stack_copies })
    }

    fn rows(&self, profile: &mut Profile, columns: &[usize]) {
        let (comm, pid) = (profile.symbols.intern_string("comm"), profile.symbols.intern_string("pid"));
        for row in &self.order {
            let all = &self.rows[row];
            let get = |at: usize| all.get(at).copied().unwrap_or_default();
            let values: Vec<i64> =
                columns.iter().flat_map(|column| [get(*column), get(column + 1)]).collect();
            let mut labels = Vec::with_capacity(2);
            if row.comm != StringId::EMPTY {
                labels.push(SampleLabel { key: comm, value: LabelValue::Text(row.comm) });
            }
            if row.pid > 0 {
                let value = LabelValue::Number { value: row.pid, unit: StringId::EMPTY };
                labels.push(SampleLabel { key: pid, value });
            }
            profile.samples.push(Sample { stack: row.stack, values: &values, labels: &labels });
        }
    }
}

/// Two types for each event: how many samples there were, and what they stand for.
fn types(events: &[&Event]) -> Vec<ValueType> {
    let mut types: Vec<ValueType> = Vec::new();
    for (at, event) in events.iter().enumerate() {
        let name = fitting_name(&event.name);
        let is_clock = event.name.starts_with("cpu-clock") || event.name.starts_with("task-clock");
        let samples = if at == 0 { "samples".to_owned() } else { format!("{name}_samples") };
        let is_taken = |name: &str| types.iter().any(|one| one.name == name);
        let value = match is_clock {
            true if !is_taken("cpu") => ValueType::new("cpu", "nanoseconds"),
            true => ValueType::new(name.clone(), "nanoseconds"),
            false => ValueType::new(name.clone(), "count"),
        };
        types.push(ValueType::new(samples, "count"));
        types.push(value);
    }
    types
}

/// The name of an event as a Parca can have it: without modifiers such as `:ppp`.
fn fitting_name(name: &str) -> String {
    let plain = name.split(':').next().filter(|plain| !plain.is_empty()).unwrap_or(name);
    let fit = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let fitted: String = plain.trim_matches(|c: char| c == '/').chars().map(fit).collect();
    match fitted.bytes().next() {
        Some(first) if first.is_ascii_digit() => format!("_{fitted}"),
        Some(_) => fitted,
        None => "event".to_owned(),
    }
}
