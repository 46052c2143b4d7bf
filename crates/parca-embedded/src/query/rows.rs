//! The rows that a report is made of: equal stacks summed.

use hashbrown::HashMap;
use pql::Query;
use profile_model::{Labels, StackId, Symbols, Timestamp, Transfer};
use tonic::Status;

use super::plan::{Plan, When};
use super::range::result_type;
use crate::store::{Filter, ProfileRows, Tables};

/// Stacks with their sums, in the order they were first seen.
#[derive(Default)]
pub(super) struct Rows {
    /// Distinct values of the labels that were grouped by; one empty set without grouping.
    pub(super) groups: Vec<Labels>,
    /// Group, stack, sum.
    pub(super) rows: Vec<(usize, StackId, i64)>,
    /// The sum of all, stacks without frames included.
    pub(super) total: i64,
    index: HashMap<(usize, StackId), usize, foldhash::fast::RandomState>,
}

impl Rows {
    /// # Errors
    /// `NOT_FOUND` where a single profile is not there; a merge of nothing is empty, not an error.
    pub(super) fn collect(tables: &Tables, plan: &Plan) -> Result<Self, Status> {
        match plan.when {
            When::Merge(range) => {
                let times = in_periods(&plan.query);
                Ok(Self::sum(tables, plan, |profile| {
                    let within = range.contains(Timestamp::from_nanos(profile.time_nanos));
                    within.then_some(if times { profile.period } else { 1 })
                }))
            }
            When::Single(time) => {
                let millis = time.saturating_millis();
                let mut found = false;
                let rows = Self::sum(tables, plan, |profile| {
                    let same = Timestamp::from_nanos(profile.time_nanos).saturating_millis() == millis;
                    found |= same;
                    same.then_some(1)
                });
                let missing = || Status::not_found("could not find profile at requested time and selectors");
                found.then_some(rows).ok_or_else(missing)
            }
        }
    }

    /// `factor` says by what a profile's values are multiplied, or that it is not asked for.
    fn sum(tables: &Tables, plan: &Plan, mut factor: impl FnMut(&ProfileRows<'_>) -> Option<i64>) -> Self {
        let filter = Filter::of_query(&plan.query);
        let mut sums = Self::default();
        for series in tables.select(&filter) {
            let mut group = None;
            for profile in series.profiles().filter(|profile| filter.takes_duration(profile)) {
                let Some(factor) = factor(&profile) else { continue };
                let group = *group.get_or_insert_with(|| sums.group(series.labels(), &plan.group_by));
                for (stack, value) in profile.stacks.iter().zip(profile.values) {
                    sums.add(group, *stack, value.wrapping_mul(factor));
                }
            }
        }
        sums
    }

    /// The same with the leaf of each stack at its root, and the symbols for it. As in the real
    /// server, in all reports, and calls that were inlined at one address stay in their order.
    pub(super) fn inverted(&self, symbols: &Symbols) -> (Symbols, Self) {
        let mut turned = Symbols::new();
        let mut transfer = Transfer::new(symbols);
        let mut rows = Self { groups: self.groups.clone(), total: self.total, ..Self::default() };
        for (group, stack, value) in &self.rows {
            let stack = transfer.stack(&mut turned, *stack);
            let locations: Vec<_> = turned.stack(stack).iter().rev().copied().collect();
            rows.rows.push((*group, turned.intern_stack(&locations), *value));
        }
        (turned, rows)
    }

    fn group(&mut self, labels: &Labels, names: &[String]) -> usize {
        let group = labels.filter(|name| names.iter().any(|wanted| wanted == name));
        self.groups.iter().position(|known| *known == group).unwrap_or_else(|| {
            self.groups.push(group);
            self.groups.len() - 1
        })
    }

    fn add(&mut self, group: usize, stack: StackId, value: i64) {
        self.total = self.total.wrapping_add(value);
        let at = *self.index.entry((group, stack)).or_insert(self.rows.len());
        match self.rows.get_mut(at) {
            Some((_, _, sum)) => *sum = sum.wrapping_add(value),
            None => self.rows.push((group, stack, value)),
        }
    }
}

/// A merge of sample counts is answered in the unit of the period; a single profile never is.
fn in_periods(query: &Query) -> bool {
    result_type(&query.profile_type).1
}
