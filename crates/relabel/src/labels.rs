//! A series' identity: labels that are sorted, unique and never empty.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{BuildHasher, BuildHasherDefault, Hash, Hasher, RandomState};
use std::sync::{Arc, LazyLock};

/// The label that holds a series' metric name.
pub const METRIC_NAME: &str = "__name__";
/// The one label with `__` in front that senders set and receivers look for: Mimir and Cortex tell
/// replicas apart by it, and take it away.
const REPLICA: &str = "__replica__";

/// Whether a label may not be sent: names with `__` in front are the receivers' own.
pub fn is_reserved(name: &str) -> bool {
    name.starts_with("__") && name != METRIC_NAME && name != REPLICA
}

/// Label names with their values, sorted bytewise by name; no name twice, no empty value.
///
/// Names and values are shared strings: thousands of series that repeat one query text cost it once.
/// Clones share everything, and know that they are equal without a look at the text.
#[derive(Clone)]
pub struct Labels(Arc<Inner>);

type Pair = (Arc<str>, Arc<str>);

struct Inner {
    /// Of the pairs; computed once, as a series is looked up many times.
    hash: u64,
    /// What [`Labels::check`] says by the legacy rules, which nearly every receiver has.
    is_legacy: bool,
    pairs: Vec<Pair>,
}

/// One seed for the process: equal labels have equal hashes, and nobody outside can foresee them.
static SEED: LazyLock<RandomState> = LazyLock::new(RandomState::new);

impl From<Vec<Pair>> for Labels {
    fn from(pairs: Vec<Pair>) -> Self {
        let hash = SEED.hash_one(&pairs);
        let is_legacy = check(&pairs, NameRules::Legacy).is_ok();
        Self(Arc::new(Inner { hash, is_legacy, pairs }))
    }
}

impl Default for Labels {
    fn default() -> Self {
        Self::from(Vec::new())
    }
}

impl PartialEq for Labels {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || (self.0.hash == other.0.hash && self.0.pairs == other.0.pairs)
    }
}

impl Eq for Labels {}

impl Hash for Labels {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0.hash);
    }
}

impl PartialOrd for Labels {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Labels {
    fn cmp(&self, other: &Self) -> Ordering {
        match Arc::ptr_eq(&self.0, &other.0) {
            true => Ordering::Equal,
            false => self.0.pairs.cmp(&other.0.pairs),
        }
    }
}

/// Which names a receiver is expected to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum NameRules {
    /// `[a-zA-Z_:][a-zA-Z0-9_:]*` for metrics, the same without colons for labels.
    /// Remote write 1.0 asks for them and 2.0 recommends them.
    #[default]
    Legacy,
    /// Any text that is not empty, as remote write 2.0 and Prometheus 3 allow.
    Utf8,
}

/// Why labels cannot identify a series. Prometheus answers 204 to such series and stores nothing,
/// so the sender has to find them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LabelError {
    /// A name that is there twice.
    #[error("expected each label once, found `{0}` twice")]
    Duplicate(String),
    /// A label without a name.
    #[error("expected a label name, found an empty one")]
    EmptyName,
    /// No `__name__`.
    #[error("expected a metric name in `__name__`, found none")]
    NoMetricName,
    /// `__name__` is not a metric name by the rules.
    #[error("expected a metric name, found `{0}`")]
    MetricName(String),
    /// A label's name is not one by the rules, or reserved (`__` in front).
    #[error("expected a label name, found `{0}`")]
    LabelName(String),
}

impl Labels {
    /// Sorts the pairs by name and leaves out those with an empty value, which means "no such label"
    /// on this wire. Fails if a name is empty or comes twice.
    pub fn new<N, V>(pairs: impl IntoIterator<Item = (N, V)>) -> Result<Self, LabelError>
    where
        N: Into<Arc<str>>,
        V: Into<Arc<str>>,
    {
        let mut pairs: Vec<(Arc<str>, Arc<str>)> = pairs
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .filter(|(_, value): &(_, Arc<str>)| !value.is_empty())
            .collect();
        pairs.sort();
        if let Some(twice) = pairs.windows(2).find(|two| two[0].0 == two[1].0) {
            return Err(LabelError::Duplicate(twice[0].0.to_string()));
        }
        if pairs.first().is_some_and(|(name, _)| name.is_empty()) {
            return Err(LabelError::EmptyName);
        }
        Ok(Self::from(pairs))
    }

    /// The value of `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.find(name).ok().map(|at| &*self.0.pairs[at].1)
    }

    /// Sets `name`, or takes it away if the value is empty. An empty name changes nothing.
    pub fn set(&mut self, name: impl Into<Arc<str>>, value: impl Into<Arc<str>>) {
        let (name, value) = (name.into(), value.into());
        let place = self.find(&name);
        let unchanged = match place {
            Ok(at) => self.0.pairs[at].1 == value,
            Err(_) => value.is_empty() || name.is_empty(),
        };
        if unchanged {
            return;
        }
        let mut pairs = self.0.pairs.clone();
        match place {
            Ok(at) if value.is_empty() => drop(pairs.remove(at)),
            Ok(at) => pairs[at].1 = value,
            Err(at) => pairs.insert(at, (name, value)),
        }
        *self = Self::from(pairs);
    }

    /// Keeps the labels that `keep` says yes to.
    pub fn retain(&mut self, mut keep: impl FnMut(&str, &str) -> bool) {
        let kept: Vec<Pair> =
            self.0.pairs.iter().filter(|(name, value)| keep(name, value)).cloned().collect();
        if kept.len() < self.0.pairs.len() {
            *self = Self::from(kept);
        }
    }

    /// The metric name.
    pub fn metric_name(&self) -> Option<&str> {
        metric_name(&self.0.pairs)
    }

    /// A number that is equal for equal labels, in this process.
    pub fn fingerprint(&self) -> u64 {
        self.0.hash
    }

    /// Name and value of each label, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.pairs.iter().map(|(name, value)| (&**name, &**value))
    }

    /// The number of labels.
    pub fn len(&self) -> usize {
        self.0.pairs.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.pairs.is_empty()
    }

    /// Whether a receiver that follows the rules would store a series of this name.
    pub fn check(&self, rules: NameRules) -> Result<(), LabelError> {
        match rules {
            NameRules::Legacy if self.0.is_legacy => Ok(()),
            rules => check(&self.0.pairs, rules),
        }
    }

    fn find(&self, name: &str) -> Result<usize, usize> {
        self.0.pairs.binary_search_by(|(have, _)| (**have).cmp(name))
    }
}

fn metric_name(pairs: &[Pair]) -> Option<&str> {
    // Small letters come after the underscore, so it is nearly always the first.
    let first = pairs.first().filter(|(name, _)| &**name == METRIC_NAME);
    first.or_else(|| pairs.iter().find(|(name, _)| &**name == METRIC_NAME)).map(|(_, value)| &**value)
}

fn check(pairs: &[Pair], rules: NameRules) -> Result<(), LabelError> {
    let metric = metric_name(pairs).ok_or(LabelError::NoMetricName)?;
    if !rules.is_metric_name(metric) {
        return Err(LabelError::MetricName(metric.to_owned()));
    }
    let bad = |name: &&str| *name != METRIC_NAME && (is_reserved(name) || !rules.is_label_name(name));
    match pairs.iter().map(|(name, _)| &**name).find(bad) {
        Some(name) => Err(LabelError::LabelName(name.to_owned())),
        None => Ok(()),
    }
}

/// A hasher for maps by [`Labels`] or their fingerprints, whose hash is no longer to be made.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ready(u64);

impl Hasher for Ready {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("labels and fingerprints are hashed as one number")
    }
}

/// How maps and sets by labels, or their fingerprints, hash.
pub type ByLabels = BuildHasherDefault<Ready>;

/// As PromQL writes it: `up{job="a"}`.
impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.metric_name().unwrap_or_default())?;
        f.write_str("{")?;
        let rest = self.iter().filter(|(name, _)| *name != METRIC_NAME);
        for (index, (name, value)) in rest.enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{name}={value:?}")?;
        }
        f.write_str("}")
    }
}

impl NameRules {
    /// Whether `name` can be a metric's.
    pub fn is_metric_name(self, name: &str) -> bool {
        self.holds(name, |byte| byte == b':')
    }

    /// Whether `name` can be a label's.
    pub fn is_label_name(self, name: &str) -> bool {
        self.holds(name, |_| false)
    }

    fn holds(self, name: &str, also: impl Fn(u8) -> bool) -> bool {
        let letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_' || also(byte);
        match (self, name.as_bytes().split_first()) {
            (_, None) => false,
            (Self::Utf8, Some(_)) => true,
            (Self::Legacy, Some((first, rest))) => {
                letter(*first) && rest.iter().all(|byte| letter(*byte) || byte.is_ascii_digit())
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_sorted_unique_and_without_empty_values() {
        let check = |pairs: &[(&str, &str)], expect: Result<&str, LabelError>| {
            let found = Labels::new(pairs.iter().copied()).map(|labels| format!("{labels:?}"));
            assert_eq!(found, expect.map(str::to_owned), "{pairs:?}");
        };
        check(&[("b", "2"), ("__name__", "up"), ("a", "1")], Ok(r#"up{a="1",b="2"}"#));
        check(&[("a", ""), ("b", "é\n")], Ok(r#"{b="é\n"}"#));
        check(&[("a", "1"), ("a", "")], Ok(r#"{a="1"}"#));
        check(&[("a", "1"), ("a", "1")], Err(LabelError::Duplicate("a".into())));
        check(&[("", "1")], Err(LabelError::EmptyName));
        check(&[("", "")], Ok("{}"));
    }

    #[test]
    fn names_are_checked_by_the_receivers_rules() {
        let check = |pairs: &[(&str, &str)], legacy: Result<(), LabelError>, utf8: Result<(), LabelError>| {
            let labels = Labels::new(pairs.iter().copied()).unwrap();
            assert_eq!(labels.check(NameRules::Legacy), legacy, "{labels:?}");
            assert_eq!(labels.check(NameRules::Utf8), utf8, "{labels:?}");
        };
        check(&[("__name__", "a:b_1"), ("_x", "1")], Ok(()), Ok(()));
        check(&[("x", "1")], Err(LabelError::NoMetricName), Err(LabelError::NoMetricName));
        check(&[("__name__", "1a")], Err(LabelError::MetricName("1a".into())), Ok(()));
        let dotted = LabelError::LabelName("a.b".into());
        check(&[("__name__", "a"), ("a.b", "1")], Err(dotted), Ok(()));
        check(&[("__name__", "a"), ("a:b", "1")], Err(LabelError::LabelName("a:b".into())), Ok(()));
        let reserved = LabelError::LabelName("__x".into());
        check(&[("__name__", "a"), ("__x", "1")], Err(reserved.clone()), Err(reserved));
    }

    #[test]
    fn setting_keeps_the_order() {
        let mut labels = Labels::new([("b", "1")]).unwrap();
        labels.set("a", "2");
        labels.set("c", "3");
        labels.set("b", "");
        labels.set("", "x");
        labels.set("a", "4");
        assert_eq!(format!("{labels:?}"), r#"{a="4",c="3"}"#);
    }

    proptest::proptest! {
        /// A map that never holds an empty value is the model.
        #[test]
        fn labels_are_a_sorted_map(steps in proptest::collection::vec(("[a-c_]{0,2}", "[x-z]{0,1}"), 0..20)) {
            let mut labels = Labels::default();
            let mut model = std::collections::BTreeMap::new();
            for (name, value) in steps {
                labels.set(name.as_str(), value.as_str());
                match value.is_empty() {
                    true => drop(model.remove(&name)),
                    false if name.is_empty() => {}
                    false => drop(model.insert(name, value)),
                }
            }
            let expect = Labels::new(model.iter().map(|(name, value)| (name.as_str(), value.as_str()))).unwrap();
            assert_eq!(labels, expect);
            assert!(model.iter().all(|(name, value)| labels.get(name) == Some(value.as_str())));
            assert_eq!(labels.fingerprint(), expect.fingerprint());
        }
    }
}
