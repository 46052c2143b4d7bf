//! The samples of a profile by the span that they are of, as OpenTelemetry's integrations of SDKs mark them.

use std::collections::{BTreeMap, BTreeSet};

use profile_model::{
    BatchHead, BatchType, LabelValue, Labels, Profile, ProfileBatch, Sample, StackId, StringId, Symbols,
    Transfer,
};

/// The label of a span; Go's and .NET's integrations have the older name.
pub const SPAN: &str = "span_id";
const NAMES: [&str; 2] = [SPAN, "profile_id"];
/// The most spans of one profile that are told apart.
const MOST_SPANS: usize = 10_000;

/// Whether a text is the id of a span.
pub(crate) fn is_id(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The positions of the samples of each span, by its id in small letters.
pub(crate) type Rows = BTreeMap<String, Vec<usize>>;

/// The samples that are of a span, apart by the other labels that are taken. Nothing where there are more spans than
/// anybody asks for.
///
/// `texts` are the [text labels](Profile::text_labels) of the profile.
pub(crate) fn rows(
    profile: &Profile,
    texts: &BTreeSet<&str>,
    takes: impl Fn(&str) -> bool,
) -> BTreeMap<Labels, Rows> {
    let mut found: BTreeMap<Labels, Rows> = BTreeMap::new();
    if NAMES.iter().all(|name| !texts.contains(name)) {
        return found;
    }
    let mut spans = 0;
    for (at, sample) in profile.samples.iter().enumerate() {
        let Some(id) = id(&profile.symbols, &sample) else { continue };
        let others = sample.labels.iter().map(|label| (profile.symbols.string(label.key), label.value));
        let others = others.filter(|(name, _)| takes(name) && !NAMES.contains(name));
        let others: Labels = others.map(|(name, value)| (name, profile.label_text(value))).collect();
        let rows = found.entry(others).or_default().entry(id).or_default();
        spans += usize::from(rows.is_empty());
        rows.push(at);
    }
    if spans > MOST_SPANS { BTreeMap::new() } else { found }
}

fn id(symbols: &Symbols, sample: &Sample<'_>) -> Option<String> {
    let ids = sample.labels.iter().filter_map(|label| match label.value {
        LabelValue::Text(text) if NAMES.contains(&symbols.string(label.key)) => Some(symbols.string(text)),
        _ => None,
    });
    ids.filter(|id| is_id(id)).map(str::to_ascii_lowercase).next()
}

/// What was measured in each of these spans, of some sample types that are about a time of this length: a profile each,
/// with the labels of its series and `span_id`. The types have no name yet.
pub(crate) fn batch(
    profile: &Profile,
    spans: &Rows,
    labels: &Labels,
    types: &[usize],
    length: i64,
) -> ProfileBatch {
    let mut batch = ProfileBatch { types: batch_types(profile, types), ..ProfileBatch::default() };
    let mut transfer = Transfer::new(&profile.symbols);
    for (id, rows) in spans {
        let samples = || rows.iter().filter_map(|row| profile.samples.get(*row));
        let stacks: Vec<StackId> =
            samples().map(|sample| transfer.stack(&mut batch.symbols, sample.stack)).collect();
        let Some(set) = label_set(&mut batch, labels, id) else { continue };
        for (of_type, at) in (0..).zip(types) {
            batch.stacks.extend(&stacks);
            batch.values.extend(samples().map(|sample| sample.values[*at]));
            batch.heads.push(BatchHead {
                of_type,
                set,
                time_nanos: profile.time_nanos,
                duration_nanos: length,
                period: profile.period,
                rows_end: batch.stacks.len(),
            });
        }
    }
    batch
}

fn batch_types(profile: &Profile, types: &[usize]) -> Vec<BatchType> {
    let of = |at: &usize| BatchType {
        name: String::new(),
        sample_type: profile.sample_types[*at].clone(),
        period_type: profile.period_type.clone().unwrap_or_default(),
    };
    types.iter().map(of).collect()
}

/// The position of the labels of a series with a span in the place of one that is among them.
fn label_set(batch: &mut ProfileBatch, labels: &Labels, span: &str) -> Option<u32> {
    let others = labels.iter().filter(|(name, _)| ![pql::NAME_LABEL, SPAN].contains(name));
    let whole: Labels = others.chain([(SPAN, span)]).collect();
    let mut text = |text| batch.sets.intern_text(text);
    let pairs: Vec<(StringId, StringId)> =
        whole.iter().map(|(name, value)| (text(name), text(value))).collect();
    batch.sets.intern(&pairs).and_then(|(at, _)| u32::try_from(at).ok())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use profile_model::{SampleLabel, ValueType};

    use super::*;

    fn profile(samples: &[(i64, &[(&str, &str)])]) -> Profile {
        let types = [ValueType::new("samples", "count"), ValueType::new("cpu", "nanoseconds")];
        let mut profile = Profile::new(types.to_vec());
        for (value, labels) in samples {
            let label = |(key, value): &(&str, &str)| {
                let [key, value] = [key, value].map(|text| profile.symbols.intern_string(text));
                SampleLabel { key, value: LabelValue::Text(value) }
            };
            let labels: Vec<SampleLabel> = labels.iter().map(label).collect();
            profile.samples.push(Sample {
                stack: StackId::EMPTY,
                values: &[*value, *value * 10],
                labels: &labels,
            });
        }
        profile
    }

    fn rows(profile: &Profile, takes: impl Fn(&str) -> bool) -> BTreeMap<Labels, Rows> {
        super::rows(profile, &profile.text_labels(), takes)
    }

    #[test]
    fn samples_are_told_apart_by_span_and_by_what_else_is_taken() {
        let (first, second) = ("0123456789abcdef", "ffff456789abcdef");
        let profile = profile(&[
            (1, &[("span_id", first)]),
            (2, &[("profile_id", "0123456789ABCDEF"), ("thread", "7")]),
            (4, &[("span_id", first), ("tag", "x")]),
            (8, &[("span_id", second), ("tag", "x")]),
            (16, &[("span_id", "no id")]),
            (32, &[("tag", "x")]),
        ]);
        let rows = rows(&profile, |name| name == "tag");
        let shown: Vec<(String, &str, &[usize])> = rows
            .iter()
            .flat_map(|(labels, spans)| {
                spans.iter().map(|(id, rows)| (labels.to_string(), id.as_str(), rows.as_slice()))
            })
            .collect();
        let tagged = r#"{tag="x"}"#.to_owned();
        assert_eq!(
            shown,
            [("{}".to_owned(), first, &[0, 1][..]), (tagged.clone(), first, &[2]), (tagged, second, &[3])]
        );
        let labels: Labels =
            [("__name__", "x"), ("service_name", "shop"), ("span_id", "series")].into_iter().collect();
        let batch = batch(&profile, &rows[&Labels::default()], &labels, &[1, 0], 5);
        let heads: Vec<(String, String, i64, Vec<i64>)> = batch
            .profiles()
            .map(|(head, rows)| {
                let of_type = batch.type_of(head).sample_type.to_string();
                let labels = batch.sets.labels(head.set as usize).to_string();
                (of_type, labels, head.duration_nanos, rows.map(|(_, value)| value).collect())
            })
            .collect();
        let labels = format!(r#"{{service_name="shop", span_id="{first}"}}"#);
        assert_eq!(
            heads,
            [
                ("cpu/nanoseconds".to_owned(), labels.clone(), 5, vec![10, 20]),
                ("samples/count".to_owned(), labels, 5, vec![1, 2]),
            ]
        );
    }

    #[test]
    fn profiles_without_spans_or_with_too_many_have_none() {
        assert!(rows(&profile(&[(1, &[("tag", "x")])]), |_| true).is_empty());
        let ids: Vec<String> = (0..=MOST_SPANS).map(|at| format!("{at:016x}")).collect();
        let labels: Vec<[(&str, &str); 1]> = ids.iter().map(|id| [("span_id", id.as_str())]).collect();
        let samples: Vec<(i64, &[(&str, &str)])> =
            labels.iter().map(|labels| (1, labels.as_slice())).collect();
        assert!(rows(&profile(&samples), |_| true).is_empty());
        assert_eq!(rows(&profile(&samples[1..]), |_| true)[&Labels::default()].len(), MOST_SPANS);
    }
}
