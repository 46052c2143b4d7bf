//! The rows that a report is made of: equal stacks summed.

use pql::Query;
use profile_model::{Symbols, Transfer};
use profile_store::{Filter, Merge, Merged, Span, View};
use tonic::Status;

use super::plan::{Plan, When};
use super::range::result_type;
use super::unreadable;

/// Sums what the plan asks for. The rows have symbols of their own: nothing of the store is held any more.
///
/// # Errors
/// `NOT_FOUND` where a single profile is not there; a merge of nothing is empty, not an error.
pub(super) fn collect(view: &View, plan: &Plan) -> Result<Merged, Status> {
    let (span, in_periods) = match plan.when {
        When::Merge(range) => (Span::half_open(range.start, range.end), in_periods(&plan.query)),
        When::Single(time) => (Span::millisecond(time), false),
    };
    let filter = Filter::of_query(&plan.query);
    let ask = Merge { filter, span, group_by: plan.group_by.clone(), in_periods };
    match (view.merge(&ask).map_err(|error| unreadable(&error))?, plan.when) {
        (Some(merged), _) => Ok(merged),
        (None, When::Merge(_)) => Ok(Merged::default()),
        (None, When::Single(_)) => {
            Err(Status::not_found("could not find profile at requested time and selectors"))
        }
    }
}

/// The same with the leaf of each stack at its root. As in the real server, in all reports, and calls that
/// were inlined at one address stay in their order.
pub(super) fn inverted(merged: Merged) -> Merged {
    let mut symbols = Symbols::new();
    let mut transfer = Transfer::new(&merged.symbols);
    let mut rows = Vec::with_capacity(merged.rows.len());
    for (group, stack, value) in &merged.rows {
        let stack = transfer.stack(&mut symbols, *stack);
        let locations: Vec<_> = symbols.stack(stack).iter().rev().copied().collect();
        rows.push((*group, symbols.intern_stack(&locations), *value));
    }
    Merged { symbols, rows, ..merged }
}

/// A merge of sample counts is answered in the unit of the period; a single profile never is.
fn in_periods(query: &Query) -> bool {
    result_type(&query.profile_type).1
}
