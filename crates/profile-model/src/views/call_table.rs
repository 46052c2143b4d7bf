use hashbrown::HashSet;

use super::{calls::Calls, resolver::Resolver};
use crate::{Frame, FrameName, LocationId, StackId, Symbols};

/// Functions with their sums and who calls whom: what Parca's table and top reports show.
///
/// Rows and their order are those of a [`FunctionTable`](crate::FunctionTable).
#[derive(Clone, Debug, Default)]
pub struct CallTable {
    /// One row per function name, or per address where there is no name; in order of first sight.
    pub rows: Vec<CallRow>,
    /// The sum of all values, stacks without frames included; saturating like all sums here.
    pub total: i64,
}

/// A function, or an address that has none, with its neighbours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallRow {
    /// Where it was seen first.
    pub location: LocationId,
    /// Which of that location's lines it is; 0 if the location has none.
    pub line: usize,
    /// The sum of values of the stacks with it at the leaf.
    pub flat: i64,
    /// The sum of values of the stacks it is in, by the chosen rule for recursion.
    pub cumulative: i64,
    /// What a comparison changed in `flat`.
    pub flat_diff: i64,
    /// What a comparison changed in `cumulative`; nothing if no stack with it changed.
    pub cumulative_diff: Option<i64>,
    /// Rows that call it, ascending, itself included where it is recursive.
    pub callers: Vec<usize>,
    /// Rows that it calls, ascending.
    pub callees: Vec<usize>,
}

/// A stack and what it weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WeightedStack {
    /// The stack.
    pub stack: StackId,
    /// What it weighs.
    pub value: i64,
    /// How much of that is new in a comparison; 0 outside one.
    pub diff: i64,
}

/// How a [`CallTable`] counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallTableOptions {
    /// What recursion does to cumulative values.
    pub recursion: Recursion,
    /// Which calls are looked at.
    pub calls: Calls,
}

impl CallTableOptions {
    /// The counting of Parca's table report: every call, recursion counted each time.
    pub const PARCA_TABLE: Self = Self { recursion: Recursion::EachTime, calls: Calls::All };
    /// The counting of Parca's top report: as in the table, but without the callers that the
    /// innermost line of a location was inlined into.
    pub const PARCA_TOP: Self = Self { recursion: Recursion::EachTime, calls: Calls::Innermost };
}

/// How often a function that is several times in one stack counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Recursion {
    /// Once, so that nothing exceeds the total.
    #[default]
    Once,
    /// Each time it is there, as Parca does (measured at commit 3b5647cd).
    EachTime,
}

impl CallTable {
    /// The table of these stacks.
    pub fn of(
        symbols: &Symbols,
        stacks: impl IntoIterator<Item = WeightedStack>,
        options: CallTableOptions,
    ) -> Self {
        let mut builder = Builder::new(symbols, options);
        for stack in stacks {
            builder.add(stack);
        }
        builder.finish()
    }
}

impl CallRow {
    /// How the function is called.
    pub fn name<'a>(&self, symbols: &'a Symbols) -> FrameName<'a> {
        self.frame(symbols).map_or(FrameName::Unknown, |frame| symbols.frame_name(&frame))
    }

    /// The frame it was seen in first; always there in the symbols the table was made from.
    pub fn frame<'a>(&self, symbols: &'a Symbols) -> Option<Frame<'a>> {
        symbols.frames_at(self.location).nth(self.line)
    }
}

struct Builder<'a> {
    symbols: &'a Symbols,
    options: CallTableOptions,
    resolver: Resolver<'a>,
    sums: Vec<Sums>,
    /// Pairs of caller and callee.
    edges: HashSet<(usize, usize), foldhash::fast::RandomState>,
    total: i64,
    /// How many stacks were added; tells which rows the current one was counted for.
    stacks: u64,
    /// The rows of the current stack, leaf first.
    path: Vec<usize>,
}

#[derive(Clone, Copy, Default)]
struct Sums {
    flat: i64,
    cumulative: i64,
    flat_diff: i64,
    cumulative_diff: Option<i64>,
    counted_for: u64,
}

impl<'a> Builder<'a> {
    fn new(symbols: &'a Symbols, options: CallTableOptions) -> Self {
        Self {
            symbols,
            options,
            resolver: Resolver::new(symbols, options.calls),
            sums: Vec::new(),
            edges: HashSet::default(),
            total: 0,
            stacks: 0,
            path: Vec::new(),
        }
    }

    fn add(&mut self, WeightedStack { stack, value, diff }: WeightedStack) {
        self.total = self.total.saturating_add(value);
        self.stacks += 1;
        self.find_path(stack);
        if let Some(leaf) = self.path.first() {
            let sums = &mut self.sums[*leaf];
            sums.flat = sums.flat.saturating_add(value);
            sums.flat_diff = sums.flat_diff.saturating_add(diff);
        }
        for row in &self.path {
            let sums = &mut self.sums[*row];
            if sums.counted_for != self.stacks || self.options.recursion == Recursion::EachTime {
                sums.counted_for = self.stacks;
                sums.add_cumulative(value, diff);
            }
        }
        self.edges.extend(self.path.windows(2).map(|pair| (pair[1], pair[0])));
    }

    fn find_path(&mut self, stack: StackId) {
        self.path.clear();
        for location in self.symbols.stack(stack) {
            self.path.extend_from_slice(self.resolver.rows(*location));
        }
        self.sums.resize(self.resolver.len(), Sums::default());
    }

    fn finish(self) -> CallTable {
        let origins = self.resolver.into_origins();
        let mut rows: Vec<CallRow> = origins.into_iter().zip(self.sums).map(CallRow::new).collect();
        let mut edges: Vec<(usize, usize)> = self.edges.into_iter().collect();
        edges.sort_unstable();
        for (caller, callee) in edges {
            rows[callee].callers.push(caller);
            rows[caller].callees.push(callee);
        }
        CallTable { rows, total: self.total }
    }
}

impl Sums {
    fn add_cumulative(&mut self, value: i64, diff: i64) {
        self.cumulative = self.cumulative.saturating_add(value);
        if diff != 0 {
            self.cumulative_diff = Some(self.cumulative_diff.unwrap_or(0).saturating_add(diff));
        }
    }
}

impl CallRow {
    fn new(((location, line), sums): ((LocationId, usize), Sums)) -> Self {
        let Sums { flat, cumulative, flat_diff, cumulative_diff, counted_for: _ } = sums;
        let (callers, callees) = (Vec::new(), Vec::new());
        Self { location, line, flat, cumulative, flat_diff, cumulative_diff, callers, callees }
    }
}

#[cfg(test)]
mod tests;
