//! Series for people and scripts to look at, instead of a receiver.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io;

use relabel::METRIC_NAME;
use remote_write::{Series, is_stale};
use serde_json::{Map, Value, json};

/// Writes series as Prometheus' text format has them, with timestamps; help and type stand before the
/// first of a metric that `known` does not have yet. Markers of ended series are comments.
pub fn write_text(
    series: &[Series],
    known: &mut BTreeSet<String>,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    // The format wants the samples of a metric in one block; people want the largest first.
    let mut sorted: Vec<&Series> = series.iter().collect();
    let value = |one: &Series| {
        let value = one.samples.first().map_or(f64::NAN, |sample| sample.value);
        if value.is_nan() { f64::NEG_INFINITY } else { value }
    };
    sorted.sort_by(|a, b| {
        let by_name = a.labels.metric_name().cmp(&b.labels.metric_name());
        by_name.then_with(|| value(b).total_cmp(&value(a))).then_with(|| a.labels.cmp(&b.labels))
    });
    for one in sorted {
        let name = one.labels.metric_name().unwrap_or_default();
        if let Some(metadata) = &one.metadata
            && !known.contains(name)
        {
            known.insert(name.to_owned());
            let help = metadata.help.replace('\\', "\\\\").replace('\n', "\\n");
            let unit = &metadata.unit;
            let unit = if unit.is_empty() { String::new() } else { format!(" In {unit}.") };
            writeln!(out, "# HELP {name} {help}{unit}\n# TYPE {name} gauge")?;
        }
        let labels = labels_text(one);
        for sample in &one.samples {
            match is_stale(sample.value) {
                true => writeln!(out, "# ended: {name}{labels} {}", sample.timestamp_ms)?,
                false => writeln!(out, "{name}{labels} {} {}", number(sample.value), sample.timestamp_ms)?,
            }
        }
    }
    Ok(())
}

/// One line of JSON for each sample: `metric`, `labels`, `value` (`null` where the series ended) and
/// `timestamp_ms`.
pub fn write_json(series: &[Series], out: &mut dyn io::Write) -> io::Result<()> {
    for one in series {
        let labels: Map<String, Value> = one
            .labels
            .iter()
            .filter(|(name, _)| *name != METRIC_NAME)
            .map(|(name, value)| (name.to_owned(), value.into()))
            .collect();
        for sample in &one.samples {
            let line = json!({
                "metric": one.labels.metric_name(),
                "labels": labels,
                // A number that JSON does not have (a NaN) becomes null, as the marker does.
                "value": sample.value,
                "timestamp_ms": sample.timestamp_ms,
            });
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}

fn labels_text(one: &Series) -> String {
    let mut text = String::new();
    for (name, value) in one.labels.iter().filter(|(name, _)| *name != METRIC_NAME) {
        let separator = if text.is_empty() { "{" } else { "," };
        let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        write!(text, "{separator}{name}=\"{value}\"").expect("writing to a string does not fail");
    }
    if !text.is_empty() {
        text.push('}');
    }
    text
}

fn number(value: f64) -> String {
    match value {
        value if value.is_nan() => "NaN".to_owned(),
        f64::INFINITY => "+Inf".to_owned(),
        f64::NEG_INFINITY => "-Inf".to_owned(),
        value => value.to_string(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use relabel::Labels;
    use remote_write::{Metadata, MetricKind, stale_marker};

    use super::*;

    fn series() -> Vec<Series> {
        let labels = |name: &str| {
            Labels::new([("__name__", "flat"), ("function_name", name), ("query", r#"a{b="c"}"#)]).unwrap()
        };
        let help = "What it took\nitself.".into();
        let metadata = Metadata { kind: MetricKind::Gauge, help, unit: "seconds".into() };
        let mut ended = Series::new(labels("old"), stale_marker(), 2000);
        ended.metadata = None;
        vec![Series::new(labels("a\\b"), 0.25, 2000).with_metadata(metadata), ended]
    }

    #[test]
    fn text_is_what_a_scrape_would_be() {
        let (mut known, mut out) = (BTreeSet::new(), Vec::new());
        write_text(&series(), &mut known, &mut out).unwrap();
        write_text(&series()[..1], &mut known, &mut out).unwrap();
        let expect = r#"# HELP flat What it took\nitself. In seconds.
# TYPE flat gauge
flat{function_name="a\\b",query="a{b=\"c\"}"} 0.25 2000
# ended: flat{function_name="old",query="a{b=\"c\"}"} 2000
flat{function_name="a\\b",query="a{b=\"c\"}"} 0.25 2000
"#;
        assert_eq!(String::from_utf8(out).unwrap(), expect);
    }

    #[test]
    fn json_has_a_line_for_each_sample() {
        let mut out = Vec::new();
        write_json(&series(), &mut out).unwrap();
        let lines: Vec<Value> =
            String::from_utf8(out).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let labels = json!({"function_name": "a\\b", "query": "a{b=\"c\"}"});
        let expect = json!({"metric": "flat", "labels": labels, "value": 0.25, "timestamp_ms": 2000});
        assert_eq!(lines[0], expect);
        assert_eq!(lines[1]["value"], Value::Null);
    }
}
