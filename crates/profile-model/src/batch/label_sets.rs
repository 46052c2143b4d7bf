use crate::symbols::{Lists, Strings};
use crate::{Labels, StringId};

/// Distinct label sets, their texts kept once: what many series have in common costs nothing again.
#[derive(Clone, Debug)]
pub struct LabelSets {
    texts: Strings,
    sets: Lists<(StringId, StringId)>,
}

impl Default for LabelSets {
    fn default() -> Self {
        Self { texts: Strings::new(), sets: Lists::default() }
    }
}

impl LabelSets {
    /// The id of a text, which is stored if it is new.
    pub fn intern_text(&mut self, text: &str) -> StringId {
        self.texts.intern(text)
    }

    /// A text by its id.
    pub fn text(&self, id: StringId) -> &str {
        self.texts.get(id)
    }

    /// The position of a set of names and values, which is stored if it is new; the flag says whether it was.
    ///
    /// Nothing where names are not in ascending order, each once: such pairs are no label set.
    pub fn intern(&mut self, pairs: &[(StringId, StringId)]) -> Option<(usize, bool)> {
        if let Some(known) = self.sets.find(pairs) {
            return Some((known, false));
        }
        let names = pairs.iter().map(|(name, _)| self.text(*name));
        if !names.clone().zip(names.skip(1)).all(|(name, next)| name < next) {
            return None;
        }
        Some((self.sets.intern(pairs), true))
    }

    /// How many sets there are.
    pub fn len(&self) -> usize {
        self.sets.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Names and values of a set, in order of the names.
    pub fn get(&self, at: usize) -> impl ExactSizeIterator<Item = (&str, &str)> + Clone {
        self.ids(at).iter().map(|(name, value)| (self.texts.get(*name), self.texts.get(*value)))
    }

    /// Names and values of a set as ids of texts.
    pub fn ids(&self, at: usize) -> &[(StringId, StringId)] {
        self.sets.get(at)
    }

    /// All texts in order of their ids; the first is empty.
    pub fn texts(&self) -> impl ExactSizeIterator<Item = &str> {
        (0..self.texts.len()).map(|at| self.texts.get(StringId::at(at)))
    }

    /// A set alone.
    pub fn labels(&self, at: usize) -> Labels {
        self.get(at).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn equal_sets_are_one_and_names_ascend() {
        let mut sets = LabelSets::default();
        let [a, b, x] = ["a", "b", "x"].map(|text| sets.intern_text(text));
        assert_eq!(sets.intern(&[(a, x), (b, x)]), Some((0, true)));
        assert_eq!(sets.intern(&[]), Some((1, true)));
        assert_eq!(sets.intern(&[(a, x), (b, x)]), Some((0, false)));
        assert_eq!((sets.intern(&[(b, x), (a, x)]), sets.intern(&[(a, x), (a, b)])), (None, None));
        assert_eq!(sets.intern(&[(b, x)]), Some((2, true)));
        let all: Vec<String> = (0..sets.len()).map(|at| sets.labels(at).to_string()).collect();
        assert_eq!(all, [r#"{a="x", b="x"}"#, "{}", r#"{b="x"}"#]);
    }
}
