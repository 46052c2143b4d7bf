//! Profiles as SDKs of Pyroscope send them, made such that a Parca's store can keep and find them.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use profile_codec::pprof::{self, DecodeError, Limits};
use profile_model::{Labels, Profile};
use relabel::NameRules;

use crate::sink::Pushed;
use crate::{ApiError, Code, names, spans};

/// What is known of a profile besides itself.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    pub(crate) labels: Vec<(String, String)>,
    /// The time that it is about, in nanoseconds since 1970, where the sender said one.
    pub(crate) from: i64,
    /// How long that is; 0 where it is not known.
    pub(crate) length: i64,
}

/// How long SDKs collect unless they are told otherwise: what a delta without a duration is taken for.
const USUAL_LENGTH: i64 = 15_000_000_000;
/// Times before this are none: old agents wrote microseconds.
const YEAR_1971: i64 = 31_536_000_000_000_000;
/// The most series that one profile is parted into by labels of its samples.
const MOST_SERIES: usize = 1000;
/// Labels of samples that are about one request each, and would be a series each.
const OF_REQUESTS: [&str; 4] = ["span_id", "trace_id", "profile_id", "span_name"];
/// Labels that are new with each start or release of a program, and would be a series each.
const CHANGING: [&str; 3] = ["__session_id__", "otel.scope.version", "process.runtime.version"];

impl Origin {
    pub(crate) fn now(labels: Vec<(String, String)>) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { labels, from: i64::try_from(since.as_nanos()).unwrap_or(i64::MAX), length: 0 }
    }
}

/// Reads a pprof, compressed or not, into one profile or several. No bytes are no profile. `expanded` counts what the
/// profiles of the request have expanded to so far, which is at most `limit` for all of them together.
pub(crate) fn normal(
    of: &Origin,
    bytes: Bytes,
    limit: usize,
    expanded: &mut usize,
    into: &mut Vec<Pushed>,
) -> Result<(), ApiError> {
    if bytes.is_empty() {
        return Ok(());
    }
    let mut limits = Limits::default();
    limits.max_decoded_bytes = limit;
    let read =
        pprof::unpack(&bytes, &limits, expanded).and_then(|plain| pprof::decode_unpacked(&plain, &limits));
    let profile = read.map_err(|error| match error {
        DecodeError::TooLarge { .. } => {
            ApiError::new(Code::ResourceExhausted, format!("expanded_size: {error}: send less at a time"))
        }
        error => ApiError::invalid(format!("malformed profile: {error}")),
    })?;
    keep(of, profile, bytes, into)
}

/// Keeps a profile that was read already, as one or several.
pub(crate) fn keep(
    of: &Origin,
    mut profile: Profile,
    bytes: Bytes,
    into: &mut Vec<Pushed>,
) -> Result<(), ApiError> {
    if profile.time_nanos < YEAR_1971 {
        profile.time_nanos = of.from;
    }
    for sample_type in &mut profile.sample_types {
        // As some SDKs of .NET name them.
        sample_type.name = sample_type.name.replace('-', "_");
    }
    let series = labels(&of.labels)?;
    let texts = profile.text_labels();
    let takes = |name: &str| {
        texts.contains(name)
            && !OF_REQUESTS.contains(&name)
            && NameRules::Legacy.is_label_name(&underscored(name))
    };
    let mut rows_of_spans = spans::rows(&profile, &texts, takes);
    let parts = profile
        .split_by_labels(takes, MOST_SERIES)
        .unwrap_or_else(|| vec![(Labels::default(), profile.with_types(&all_types(&profile)))]);
    for (own, part) in parts {
        let of_spans = rows_of_spans.remove(&own).unwrap_or_default();
        let own = own.iter().map(|(name, value)| (underscored(name), value.to_owned()));
        // Labels of the series win.
        let pairs = own.chain(series.iter().map(|(name, value)| (name.to_owned(), value.to_owned())));
        let labels: Labels = pairs.collect();
        for (length, types) in lengths(&part, of.length) {
            let spans = spans::batch(&profile, &of_spans, &labels, &types, length);
            let profile = of_types(&part, &types, length);
            into.push(Pushed { labels: labels.clone(), profile, bytes: bytes.clone(), spans });
        }
    }
    Ok(())
}

/// Some sample types of a profile, which are about a time of this length.
fn of_types(profile: &Profile, types: &[usize], length: i64) -> Profile {
    let is_whole = types.len() == profile.sample_types.len();
    let part = if is_whole { profile.clone() } else { profile.with_types(types) };
    Profile { duration_nanos: length, ..part }
}

fn all_types(profile: &Profile) -> Vec<usize> {
    (0..profile.sample_types.len()).collect()
}

/// The sample types by their duration. A profile without one has sums since the last one beside snapshots, and only
/// the former are about a span of time.
fn lengths(profile: &Profile, length: i64) -> Vec<(i64, Vec<usize>)> {
    if profile.duration_nanos != 0 {
        return vec![(profile.duration_nanos, all_types(profile))];
    }
    let is_sum = |at: &usize| is_sum(&profile.sample_types[*at].name);
    let (sums, snapshots): (Vec<usize>, Vec<usize>) = all_types(profile).into_iter().partition(is_sum);
    let length = if length > 0 { length } else { USUAL_LENGTH };
    [(length, sums), (0, snapshots)].into_iter().filter(|(_, types)| !types.is_empty()).collect()
}

fn is_sum(sample_type: &str) -> bool {
    ["alloc_", "lock_"].iter().any(|start| sample_type.starts_with(start))
        || ["contentions", "delay", "cpu", "samples", "wall", "exception", "exceptions"]
            .contains(&sample_type)
}

/// The labels of a series: names that selectors can say, those that change with every start left out.
fn labels(pairs: &[(String, String)]) -> Result<Labels, ApiError> {
    let mut kept: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in pairs.iter().filter(|(name, value)| is_kept(name) && !value.is_empty()) {
        let fitted = underscored(name);
        if !NameRules::Legacy.is_label_name(&fitted) {
            return Err(ApiError::invalid(format!(
                "invalid labels: expected names of letters, digits, `_` and `.`, found `{name}`"
            )));
        }
        match kept.get(&fitted) {
            Some(other) if other != value => {
                let words = format!("invalid labels: `{fitted}` is there twice, as `{other}` and `{value}`");
                return Err(ApiError::invalid(words));
            }
            _ => kept.insert(fitted, value.clone()),
        };
    }
    kept.entry(names::SERVICE.to_owned()).or_insert_with(|| names::UNKNOWN_SERVICE.to_owned());
    Ok(kept.into_iter().collect())
}

fn is_kept(name: &str) -> bool {
    !CHANGING.contains(&name) && (name == pql::NAME_LABEL || !name.starts_with("__"))
}

fn underscored(name: &str) -> String {
    name.replace(['.', ' ', '-', '/'], "_")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use profile_model::{Sample, StackId, ValueType};

    use super::*;

    fn origin(labels: &[(&str, &str)]) -> Origin {
        let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Origin { labels, from: 1_700_000_000_000_000_000, length: 10_000_000_000 }
    }

    fn heap() -> Profile {
        let types = [("alloc_space", "bytes"), ("inuse_space", "bytes")];
        let mut profile = Profile::new(types.map(|(name, unit)| ValueType::new(name, unit)).to_vec());
        let [name, key, value] = ["main", "tag", "x"].map(|text| profile.symbols.intern_string(text));
        let _ = name;
        let label = profile_model::SampleLabel { key, value: profile_model::LabelValue::Text(value) };
        profile.samples.push(Sample { stack: StackId::EMPTY, values: &[5, 7], labels: &[label] });
        profile.samples.push(Sample { stack: StackId::EMPTY, values: &[1, 1], labels: &[] });
        profile
    }

    fn shown(origin: &Origin, profile: Profile) -> Result<Vec<String>, String> {
        let mut found = Vec::new();
        keep(origin, profile, Bytes::new(), &mut found).map_err(|error| error.message)?;
        let show = |pushed: Pushed| {
            let types: Vec<String> = pushed.profile.sample_types.iter().map(ToString::to_string).collect();
            let Profile { time_nanos, duration_nanos, .. } = pushed.profile;
            format!(
                "{} {} {} s {}",
                pushed.labels,
                types.join(" "),
                duration_nanos / 1_000_000_000,
                time_nanos / 1_000_000_000
            )
        };
        Ok(found.into_iter().map(show).collect())
    }

    #[test]
    fn sums_get_a_duration_and_snapshots_none_and_tags_are_labels() {
        let found = shown(&origin(&[("__name__", "memory"), ("service_name", "api")]), heap()).unwrap();
        assert_eq!(
            found,
            [
                r#"{__name__="memory", service_name="api"} alloc_space/bytes 10 s 1700000000"#,
                r#"{__name__="memory", service_name="api"} inuse_space/bytes 0 s 1700000000"#,
                r#"{__name__="memory", service_name="api", tag="x"} alloc_space/bytes 10 s 1700000000"#,
                r#"{__name__="memory", service_name="api", tag="x"} inuse_space/bytes 0 s 1700000000"#,
            ]
        );
    }

    #[test]
    fn a_profile_with_time_and_duration_keeps_both() {
        let mut profile = heap();
        (profile.time_nanos, profile.duration_nanos) = (1_600_000_000_000_000_000, 5_000_000_000);
        let found = shown(&origin(&[("__name__", "memory")]), profile).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(
            found[0],
            r#"{__name__="memory", service_name="unknown_service"} alloc_space/bytes inuse_space/bytes 5 s 1600000000"#
        );
    }

    #[test]
    fn labels_are_such_as_selectors_can_say() {
        let check = |pairs: &[(&str, &str)], expect: Result<&str, &str>| {
            let pairs: Vec<(String, String)> =
                pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            let found = labels(&pairs).map(|labels| labels.to_string()).map_err(|error| error.message);
            match (found, expect) {
                (Ok(found), Ok(expect)) => assert_eq!(found, expect),
                (Err(found), Err(expect)) => assert!(found.contains(expect), "{found}"),
                (found, expect) => panic!("{found:?} {expect:?}"),
            }
        };
        let scope = ("otel.scope.name", "go");
        check(
            &[scope, ("__session_id__", "1"), ("otel.scope.version", "2"), ("__delta__", "false")],
            Ok(r#"{otel_scope_name="go", service_name="unknown_service"}"#),
        );
        check(
            &[scope, ("otel_scope_name", "go")],
            Ok(r#"{otel_scope_name="go", service_name="unknown_service"}"#),
        );
        check(&[scope, ("otel_scope_name", "py")], Err("`otel_scope_name` is there twice"));
        check(&[("ümlaut", "x")], Err("found `ümlaut`"));
        check(&[("service_name", "a b=c/d")], Ok(r#"{service_name="a b=c/d"}"#));
    }
}
