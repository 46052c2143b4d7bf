use super::{Function, Line, LocationId, Mapping, StackId, Symbols};

/// One call in a stack: a location, or one of the calls inlined at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Where the frame comes from.
    pub location: LocationId,
    /// The source line; nothing where the address was not symbolised.
    pub line: Option<&'a Line>,
    /// Whether the call was inlined into the next frame towards the root.
    pub inlined: bool,
}

impl Symbols {
    /// The frames of a stack, leaf first, inlined calls as frames of their own.
    ///
    /// Every view of stacks goes through here; use `.rev()` to go from the root.
    pub fn frames(&self, stack: StackId) -> impl DoubleEndedIterator<Item = Frame<'_>> + Clone {
        self.stack(stack).iter().flat_map(|location| self.frames_at(*location))
    }

    /// The frames of one location, innermost first: one per line, or a single one without a line.
    pub fn frames_at(&self, id: LocationId) -> impl DoubleEndedIterator<Item = Frame<'_>> + Clone {
        let lines = self.location(id).lines;
        let outermost = lines.len().saturating_sub(1);
        (0..=outermost).map(move |at| Frame { location: id, line: lines.get(at), inlined: at < outermost })
    }

    /// The function of a frame, if it is known.
    pub fn frame_function(&self, frame: &Frame<'_>) -> Option<&Function> {
        Some(self.function(frame.line?.function?))
    }

    /// The binary of a frame, if it is known.
    pub fn frame_mapping(&self, frame: &Frame<'_>) -> Option<&Mapping> {
        Some(self.mapping(self.location(frame.location).mapping?))
    }
}
