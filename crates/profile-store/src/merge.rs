//! Rows of many parts summed into one answer with symbols of its own.

use hashbrown::HashMap;
use profile_model::{Labels, StackId, Symbols, Transfer};

use crate::model::{Filter, Span};

/// What is to be summed.
#[derive(Clone, Debug)]
pub struct Merge {
    /// Which series.
    pub filter: Filter,
    /// Which times.
    pub span: Span,
    /// Labels that rows are kept apart by.
    pub group_by: Vec<String>,
    /// Whether values are multiplied by the period of their profile.
    pub in_periods: bool,
}

/// One profile of a series, its rows summed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProfileSum {
    /// When it started, in nanoseconds since 1970.
    pub time_nanos: i64,
    /// How long it took.
    pub duration_nanos: i64,
    /// What happens between two samples, how often.
    pub period: i64,
    /// The sum of its values, wrapping.
    pub value: i64,
    /// How many rows it has.
    pub rows: u64,
}

/// Stacks with their sums.
#[derive(Debug, Default)]
pub struct Merged {
    /// What the stacks are made of, and nothing else.
    pub symbols: Symbols,
    /// Distinct values of the labels that were grouped by, sorted; one empty set without grouping.
    pub groups: Vec<Labels>,
    /// When the profiles of each group started, in nanoseconds since 1970, where times were to be kept apart: then groups
    /// are sorted by it first. Else 0.
    pub times: Vec<i64>,
    /// Group, stack, sum.
    pub rows: Vec<(usize, StackId, i64)>,
    /// The sum of all, stacks without frames included.
    pub total: i64,
}

type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// Adds up parts, one after the other.
#[derive(Debug, Default)]
pub(crate) struct Collector {
    /// Whether profiles of different times are kept apart.
    pub(crate) by_time: bool,
    merged: Merged,
    groups: Map<(i64, Labels), usize>,
    rows: Map<(usize, StackId), usize>,
}

/// Sums over one part: an array by stack, no hashing.
pub(crate) struct PartSums<'a, 'b> {
    into: &'a mut Collector,
    transfer: Transfer<'b>,
    sums: Vec<i64>,
    seen: Vec<bool>,
    touched: Vec<StackId>,
    group: usize,
    total: i64,
}

impl Collector {
    pub(crate) fn new(by_time: bool) -> Self {
        Self { by_time, ..Self::default() }
    }

    /// The number of the group that a profile of these labels is in; its time counts where times are kept apart.
    pub(crate) fn group(&mut self, labels: &Labels, names: &[String], time_nanos: i64) -> usize {
        let time = if self.by_time { time_nanos } else { 0 };
        let group = labels.filter(|name| names.iter().any(|wanted| wanted == name));
        let Merged { groups, times, .. } = &mut self.merged;
        *self.groups.entry((time, group)).or_insert_with_key(|(time, group)| {
            groups.push(group.clone());
            times.push(*time);
            groups.len() - 1
        })
    }

    pub(crate) fn part<'a, 'b>(&'a mut self, symbols: &'b Symbols) -> PartSums<'a, 'b> {
        let stacks = symbols.stacks().len();
        PartSums {
            into: self,
            transfer: Transfer::new(symbols),
            sums: vec![0; stacks],
            seen: vec![false; stacks],
            touched: Vec::new(),
            group: 0,
            total: 0,
        }
    }

    /// Whether a profile was found at all.
    pub(crate) fn finish(self) -> Option<Merged> {
        let mut merged = self.merged;
        if merged.groups.is_empty() {
            return None;
        }
        sort_groups(&mut merged);
        Some(merged)
    }

    fn add(&mut self, group: usize, stack: StackId, value: i64) {
        let rows = &mut self.merged.rows;
        let at = *self.rows.entry((group, stack)).or_insert(rows.len());
        match rows.get_mut(at) {
            Some((_, _, sum)) => *sum = sum.wrapping_add(value),
            None => rows.push((group, stack, value)),
        }
    }
}

/// Groups come in the order of their times and labels, whichever part had them first.
fn sort_groups(merged: &mut Merged) {
    let named = merged.times.drain(..).zip(merged.groups.drain(..));
    let mut ordered: Vec<((i64, Labels), usize)> = named.zip(0..).collect();
    ordered.sort();
    let mut place = vec![0; ordered.len()];
    for (new, ((time, labels), old)) in ordered.into_iter().enumerate() {
        place[old] = new;
        merged.times.push(time);
        merged.groups.push(labels);
    }
    for (group, ..) in &mut merged.rows {
        *group = place[*group];
    }
    merged.rows.sort_by_key(|(group, ..)| *group);
}

impl PartSums<'_, '_> {
    /// As [`Collector::group`].
    pub(crate) fn group(&mut self, labels: &Labels, names: &[String], time_nanos: i64) -> usize {
        self.into.group(labels, names, time_nanos)
    }

    /// What is added from now on is of this group. Cheapest if each group comes once.
    pub(crate) fn start_group(&mut self, group: usize) {
        if group != self.group {
            self.flush();
            self.group = group;
        }
    }

    /// Adds values to their stacks.
    pub(crate) fn add(&mut self, stacks: &[StackId], values: &[i64], factor: i64) {
        for (stack, value) in stacks.iter().zip(values) {
            self.add_one(*stack, value.wrapping_mul(factor));
        }
    }

    /// Adds a value to its stack.
    pub(crate) fn add_one(&mut self, stack: StackId, value: i64) {
        let at = stack.index();
        if !self.seen[at] {
            self.seen[at] = true;
            self.touched.push(stack);
        }
        self.sums[at] = self.sums[at].wrapping_add(value);
        self.total = self.total.wrapping_add(value);
    }

    pub(crate) fn finish(mut self) {
        self.flush();
        self.into.merged.total = self.into.merged.total.wrapping_add(self.total);
    }

    fn flush(&mut self) {
        for stack in self.touched.drain(..) {
            let sum = std::mem::take(&mut self.sums[stack.index()]);
            self.seen[stack.index()] = false;
            let carried = self.transfer.stack(&mut self.into.merged.symbols, stack);
            self.into.add(self.group, carried, sum);
        }
    }
}
