//! Text exposition 0.0.4.

use std::fmt::Write;

use super::family::{Family, Histogram, Kind, Sample, Value};

/// Appends one family.
pub(super) fn encode(family: &Family, out: &mut String) {
    let kind = match family.kind {
        Kind::Counter => "counter",
        Kind::Gauge => "gauge",
        Kind::Histogram => "histogram",
    };
    let help = family.help.replace('\\', "\\\\").replace('\n', "\\n");
    push(out, format_args!("# HELP {} {help}\n# TYPE {} {kind}\n", family.name, family.name));
    for sample in &family.samples {
        match &sample.value {
            Value::Counter(value) | Value::Gauge(value) => line(out, &family.name, sample, None, *value),
            Value::Histogram(histogram) => buckets(out, &family.name, sample, histogram),
        }
    }
}

fn buckets(out: &mut String, name: &str, sample: &Sample, histogram: &Histogram) {
    let bucket = format!("{name}_bucket");
    for (bound, count) in &histogram.buckets {
        line(out, &bucket, sample, Some(*bound), count_value(*count));
    }
    line(out, &bucket, sample, Some(f64::INFINITY), count_value(histogram.count));
    line(out, &format!("{name}_sum"), sample, None, histogram.sum);
    line(out, &format!("{name}_count"), sample, None, count_value(histogram.count));
}

fn line(out: &mut String, name: &str, sample: &Sample, le: Option<f64>, value: f64) {
    out.push_str(name);
    let le = le.map(number);
    let labels = sample.labels.iter().map(|(n, v)| (n.as_str(), v.as_str()));
    let labels = labels.chain(le.as_deref().map(|bound| ("le", bound)));
    for (index, (name, value)) in labels.enumerate() {
        let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        push(out, format_args!("{}{name}=\"{value}\"", if index == 0 { '{' } else { ',' }));
    }
    if !sample.labels.is_empty() || le.is_some() {
        out.push('}');
    }
    push(out, format_args!(" {}\n", number(value)));
}

/// Go's spelling of a float, which every parser of this format takes.
fn number(value: f64) -> String {
    match value {
        f64::INFINITY => "+Inf".into(),
        f64::NEG_INFINITY => "-Inf".into(),
        value if value.is_nan() => "NaN".into(),
        value => value.to_string(),
    }
}

#[expect(clippy::cast_precision_loss, reason = "the format has only floats")]
fn count_value(count: u64) -> f64 {
    count as f64
}

fn push(out: &mut String, arguments: std::fmt::Arguments<'_>) {
    out.write_fmt(arguments).expect("writing to a String cannot fail");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_has_its_buckets_and_escaped_labels() {
        let histogram = Histogram { count: 3, sum: 1.5, buckets: vec![(0.1, 1), (1.0, 2)], native: None };
        let family = Family::new("call_seconds", "How long.\nReally", Kind::Histogram)
            .with([("q", "a\"b\\c\nd")], Value::Histogram(histogram));
        let mut out = String::new();
        encode(&family, &mut out);
        let labels = r#"q="a\"b\\c\nd""#;
        assert_eq!(
            out,
            format!(
                "# HELP call_seconds How long.\\nReally\n# TYPE call_seconds histogram\n\
                 call_seconds_bucket{{{labels},le=\"0.1\"}} 1\n\
                 call_seconds_bucket{{{labels},le=\"1\"}} 2\n\
                 call_seconds_bucket{{{labels},le=\"+Inf\"}} 3\n\
                 call_seconds_sum{{{labels}}} 1.5\n\
                 call_seconds_count{{{labels}}} 3\n"
            )
        );
    }
}
