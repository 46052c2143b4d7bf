//! The samples of a profile by the span that they are of, as OpenTelemetry's integrations of SDKs mark them.

use std::collections::BTreeMap;

use profile_model::{Labels, Profile};

/// The label of a span; Go's and .NET's integrations have the older name.
pub(crate) const SPAN: &str = "span_id";
const NAMES: [&str; 2] = [SPAN, "profile_id"];
/// The most parts that one profile is parted into by its spans and other labels.
const MOST_PARTS: usize = 10_000;

/// Whether a text is the id of a span.
pub(crate) fn is_id(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Ids in small letters with what was measured in each span.
pub(crate) type OfSpans = Vec<(String, Profile)>;

/// The samples of each span, apart by the other labels that are taken. Nothing where there are more parts than anybody
/// asks for.
pub(crate) fn by_span(profile: &Profile, takes: impl Fn(&str) -> bool) -> BTreeMap<Labels, OfSpans> {
    let mut found: BTreeMap<Labels, OfSpans> = BTreeMap::new();
    if NAMES.iter().all(|name| !profile.text_labels().contains(name)) {
        return found;
    }
    let parts = profile.split_by_labels(|name| takes(name) || NAMES.contains(&name), MOST_PARTS);
    for (labels, part) in parts.into_iter().flatten() {
        let id = NAMES.iter().find_map(|name| labels.get(name)).filter(|id| is_id(id));
        if let Some(id) = id.map(str::to_ascii_lowercase) {
            let others = labels.filter(|name| !NAMES.contains(&name));
            found.entry(others).or_default().push((id, part));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use profile_model::{LabelValue, Sample, SampleLabel, StackId, ValueType};

    use super::*;

    #[test]
    fn samples_are_parted_by_span_and_by_what_else_is_taken() {
        let mut profile = Profile::new(vec![ValueType::new("cpu", "nanoseconds")]);
        for (value, labels) in [
            (1, &[("span_id", "0123456789abcdef")][..]),
            (2, &[("profile_id", "0123456789ABCDEF"), ("thread", "7")]),
            (4, &[("span_id", "0123456789abcdef"), ("tag", "x")]),
            (8, &[("span_id", "ffff456789abcdef"), ("tag", "x")]),
            (16, &[("span_id", "no id")]),
            (32, &[("tag", "x")]),
        ] {
            let label = |(key, value): &(&str, &str)| {
                let [key, value] = [key, value].map(|text| profile.symbols.intern_string(text));
                SampleLabel { key, value: LabelValue::Text(value) }
            };
            let labels: Vec<SampleLabel> = labels.iter().map(label).collect();
            profile.samples.push(Sample { stack: StackId::EMPTY, values: &[value], labels: &labels });
        }
        let shown: Vec<(String, String, i128)> = by_span(&profile, |name| name == "tag")
            .into_iter()
            .flat_map(|(labels, spans)| {
                spans.into_iter().map(move |(id, part)| (labels.to_string(), id, part.samples.total(0)))
            })
            .collect();
        let row = |labels: &str, id: &str, total| (labels.to_owned(), id.to_owned(), total);
        assert_eq!(
            shown,
            [
                row("{}", "0123456789abcdef", 2),
                row("{}", "0123456789abcdef", 1),
                row(r#"{tag="x"}"#, "0123456789abcdef", 4),
                row(r#"{tag="x"}"#, "ffff456789abcdef", 8),
            ]
        );
        let none = Profile::new(vec![ValueType::new("cpu", "nanoseconds")]);
        assert!(by_span(&none, |_| true).is_empty());
    }
}
