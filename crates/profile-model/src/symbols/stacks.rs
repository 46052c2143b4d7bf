use super::{LocationId, StackId, index::Index};

/// Distinct stacks, leaf first, their locations end to end in one list.
#[derive(Clone, Debug)]
pub(crate) struct Stacks {
    frames: Vec<LocationId>,
    ends: Vec<usize>,
    index: Index,
}

impl Stacks {
    pub(crate) fn new() -> Self {
        let mut stacks = Self { frames: Vec::new(), ends: Vec::new(), index: Index::default() };
        stacks.intern(&[]);
        stacks
    }

    pub(crate) fn intern(&mut self, stack: &[LocationId]) -> StackId {
        let Self { frames, ends, index } = self;
        let (at, new) = index.find_or_append(stack, ends.len(), |at| slice(frames, ends, at));
        if new {
            frames.extend_from_slice(stack);
            ends.push(frames.len());
        }
        StackId::at(at)
    }

    pub(crate) fn reserve(&mut self, more: usize, frames: usize) {
        self.ends.reserve(more);
        self.frames.reserve(frames);
        self.index.reserve(more);
    }

    pub(crate) fn get(&self, id: StackId) -> &[LocationId] {
        slice(&self.frames, &self.ends, id.index())
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.frames.capacity() * size_of::<LocationId>()
            + self.ends.capacity() * size_of::<usize>()
            + self.index.heap_bytes()
    }
}

fn slice<'a>(frames: &'a [LocationId], ends: &[usize], at: usize) -> &'a [LocationId] {
    let start = if at == 0 { 0 } else { ends[at - 1] };
    &frames[start..ends[at]]
}
