//! What a block answers.

use std::sync::Arc;

use profile_model::{Labels, StackId, Symbols};

use super::Block;
use super::catalog::Entry;
use crate::merge::{Collector, Merge, PartSums, ProfileSum};
use crate::model::{Extent, Extents, Filter, Known, Span, TypeKey};
use crate::stop::Stop;
use crate::view::{Part, ReadError};

/// Rows that are read together: of profiles that follow each other, multiplied by the same factor.
struct Run {
    /// Of one profile, where times are kept apart.
    time_nanos: i64,
    first_row: u64,
    rows: u64,
    factor: i64,
}

impl Part for Block {
    fn merge(&self, ask: &Merge, into: &mut Collector, stop: &Stop) -> Result<(), ReadError> {
        if !self.may_have(&ask.filter, ask.span) {
            return Ok(());
        }
        let catalog = self.catalog()?;
        let mut runs: Vec<(usize, Run)> = Vec::new();
        for series in stop.before(catalog.index.select(&ask.filter)) {
            let entry = &catalog.entries[series as usize];
            let labels = catalog.index.labels(series);
            for run in self.runs(entry, ask, into.by_time)? {
                runs.push((into.group(labels, &ask.group_by, run.time_nanos), run));
            }
        }
        if runs.is_empty() {
            return Ok(());
        }
        join(&mut runs);
        let symbols = self.symbols()?;
        let mut sums = into.part(&symbols);
        self.sum(&runs, &symbols, &mut sums, stop)?;
        sums.finish();
        Ok(())
    }

    fn sums(
        &self,
        filter: &Filter,
        span: Span,
        each: &mut dyn FnMut(&Labels, &[ProfileSum]),
        stop: &Stop,
    ) -> Result<(), ReadError> {
        if !self.may_have(filter, span) {
            return Ok(());
        }
        let catalog = self.catalog()?;
        let mut rows = self.rows(false)?;
        let (mut values, mut none) = (Vec::new(), Vec::new());
        for series in stop.before(catalog.index.select(filter)) {
            let entry = &catalog.entries[series as usize];
            let takes = |class| filter.takes_duration(Extents::duration_of(class));
            if entry.extents.any_in(span, takes) == Known::No {
                continue;
            }
            let mut sums = Vec::new();
            let mut row = entry.first_row;
            for head in self.heads_of(entry)? {
                let (at, count) = (head.at, head.rows);
                if span.has(at.time_nanos) && filter.takes_duration(at.duration_nanos) {
                    values.clear();
                    rows.read(row, count, &mut none, &mut values).map_err(|error| self.undecodable(error))?;
                    sums.push(ProfileSum {
                        time_nanos: at.time_nanos,
                        duration_nanos: at.duration_nanos,
                        period: at.period,
                        value: values.iter().fold(0, |sum: i64, value| sum.wrapping_add(*value)),
                        rows: count,
                    });
                }
                row += count;
            }
            each(catalog.index.labels(series), &sums);
        }
        Ok(())
    }

    fn types(&self, span: Span, each: &mut dyn FnMut(&TypeKey, bool)) -> Result<(), ReadError> {
        for of in &self.summary.types {
            for delta in [false, true] {
                let class = |class: usize| (class == 1) == delta;
                let has = match of.extents.any_in(span, class) {
                    Known::Yes => true,
                    Known::No => false,
                    Known::Maybe => self.any_series(&of.key, span, class)?,
                };
                if has {
                    each(&of.key, delta);
                }
            }
        }
        Ok(())
    }

    fn labels(
        &self,
        filter: &Filter,
        span: Span,
        each: &mut dyn FnMut(&Arc<Labels>),
        stop: &Stop,
    ) -> Result<(), ReadError> {
        if !self.may_have(filter, span) {
            return Ok(());
        }
        let catalog = self.catalog()?;
        for series in stop.before(catalog.index.select(filter)) {
            let takes = |class| filter.takes_duration(Extents::duration_of(class));
            if self.has(&catalog.entries[series as usize], span, takes)? {
                each(catalog.index.labels(series));
            }
        }
        Ok(())
    }

    fn extent(&self) -> Extent {
        self.summary.extent()
    }
}

impl Block {
    fn sum(
        &self,
        runs: &[(usize, Run)],
        symbols: &Symbols,
        sums: &mut PartSums<'_, '_>,
        stop: &Stop,
    ) -> Result<(), ReadError> {
        /// Rows that are in memory at once.
        const STRIDE: u64 = 32 << 10;
        let limit = symbols.stacks().len() as u64;
        let mut rows = self.rows(true)?;
        let (mut stacks, mut values) = (Vec::new(), Vec::new());
        for (group, run) in runs {
            sums.start_group(*group);
            let (mut at, end) = (run.first_row, run.first_row + run.rows);
            while at < end && !stop.is_stopped() {
                let count = (end - at).min(STRIDE);
                stacks.clear();
                values.clear();
                rows.read(at, count, &mut stacks, &mut values).map_err(|error| self.undecodable(error))?;
                for (stack, value) in stacks.iter().zip(&values) {
                    let stack = stack.cast_unsigned() as u32;
                    if u64::from(stack) >= limit {
                        return Err(self.damage("a row names a stack that is not there"));
                    }
                    sums.add_one(StackId::new(stack), value.wrapping_mul(run.factor));
                }
                at += count;
            }
        }
        Ok(())
    }

    /// What is to be read of a series. Its profiles are looked at only where the catalog does not tell.
    fn runs(&self, entry: &Entry, ask: &Merge, by_time: bool) -> Result<Vec<Run>, ReadError> {
        let takes = |class| ask.filter.takes_duration(Extents::duration_of(class));
        if entry.extents.any_in(ask.span, takes) == Known::No {
            return Ok(Vec::new());
        }
        let factor = if ask.in_periods { entry.period } else { Some(1) };
        if let Some(factor) = factor.filter(|_| !by_time && entry.extents.all_in(ask.span, takes)) {
            return Ok(vec![Run { time_nanos: 0, first_row: entry.first_row, rows: entry.rows, factor }]);
        }
        let mut runs = Vec::new();
        let mut row = entry.first_row;
        for head in self.heads_of(entry)? {
            let at = head.at;
            if ask.span.has(at.time_nanos) && ask.filter.takes_duration(at.duration_nanos) {
                let factor = if ask.in_periods { at.period } else { 1 };
                runs.push(Run { time_nanos: at.time_nanos, first_row: row, rows: head.rows, factor });
            }
            row += head.rows;
        }
        Ok(runs)
    }

    fn any_series(
        &self,
        key: &TypeKey,
        span: Span,
        takes: impl Fn(usize) -> bool,
    ) -> Result<bool, ReadError> {
        let catalog = self.catalog()?;
        for (series, entry) in catalog.entries.iter().enumerate() {
            if **catalog.index.key(series as u32) == *key && self.has(entry, span, &takes)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn has(&self, entry: &Entry, span: Span, takes: impl Fn(usize) -> bool) -> Result<bool, ReadError> {
        Ok(match entry.extents.any_in(span, &takes) {
            Known::Yes => true,
            Known::No => false,
            Known::Maybe => self
                .heads_of(entry)?
                .iter()
                .any(|head| span.has(head.at.time_nanos) && takes(Extents::class(head.at.duration_nanos))),
        })
    }

    /// Whether something of the filter's type may be in the span, by what the summary knows.
    fn may_have(&self, filter: &Filter, span: Span) -> bool {
        let takes = |class| filter.takes_duration(Extents::duration_of(class));
        let types = self.summary.types.iter().filter(|of| filter.takes_type(&of.key));
        types.into_iter().any(|of| of.extents.any_in(span, takes) != Known::No)
    }
}

/// Runs that follow each other become one.
fn join(runs: &mut Vec<(usize, Run)>) {
    runs.sort_by_key(|(_, run)| run.first_row);
    runs.dedup_by(|(group, next), (before_group, before)| {
        let follows = group == before_group
            && next.factor == before.factor
            && next.first_row == before.first_row + before.rows;
        if follows {
            before.rows += next.rows;
        }
        follows
    });
}
