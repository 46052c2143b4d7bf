//! Which series and which times a question is about.

use pql::{Matcher, Predicate, ProfileType, Query};
use profile_model::{TimeRange, Timestamp};

use super::series::{ProfileRows, SeriesKey, TypeKey};

/// A profile type and conditions on labels. An absent label counts as the empty string.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    profile_type: Option<(TypeKey, bool)>,
    matchers: Vec<(String, Predicate)>,
}

impl Filter {
    /// Everything.
    pub(crate) fn all() -> Self {
        Self::default()
    }

    pub(crate) fn of_query(query: &Query) -> Self {
        Self::of_type(&query.profile_type, &query.matchers)
    }

    pub(crate) fn of_type(profile_type: &ProfileType, matchers: &[Matcher]) -> Self {
        Self {
            profile_type: Some((TypeKey::of(profile_type), profile_type.delta)),
            matchers: matchers.iter().map(|m| (m.name().to_owned(), m.predicate())).collect(),
        }
    }

    pub(super) fn takes(&self, key: &SeriesKey) -> bool {
        self.profile_type.as_ref().is_none_or(|(wanted, _)| *wanted == key.profile_type)
            && self
                .matchers
                .iter()
                .all(|(name, predicate)| predicate.matches(key.labels.get(name).unwrap_or("")))
    }

    /// `delta` selects by the duration that each profile was stored with.
    pub(crate) fn takes_duration(&self, profile: &ProfileRows<'_>) -> bool {
        self.profile_type.as_ref().is_none_or(|(_, delta)| *delta == profile.is_delta())
    }
}

/// The span of Labels, Values and ProfileTypes requests: both ends excluded, and no span at all
/// unless both ends have seconds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Between(Option<TimeRange>);

impl Between {
    pub(crate) fn new(start: Option<Timestamp>, end: Option<Timestamp>) -> Self {
        let set = |instant: &Timestamp| instant.seconds() != 0;
        let range = start.filter(set).zip(end.filter(set));
        Self(range.map(|(start, end)| TimeRange::new(start, end)))
    }

    pub(super) fn has(self, time_nanos: i64) -> bool {
        let instant = Timestamp::from_nanos(time_nanos);
        self.0.is_none_or(|range| range.start < instant && instant < range.end)
    }
}

#[cfg(test)]
mod tests {
    use profile_model::Labels;

    use super::*;

    #[test]
    fn an_absent_label_is_an_empty_one() {
        let labels: Labels = [("job", "parca")].into_iter().collect();
        let check = |matchers: &str, expect: bool| {
            let query: Query = format!("a:b:c:d:e{matchers}").parse().expect("a query");
            let key = SeriesKey { profile_type: TypeKey::of(&query.profile_type), labels: labels.clone() };
            assert_eq!(Filter::of_query(&query).takes(&key), expect, "{matchers}");
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

    #[test]
    fn ends_are_excluded_and_a_zero_end_is_no_end() {
        let at = |seconds| Some(Timestamp::new(seconds, 0));
        let between = Between::new(at(10), at(20));
        assert!(!between.has(10_000_000_000) && between.has(10_000_000_001) && !between.has(20_000_000_000));
        assert!(Between::new(at(0), at(20)).has(30_000_000_000));
        assert!(Between::new(None, at(20)).has(30_000_000_000));
    }
}
