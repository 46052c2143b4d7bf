//! Stacks of an incoming profile in the store's own tables, as Parca keeps them: an address is
//! forgotten once a function's name is known, and so are columns, unless the way in keeps them.

use profile_model::{Line, Location, LocationId, StackId, Symbols, Transfer};

/// Carries stacks of one profile into the store, each at most once.
pub(crate) struct Interner<'a> {
    from: &'a Symbols,
    parts: Transfer<'a>,
    locations: Vec<Option<LocationId>>,
    stacks: Vec<Option<StackId>>,
    columns: bool,
}

impl<'a> Interner<'a> {
    pub(crate) fn new(from: &'a Symbols, columns: bool) -> Self {
        Self {
            from,
            parts: Transfer::new(from),
            locations: vec![None; from.locations().len()],
            stacks: vec![None; from.stacks().len()],
            columns,
        }
    }

    pub(crate) fn stack(&mut self, to: &mut Symbols, id: StackId) -> StackId {
        if let Some(known) = self.stacks[id.index()] {
            return known;
        }
        let stack: Vec<LocationId> = self.from.stack(id).iter().map(|id| self.location(to, *id)).collect();
        *self.stacks[id.index()].insert(to.intern_stack(&stack))
    }

    fn location(&mut self, to: &mut Symbols, id: LocationId) -> LocationId {
        if let Some(known) = self.locations[id.index()] {
            return known;
        }
        let location = self.from.location(id);
        let mapping = location.mapping.map(|mapping| self.parts.mapping(to, mapping));
        let lines: Vec<Line> = location.lines.iter().map(|line| self.line(to, *line)).collect();
        let is_named =
            |line: &Line| line.function.and_then(|function| to.function(function).shown_name()).is_some();
        // Where nothing has a name the address is all that tells two functions apart.
        let address = if lines.iter().any(is_named) { 0 } else { location.address };
        let kept = to.intern_location(Location { mapping, address, is_folded: false, lines: &lines });
        *self.locations[id.index()].insert(kept)
    }

    fn line(&mut self, to: &mut Symbols, line: Line) -> Line {
        Line {
            function: line.function.map(|function| self.parts.function(to, function)),
            line: line.line,
            column: if self.columns { line.column } else { 0 },
        }
    }
}
