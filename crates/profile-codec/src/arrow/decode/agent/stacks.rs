use std::ops::Range;
use std::rc::Rc;

use hashbrown::HashMap;
use profile_model::{LocationId, StackId, Symbols};

use super::{AgentError, frames::Frame};
use crate::arrow::decode::{budget::Budget, nested::Column};

/// Where the stacks of rows come from.
pub(super) trait Stacks {
    /// The stack of a row, leaf first, in these symbols.
    fn intern(&mut self, row: usize, to: &mut Symbols, budget: &mut Budget) -> Result<StackId, AgentError>;
}

/// Stacks in the batch itself, as schema v2 has them: rows may share one, and stacks may share frames.
pub(super) struct InlineStacks<'c, 'a> {
    column: &'c Column<'a>,
    frames: HashMap<usize, Rc<Frame>, foldhash::fast::RandomState>,
    known: HashMap<Range<usize>, Stack, foldhash::fast::RandomState>,
}

/// The frames of a stack, shared with the frames' table.
type Stack = Rc<[Rc<Frame>]>;

impl<'c, 'a> InlineStacks<'c, 'a> {
    pub(super) fn new(column: &'c Column<'a>) -> Self {
        Self { column, frames: HashMap::default(), known: HashMap::default() }
    }

    fn stack(
        &mut self,
        span: Range<usize>,
        items: &'c Column<'a>,
        budget: &mut Budget,
    ) -> Result<Stack, AgentError> {
        if let Some(known) = self.known.get(&span) {
            return Ok(Rc::clone(known));
        }
        budget.spend(span.len().saturating_mul(size_of::<Rc<Frame>>()))?;
        let mut frames = Vec::with_capacity(span.len());
        for at in span.clone() {
            frames.push(self.frame(at, items, budget)?);
        }
        let stack: Stack = frames.into();
        self.known.insert(span, Rc::clone(&stack));
        Ok(stack)
    }

    fn frame(
        &mut self,
        item: usize,
        items: &'c Column<'a>,
        budget: &mut Budget,
    ) -> Result<Rc<Frame>, AgentError> {
        let Some((leaf, at)) = items.place(item)? else { return Ok(Rc::default()) };
        if let Some(known) = self.frames.get(&at) {
            return Ok(Rc::clone(known));
        }
        let frame = Rc::new(Frame::inline(leaf, at, budget)?);
        self.frames.insert(at, Rc::clone(&frame));
        Ok(frame)
    }
}

impl Stacks for InlineStacks<'_, '_> {
    fn intern(&mut self, row: usize, to: &mut Symbols, budget: &mut Budget) -> Result<StackId, AgentError> {
        match self.column.list(row)? {
            None => Ok(StackId::EMPTY),
            Some((span, items)) => {
                let stack = self.stack(span, items, budget)?;
                intern(&stack, to, budget)
            }
        }
    }
}

/// A stack in a profile's symbols, its size there paid for: many rows may share a long one.
pub(super) fn intern(
    stack: &[Rc<Frame>],
    to: &mut Symbols,
    budget: &mut Budget,
) -> Result<StackId, AgentError> {
    let mut locations: Vec<LocationId> = Vec::with_capacity(stack.len());
    for frame in stack {
        budget.spend(frame.bytes())?;
        locations.push(frame.intern(to));
    }
    Ok(to.intern_stack(&locations))
}
