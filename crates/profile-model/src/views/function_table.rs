use super::{calls::Calls, resolver::Resolver};
use crate::{Frame, FrameName, LocationId, StackId, Symbols};

/// How much each function did itself and had done for it.
///
/// A function that is several times in one stack (recursion) counts once for that stack, so no
/// cumulative value exceeds the total.
#[derive(Clone, Debug, Default)]
pub struct FunctionTable {
    /// One row per function name, or per address where there is no name; in order of first sight,
    /// each stack seen from its leaf.
    pub rows: Vec<FunctionRow>,
    /// The sum of all values, stacks without frames included; saturating like all sums here.
    pub total: i64,
}

/// A function, or an address that has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FunctionRow {
    /// Where it was seen first.
    pub location: LocationId,
    /// Which of that location's lines it is; 0 if the location has none.
    pub line: usize,
    /// The sum of values of the stacks with it at the leaf.
    pub flat: i64,
    /// The sum of values of the stacks it is in.
    pub cumulative: i64,
}

impl FunctionTable {
    /// The table of these stacks and values.
    ///
    /// Functions of one name are one row, in whichever file or binary they are: that is how Parca
    /// groups them. Addresses without a name are one row per binary and address.
    pub fn of(symbols: &Symbols, stacks: impl IntoIterator<Item = (StackId, i64)>) -> Self {
        let mut builder = Builder::new(symbols);
        for (stack, value) in stacks {
            builder.add(stack, value);
        }
        builder.finish()
    }
}

impl FunctionRow {
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
    resolver: Resolver<'a>,
    sums: Vec<Sums>,
    total: i64,
    /// How many stacks were added; tells which rows the current one was counted for.
    stacks: u64,
}

#[derive(Clone, Copy, Default)]
struct Sums {
    flat: i64,
    cumulative: i64,
    counted_for: u64,
}

impl<'a> Builder<'a> {
    fn new(symbols: &'a Symbols) -> Self {
        let resolver = Resolver::new(symbols, Calls::All);
        Self { symbols, resolver, sums: Vec::new(), total: 0, stacks: 0 }
    }

    fn add(&mut self, stack: StackId, value: i64) {
        self.total = self.total.saturating_add(value);
        self.stacks += 1;
        let mut at_leaf = true;
        for location in self.symbols.stack(stack) {
            for row in self.resolver.rows(*location) {
                if *row >= self.sums.len() {
                    self.sums.resize(*row + 1, Sums::default());
                }
                let sums = &mut self.sums[*row];
                if std::mem::take(&mut at_leaf) {
                    sums.flat = sums.flat.saturating_add(value);
                }
                if sums.counted_for != self.stacks {
                    sums.counted_for = self.stacks;
                    sums.cumulative = sums.cumulative.saturating_add(value);
                }
            }
        }
    }

    fn finish(self) -> FunctionTable {
        let row = |((location, line), sums): ((LocationId, usize), Sums)| FunctionRow {
            location,
            line,
            flat: sums.flat,
            cumulative: sums.cumulative,
        };
        let rows = self.resolver.into_origins().into_iter().zip(self.sums).map(row).collect();
        FunctionTable { rows, total: self.total }
    }
}

#[cfg(test)]
mod tests;
