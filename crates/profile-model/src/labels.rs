use std::fmt;

/// A set of name/value pairs, sorted by name, each name once: what identifies a series.
///
/// Displays as `{job="api", pod="a"}` with Rust-style escapes; for a selector that a server is to
/// parse, use a writer that knows the query language.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Labels(Box<[(Box<str>, Box<str>)]>);

impl Labels {
    /// The value of a label, if it is in the set.
    pub fn get(&self, name: &str) -> Option<&str> {
        let at = self.0.binary_search_by(|(key, _)| (**key).cmp(name)).ok()?;
        Some(&self.0[at].1)
    }

    /// Names and values in order of the names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> + Clone {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// How many labels there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The set with only the labels whose name passes.
    pub fn filter(&self, mut keep: impl FnMut(&str) -> bool) -> Self {
        Self(self.0.iter().filter(|(name, _)| keep(name)).cloned().collect())
    }

    /// Estimated size on the heap, in bytes.
    pub fn heap_bytes(&self) -> usize {
        let text: usize = self.0.iter().map(|(name, value)| name.len() + value.len()).sum();
        text + size_of_val(&*self.0)
    }
}

/// Where a name comes twice, the last value wins.
impl<N: Into<Box<str>>, V: Into<Box<str>>> FromIterator<(N, V)> for Labels {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let mut pairs: Vec<(Box<str>, Box<str>)> =
            pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        pairs.reverse();
        pairs.sort_by(|a, b| a.0.cmp(&b.0));
        pairs.dedup_by(|later, kept| later.0 == kept.0);
        Self(pairs.into_boxed_slice())
    }
}

impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (at, (name, value)) in self.iter().enumerate() {
            let separator = if at == 0 { "" } else { ", " };
            write!(f, "{separator}{name}={value:?}")?;
        }
        f.write_str("}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pairs: &[(&str, &str)], expect: &str) {
        let labels: Labels = pairs.iter().copied().collect();
        assert_eq!(labels.to_string(), expect);
    }

    #[test]
    fn are_sorted_and_the_last_value_of_a_name_wins() {
        check(&[], "{}");
        check(&[("b", "2"), ("a", "1")], r#"{a="1", b="2"}"#);
        check(&[("a", "1"), ("b", "2"), ("a", "3")], r#"{a="3", b="2"}"#);
        check(&[("a", "x\"\n")], r#"{a="x\"\n"}"#);
    }

    #[test]
    fn are_found_by_name_and_filtered() {
        let labels: Labels = [("job", "api"), ("pod", "p")].into_iter().collect();
        assert_eq!(labels.get("job"), Some("api"));
        assert_eq!(labels.get("zone"), None);
        assert_eq!(labels.filter(|name| name == "pod").to_string(), r#"{pod="p"}"#);
        assert!(labels.heap_bytes() > 0);
    }
}
