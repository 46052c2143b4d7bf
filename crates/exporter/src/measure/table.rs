//! The functions of a window as numbers that can be sent: groups put together, snapshots averaged.

use std::collections::BTreeMap;

use profile_model::Labels;

use super::tally::{Sums, Tally};

/// What a function took, after division by the number of snapshots.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Value {
    pub(crate) flat: f64,
    pub(crate) cumulative: f64,
}

/// The functions of a window, for each set of labels that was asked for.
#[derive(Debug)]
pub(crate) struct Table {
    tally: Tally,
    pub(crate) groups: BTreeMap<Labels, GroupTable>,
    /// The sum of all groups.
    pub(crate) total: f64,
    /// The server's unit.
    pub(crate) unit: String,
}

/// The functions of the stacks that share their labels.
#[derive(Debug, Default)]
pub(crate) struct GroupTable {
    pub(crate) total: f64,
    /// By position of the function's name.
    values: Vec<Value>,
    /// The groups of the tree that are in it, with the number of snapshots of each.
    parts: Vec<(usize, f64)>,
}

/// By what the values of a group are divided.
pub(crate) enum Divisor {
    /// Sums stay sums.
    One,
    /// Every series has as many snapshots.
    Same(f64),
    /// Each job has its own number of snapshots; what has another job, or none, has the largest.
    PerJob(BTreeMap<String, f64>),
}

/// The label of a scrape config. Series of one job are scraped at one interval, so snapshots are counted
/// per job.
pub(crate) const JOB: &str = "job";

impl Divisor {
    fn of(&self, labels: &Labels) -> f64 {
        match self {
            Self::One => 1.0,
            Self::Same(snapshots) => snapshots.max(1.0),
            Self::PerJob(jobs) => {
                let own = jobs.get(labels.get(JOB).unwrap_or_default()).copied();
                own.unwrap_or_else(|| jobs.values().copied().fold(1.0, f64::max)).max(1.0)
            }
        }
    }
}

impl Table {
    /// `total` is the server's sum, which also has stacks without frames. Labels but those in `keep`
    /// are dropped: groups that are equal then are one.
    pub(crate) fn new(
        tally: Tally,
        total: i64,
        unit: String,
        divisor: &Divisor,
        keep: &dyn Fn(&str) -> bool,
    ) -> Self {
        let mut groups: BTreeMap<Labels, GroupTable> = BTreeMap::new();
        for (at, source) in tally.groups.iter().enumerate() {
            let snapshots = divisor.of(&source.labels);
            let group = groups.entry(source.labels.filter(keep)).or_default();
            group.values.resize(tally.len(), Value::default());
            group.total += source.total as f64 / snapshots;
            for (value, sums) in group.values.iter_mut().zip(&source.sums) {
                value.add(*sums, snapshots);
            }
            group.parts.push((at, snapshots));
        }
        let in_frames: i64 = tally.groups.iter().fold(0, |sum, group| sum.saturating_add(group.total));
        let frameless = total.saturating_sub(in_frames);
        if frameless != 0 {
            let labels = Labels::default();
            let snapshots = divisor.of(&labels);
            let group = groups.entry(labels).or_default();
            group.values.resize(tally.len(), Value::default());
            group.total += frameless as f64 / snapshots;
        }
        let total = groups.values().map(|group| group.total).sum();
        Self { tally, groups, total, unit }
    }

    /// Whether no stack was found.
    pub(crate) fn is_empty(&self) -> bool {
        self.total == 0.0 && self.tally.groups.iter().all(|group| group.total == 0)
    }

    /// The functions of a group that took anything.
    pub(crate) fn functions<'a>(&'a self, group: &'a GroupTable) -> impl Iterator<Item = (&'a str, Value)> {
        let used = |(_, value): &(usize, Value)| *value != Value::default();
        let values = group.values.iter().copied().enumerate().filter(used);
        values.map(|(at, value)| (self.tally.name(at), value))
    }

    /// What several functions of a group took together; a stack counts once.
    pub(crate) fn together(&self, group: &GroupTable, is_one: &dyn Fn(&str) -> bool) -> Value {
        let ones: Vec<bool> = (0..self.tally.len()).map(|at| is_one(self.tally.name(at))).collect();
        let mut sum = Value::default();
        for (at, snapshots) in &group.parts {
            let sums = self.tally.together(&self.tally.groups[*at], |row| ones[row as usize]);
            sum.add(sums, *snapshots);
        }
        sum
    }
}

impl Value {
    fn add(&mut self, sums: Sums, snapshots: f64) {
        self.flat += sums.flat as f64 / snapshots;
        self.cumulative += sums.cumulative as f64 / snapshots;
    }
}
