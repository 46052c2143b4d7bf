//! Which series a question is about.

use pql::{MatchOp, Matcher, Predicate, ProfileType, Query};
use profile_model::Labels;

use super::TypeKey;

/// A profile type and conditions on labels. An absent label counts as the empty string.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    profile_type: Option<(TypeKey, bool)>,
    matchers: Vec<(String, Predicate)>,
    /// Matchers `name="value"` with a value: what passes has just this label.
    equal: Vec<(String, String)>,
}

impl Filter {
    /// Everything.
    pub fn all() -> Self {
        Self::default()
    }

    /// What a query selects.
    pub fn of_query(query: &Query) -> Self {
        Self::of_type(&query.profile_type, &query.matchers)
    }

    /// Series of a profile type that all matchers take.
    pub fn of_type(profile_type: &ProfileType, matchers: &[Matcher]) -> Self {
        let equal = matchers.iter().filter(|m| m.op() == MatchOp::Equal && !m.value().is_empty());
        Self {
            profile_type: Some((TypeKey::of(profile_type), profile_type.delta)),
            equal: equal.map(|m| (m.name().to_owned(), m.value().to_owned())).collect(),
            matchers: matchers.iter().map(|m| (m.name().to_owned(), m.predicate())).collect(),
        }
    }

    /// The type that is asked for; nothing means every type.
    pub fn type_key(&self) -> Option<&TypeKey> {
        self.profile_type.as_ref().map(|(key, _)| key)
    }

    /// Labels that everything selected has.
    pub(crate) fn required_labels(&self) -> &[(String, String)] {
        &self.equal
    }

    pub(crate) fn takes_type(&self, key: &TypeKey) -> bool {
        self.type_key().is_none_or(|wanted| wanted == key)
    }

    pub(crate) fn takes_labels(&self, labels: &Labels) -> bool {
        self.matchers.iter().all(|(name, predicate)| predicate.matches(labels.get(name).unwrap_or("")))
    }

    /// `delta` selects by the duration that each profile was stored with; a negative one counts as one.
    pub(crate) fn takes_duration(&self, duration_nanos: i64) -> bool {
        self.profile_type.as_ref().is_none_or(|(_, delta)| *delta == (duration_nanos != 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absent_label_is_an_empty_one() {
        let labels: Labels = [("job", "parca")].into_iter().collect();
        let check = |matchers: &str, expect: bool| {
            let query: Query = format!("a:b:c:d:e{matchers}").parse().expect("a query");
            assert_eq!(Filter::of_query(&query).takes_labels(&labels), expect, "{matchers}");
        };
        check(r#"{job="parca"}"#, true);
        check(r#"{job=""}"#, false);
        check(r#"{pod=""}"#, true);
        check(r#"{job!="x"}"#, true);
        check(r#"{pod!="x"}"#, true);
        check(r#"{job!=""}"#, true);
        check(r#"{pod!=""}"#, false);
        check(r#"{job=~"arc"}"#, true);
        check(r#"{pod=~"^$"}"#, true);
        check(r#"{pod=~"x"}"#, false);
        check(r#"{pod!~".*"}"#, false);
        check(r#"{job="parca",job="x"}"#, false);
    }
}
