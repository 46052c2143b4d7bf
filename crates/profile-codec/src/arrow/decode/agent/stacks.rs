use std::ops::Range;

use hashbrown::HashMap;
use profile_model::{LocationId, StackId};

use super::{AgentError, frames::Frames};
use crate::arrow::decode::nested::Column;

/// Where the stacks of rows come from.
pub(super) trait Stacks {
    /// The stack of a row, leaf first, in the symbols of the frames.
    fn intern(&mut self, row: usize, frames: &mut Frames<'_, '_>) -> Result<StackId, AgentError>;
}

/// Stacks in the batch itself, as schema v2 has them: rows may share one, and stacks may share frames.
pub(super) struct InlineStacks<'c, 'a> {
    column: &'c Column<'a>,
    locations: HashMap<usize, LocationId, foldhash::fast::RandomState>,
    known: HashMap<Range<usize>, StackId, foldhash::fast::RandomState>,
}

impl<'c, 'a> InlineStacks<'c, 'a> {
    pub(super) fn new(column: &'c Column<'a>) -> Self {
        Self { column, locations: HashMap::default(), known: HashMap::default() }
    }

    fn location(
        &mut self,
        item: usize,
        items: &Column<'_>,
        frames: &mut Frames<'_, '_>,
    ) -> Result<LocationId, AgentError> {
        let Some((leaf, at)) = items.place(item)? else { return Ok(frames.unknown()) };
        if let Some(known) = self.locations.get(&at) {
            return Ok(*known);
        }
        let location = frames.inline(leaf, at)?;
        self.locations.insert(at, location);
        Ok(location)
    }
}

impl Stacks for InlineStacks<'_, '_> {
    fn intern(&mut self, row: usize, frames: &mut Frames<'_, '_>) -> Result<StackId, AgentError> {
        let column = self.column;
        let Some((span, items)) = column.list(row)? else { return Ok(StackId::EMPTY) };
        if let Some(known) = self.known.get(&span) {
            return Ok(*known);
        }
        // Lists may overlap: many may be long that all are made of the same few frames.
        frames.budget.spend(span.len().saturating_mul(size_of::<LocationId>()))?;
        let mut locations = Vec::with_capacity(span.len());
        for item in span.clone() {
            locations.push(self.location(item, items, frames)?);
        }
        let stack = frames.to.intern_stack(&locations);
        self.known.insert(span, stack);
        Ok(stack)
    }
}
