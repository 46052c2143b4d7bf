//! The functions that a profile's values were spent in, as a table.

mod csv;
mod json;
mod text;

pub use csv::csv;
pub use json::json;
pub use text::{TextOptions, text};

use std::cmp::Reverse;

use profile_model::{FrameName, FunctionRow, FunctionTable, ValueType, WeightedStack};

use crate::Selection;

/// Which rows a [`Top`] has, and in which order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TopOptions {
    /// What the rows are sorted by, the largest first, signs aside; equal ones by name, as in `go tool pprof`, so
    /// that a profile has the same ranking in whatever order its stacks came.
    pub sort: Sort,
    /// How many rows there are at most; the others are summed.
    pub limit: usize,
}

impl Default for TopOptions {
    /// All rows, by their own value.
    fn default() -> Self {
        Self { sort: Sort::Flat, limit: usize::MAX }
    }
}

/// What rows are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// What a function did itself.
    #[default]
    Flat,
    /// What a function did and had done for it.
    Cumulative,
    /// By how much the former changed, whether up or down; only in a comparison.
    FlatChange,
}

/// The table.
#[derive(Clone, Debug)]
pub struct Top<'a> {
    /// What the values count and in which unit.
    pub value_type: &'a ValueType,
    /// The sum of all values; saturating like all sums here.
    pub total: i64,
    /// What all shares are of, see [`Selection::whole`].
    pub whole: i128,
    /// What rows are sorted by.
    pub sort: Sort,
    /// Whether rows have changes.
    pub is_comparison: bool,
    /// The rows.
    pub rows: Vec<TopRow<'a>>,
    /// The functions that have no row because of the limit.
    pub rest: Rest,
}

/// A function, or an address that has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopRow<'a> {
    /// How it is called.
    pub name: FrameName<'a>,
    /// The name the linker knows it by, where it was seen first; empty if unknown, like all texts.
    pub system_name: &'a str,
    /// The source file.
    pub file: &'a str,
    /// The binary.
    pub mapping: &'a str,
    /// The sum of values of the stacks with it at the leaf.
    pub flat: i64,
    /// The sum of values of the stacks it is in; recursion counts once.
    pub cumulative: i64,
    /// What changed in `flat`; 0 outside a comparison.
    pub flat_diff: i64,
    /// What changed in `cumulative`; 0 outside a comparison.
    pub cumulative_diff: i64,
}

/// What rows that are not shown add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rest {
    /// How many functions.
    pub functions: usize,
    /// The sum of their own values; those of callees overlap and have no sum.
    pub flat: i64,
    /// What changed in that.
    pub flat_diff: i64,
}

impl<'a> Top<'a> {
    /// The table of a selection. Stacks without frames are those of a function `unknown`.
    pub fn of(selection: &Selection<'a>, options: &TopOptions) -> Self {
        let symbols = &selection.profile().symbols;
        let weights = selection.weighted_stacks();
        let table = FunctionTable::of(symbols, weights.iter().map(|stack| (stack.stack, stack.value)));
        // The order of the rows depends on the stacks only, so it is the same in both tables.
        let changes = selection
            .is_comparison()
            .then(|| FunctionTable::of(symbols, weights.iter().map(|stack| (stack.stack, stack.diff))));
        let change = |at: usize| {
            changes.as_ref().map_or((0, 0), |table| (table.rows[at].flat, table.rows[at].cumulative))
        };
        let row = |(at, row)| TopRow::new(selection, row, change(at));
        let mut rows: Vec<TopRow<'_>> = table.rows.iter().enumerate().map(row).collect();
        let frameless = weights.iter().find(|stack| symbols.stack(stack.stack).is_empty());
        rows.extend(frameless.map(TopRow::of_frameless));
        rows.sort_by_key(|row| (Reverse(row.size(options.sort)), row.place()));
        Self {
            value_type: selection.value_type(),
            total: table.total,
            whole: selection.whole(),
            sort: options.sort,
            is_comparison: selection.is_comparison(),
            rest: Rest::of(rows.get(options.limit..).unwrap_or_default()),
            rows: {
                rows.truncate(options.limit);
                rows
            },
        }
    }
}

impl<'a> TopRow<'a> {
    fn new(selection: &Selection<'a>, row: &FunctionRow, (flat_diff, cumulative_diff): (i64, i64)) -> Self {
        let symbols = &selection.profile().symbols;
        let frame = row.frame(symbols);
        let function = frame.and_then(|frame| symbols.frame_function(&frame));
        let mapping = frame.and_then(|frame| symbols.frame_mapping(&frame));
        Self {
            name: row.name(symbols),
            system_name: function.map_or("", |function| symbols.string(function.system_name)),
            file: function.map_or("", |function| symbols.string(function.filename)),
            mapping: mapping.map_or("", |mapping| symbols.string(mapping.file)),
            flat: row.flat,
            cumulative: row.cumulative,
            flat_diff,
            cumulative_diff,
        }
    }

    /// The row of stacks without frames.
    fn of_frameless(stack: &WeightedStack) -> Self {
        let (flat, flat_diff) = (stack.value, stack.diff);
        Self {
            name: FrameName::Unknown,
            system_name: "",
            file: "",
            mapping: "",
            flat,
            cumulative: flat,
            flat_diff,
            cumulative_diff: flat_diff,
        }
    }

    /// What the row is sorted by.
    fn size(&self, sort: Sort) -> u64 {
        match sort {
            Sort::Flat => self.flat.unsigned_abs(),
            Sort::Cumulative => self.cumulative.unsigned_abs(),
            Sort::FlatChange => self.flat_diff.unsigned_abs(),
        }
    }

    /// Where the row stands among those that weigh the same: functions by name, then addresses.
    fn place(&self) -> (u8, &'a str, u64, &'a str) {
        match self.name {
            FrameName::Function(name) => (0, name, 0, self.file),
            FrameName::Address { file, address } => (1, file, address, self.mapping),
            FrameName::Unknown => (2, "", 0, self.mapping),
        }
    }
}

impl Rest {
    fn of(rows: &[TopRow<'_>]) -> Self {
        rows.iter().fold(Self::default(), |rest, row| Self {
            functions: rest.functions + 1,
            flat: rest.flat.saturating_add(row.flat),
            flat_diff: rest.flat_diff.saturating_add(row.flat_diff),
        })
    }
}
