//! The rows that a report is made of: equal stacks summed, and compared, filtered, cut and turned as was asked.

use std::collections::BTreeMap;

use pql::Query;
use profile_model::{
    LabelValue, Labels, Profile, Sample, SampleLabel, StackId, StringId, Symbols, Transfer, ValueType,
};
use profile_store::{Filter, Merge, Merged, Span, Stop, View};
use tonic::Status;

use super::plan::{Plan, Selection, Subject, When, of_side};
use super::range::result_type;
use super::{going_on, unreadable};

/// Stacks with what they weigh, and symbols that hold nothing else.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) symbols: Symbols,
    pub(super) groups: Vec<Labels>,
    /// When the profiles of each group started, where the tree is one over time.
    pub(super) times: Vec<i64>,
    pub(super) rows: Vec<Row>,
    /// The sum of all values, stacks without frames included.
    pub(super) total: i64,
    /// The sum of the values of stacks that filters left out.
    pub(super) filtered: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) group: usize,
    pub(super) stack: StackId,
    pub(super) value: i64,
    /// Of a comparison: how much more that is than before.
    pub(super) diff: i64,
}

/// Reads and sums what the plan asks for.
///
/// # Errors
/// `NOT_FOUND` where a single profile is not there; a merge of nothing is empty, not an error.
pub(super) fn collect(view: &View, plan: &Plan) -> Result<Rows, Status> {
    let rows = match &plan.subject {
        Subject::One(selection) => read_apart(view, selection, &plan.group_by, plan.by_time)?,
        Subject::Diff { base, compared, absolute } => {
            let base = read(view, base).map_err(|status| of_side("reading base profile", &status))?;
            let compared =
                read(view, compared).map_err(|status| of_side("reading compared profile", &status))?;
            difference(base, compared, *absolute, view.stop())
        }
    };
    let rows = filtered(rows, plan, view.stop());
    going_on(view)?;
    let rows = match &plan.sandwich {
        Some(function) => cut_at(rows, function, plan.inverted),
        None => rows,
    };
    let rows = if plan.inverted { inverted(rows, view.stop()) } else { rows };
    going_on(view)?;
    Ok(rows)
}

/// Reads and sums one selection.
pub(super) fn read(view: &View, selection: &Selection) -> Result<Rows, Status> {
    read_apart(view, selection, &[], false)
}

fn read_apart(
    view: &View,
    selection: &Selection,
    group_by: &[String],
    by_time: bool,
) -> Result<Rows, Status> {
    let (span, in_periods) = match selection.when {
        When::Merge(range) => (Span::half_open(range.start, range.end), in_periods(&selection.query)),
        When::Single(time) => (Span::millisecond(time), false),
    };
    let filter = Filter::of_query(&selection.query);
    let ask = Merge { filter, span, group_by: group_by.to_vec(), in_periods };
    let merged = if by_time { view.merge_by_time(&ask) } else { view.merge(&ask) };
    let merged = merged.map_err(|error| unreadable(&error))?;
    going_on(view)?;
    match (merged, selection.when) {
        (Some(merged), _) => Ok(Rows::of(merged)),
        (None, When::Merge(_)) => Ok(Rows::default()),
        (None, When::Single(_)) => {
            Err(Status::not_found("could not find profile at requested time and selectors"))
        }
    }
}

impl Rows {
    fn of(merged: Merged) -> Self {
        let row = |(group, stack, value)| Row { group, stack, value, diff: 0 };
        let rows = merged.rows.into_iter().map(row).collect();
        let Merged { symbols, groups, times, total, .. } = merged;
        Self { symbols, groups, times, rows, total, filtered: 0 }
    }
}

/// Both sides in one. Unless numbers are to stay, those of the side that has less are scaled up, row by row.
fn difference(base: Rows, compared: Rows, absolute: bool, stop: &Stop) -> Rows {
    let scales = if absolute { [(1, 1); 2] } else { scales(base.total, compared.total) };
    let mut symbols = Symbols::new();
    let mut sums: BTreeMap<StackId, [i64; 2]> = BTreeMap::new();
    for (side, (rows, (times, of))) in [&base, &compared].into_iter().zip(scales).enumerate() {
        let mut transfer = Transfer::new(&rows.symbols);
        for row in stop.before(&rows.rows) {
            let stack = transfer.stack(&mut symbols, row.stack);
            let sum = &mut sums.entry(stack).or_default()[side];
            *sum = sum.saturating_add(scaled(row.value, times, of));
        }
    }
    let row = |(stack, [base, compared]): (StackId, [i64; 2])| Row {
        group: 0,
        stack,
        value: compared,
        diff: compared.saturating_sub(base),
    };
    let rows: Vec<Row> = sums.into_iter().map(row).collect();
    let total = rows.iter().fold(0_i64, |sum, row| sum.saturating_add(row.value));
    Rows { symbols, groups: vec![Labels::default()], times: Vec::new(), rows, total, filtered: 0 }
}

/// By what each side is multiplied and divided. A side of nothing changes nothing.
fn scales(base: i64, compared: i64) -> [(i64, i64); 2] {
    match (base, compared) {
        (1.., 1..) if base < compared => [(compared, base), (1, 1)],
        (1.., 1..) => [(1, 1), (base, compared)],
        _ => [(1, 1); 2],
    }
}

fn scaled(value: i64, times: i64, of: i64) -> i64 {
    if times == of {
        return value;
    }
    let scaled = i128::from(value) * i128::from(times) / i128::from(of);
    i64::try_from(scaled).unwrap_or(if scaled < 0 { i64::MIN } else { i64::MAX })
}

fn filtered(mut rows: Rows, plan: &Plan, stop: &Stop) -> Rows {
    if plan.filters.is_empty() {
        return rows;
    }
    let mut kept = Vec::with_capacity(rows.rows.len());
    for row in stop.before(&rows.rows) {
        if plan.filters.keeps(&rows.symbols, row.stack) {
            kept.push(*row);
        } else {
            rows.filtered = rows.filtered.saturating_add(row.value);
        }
    }
    for row in stop.before(&mut kept) {
        row.stack = plan.filters.without_frames(&mut rows.symbols, row.stack);
    }
    let total = rows.total.saturating_sub(rows.filtered);
    Rows { rows: kept, total, ..rows }
}

/// Stacks that have a function, from it down to what it calls, or inverted up to what calls it. The total stays that of
/// all stacks, as there; where the function is several times in a stack, the call nearest to the root counts.
fn cut_at(mut rows: Rows, function: &str, callers: bool) -> Rows {
    let types = ["value", "diff", "group"].map(|name| ValueType::new(name, "")).to_vec();
    let mut profile = Profile::new(types);
    profile.symbols = std::mem::take(&mut rows.symbols);
    for row in &rows.rows {
        // A label keeps equal stacks of different groups apart.
        let group = i64::try_from(row.group).unwrap_or(i64::MAX);
        let label = SampleLabel {
            key: StringId::EMPTY,
            value: LabelValue::Number { value: group, unit: StringId::EMPTY },
        };
        profile.samples.push(Sample {
            stack: row.stack,
            values: &[row.value, row.diff, group],
            labels: &[label],
        });
    }
    let halves = report_render::transform::sandwich(&profile, function);
    let Profile { symbols, samples, .. } = if callers { halves.callers } else { halves.callees };
    let row = |sample: Sample<'_>| {
        let group = sample.labels.first().map(|label| label.value);
        let group = match group {
            Some(LabelValue::Number { value, .. }) => usize::try_from(value).unwrap_or(0),
            _ => 0,
        };
        Row { group, stack: sample.stack, value: sample.values[0], diff: sample.values[1] }
    };
    let cut = samples.iter().map(row).collect();
    Rows { symbols, rows: cut, ..rows }
}

/// Rows with the leaf of each stack at its root. As in the real server, in all reports, and calls that
/// were inlined at one address stay in their order.
fn inverted(rows: Rows, stop: &Stop) -> Rows {
    let mut symbols = Symbols::new();
    let mut transfer = Transfer::new(&rows.symbols);
    let mut turned = Vec::with_capacity(rows.rows.len());
    for row in stop.before(&rows.rows) {
        let stack = transfer.stack(&mut symbols, row.stack);
        let locations: Vec<_> = symbols.stack(stack).iter().rev().copied().collect();
        turned.push(Row { stack: symbols.intern_stack(&locations), ..*row });
    }
    Rows { symbols, rows: turned, ..rows }
}

/// A merge of sample counts is answered in the unit of the period; a single profile never is.
fn in_periods(query: &Query) -> bool {
    result_type(&query.profile_type).1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smaller_side_is_scaled_up() {
        assert_eq!(scales(10, 30), [(30, 10), (1, 1)]);
        assert_eq!(scales(30, 10), [(1, 1), (30, 10)]);
        assert_eq!(scales(0, 10), [(1, 1); 2]);
        assert_eq!(scales(10, -3), [(1, 1); 2]);
        assert_eq!((scaled(7, 30, 10), scaled(7, 1, 1), scaled(i64::MAX, 3, 2)), (21, 7, i64::MAX));
        assert_eq!(scaled(-7, 3, 2), -10);
    }
}
