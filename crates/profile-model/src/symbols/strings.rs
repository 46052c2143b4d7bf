use super::{StringId, index::Index};

/// Distinct strings, laid end to end.
#[derive(Clone, Debug)]
pub(crate) struct Strings {
    text: String,
    /// Where each string ends in `text`; it starts where the one before it ends.
    ends: Vec<usize>,
    index: Index,
}

impl Strings {
    pub(crate) fn new() -> Self {
        let mut strings = Self { text: String::new(), ends: Vec::new(), index: Index::default() };
        strings.intern("");
        strings
    }

    pub(crate) fn intern(&mut self, string: &str) -> StringId {
        let Self { text, ends, index } = self;
        let (at, new) = index.find_or_append(string, ends.len(), |at| slice(text, ends, at));
        if new {
            text.push_str(string);
            ends.push(text.len());
        }
        StringId::at(at)
    }

    pub(crate) fn reserve(&mut self, more: usize, bytes: usize) {
        self.ends.reserve(more);
        self.text.reserve(bytes);
        self.index.reserve(more);
    }

    pub(crate) fn find(&self, string: &str) -> Option<StringId> {
        self.index.find(string, |at| slice(&self.text, &self.ends, at)).map(StringId::at)
    }

    pub(crate) fn get(&self, id: StringId) -> &str {
        slice(&self.text, &self.ends, id.index())
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.text.capacity() + self.ends.capacity() * size_of::<usize>() + self.index.heap_bytes()
    }
}

fn slice<'a>(text: &'a str, ends: &[usize], at: usize) -> &'a str {
    let start = if at == 0 { 0 } else { ends[at - 1] };
    &text[start..ends[at]]
}
