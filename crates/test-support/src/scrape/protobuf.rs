use parca_proto::prometheus as wire;
use prost::Message;

use super::{Family, Histogram, Kind, Native, Sample, Scrape, Value};

pub(super) fn decode(mut bytes: &[u8]) -> Result<Scrape, String> {
    let mut scrape = Scrape::default();
    while !bytes.is_empty() {
        let family =
            wire::MetricFamily::decode_length_delimited(&mut bytes).map_err(|error| error.to_string())?;
        let name = family.name.clone();
        let family = from_wire(family).map_err(|words| format!("`{name}`: {words}"))?;
        if scrape.families.insert(name.clone(), family).is_some() {
            return Err(format!("`{name}` comes twice"));
        }
    }
    Ok(scrape)
}

fn from_wire(family: wire::MetricFamily) -> Result<Family, String> {
    let kind = match family.r#type() {
        wire::MetricType::Counter => Kind::Counter,
        wire::MetricType::Gauge => Kind::Gauge,
        wire::MetricType::Histogram => Kind::Histogram,
        wire::MetricType::Summary => Kind::Summary,
        _ => Kind::Untyped,
    };
    let samples = family.metric.iter().map(sample).collect::<Result<_, _>>()?;
    Ok(Family { kind, help: family.help, samples })
}

fn sample(metric: &wire::Metric) -> Result<Sample, String> {
    let labels = metric.label.iter().map(|label| (label.name.clone(), label.value.clone())).collect();
    let value = match metric {
        wire::Metric { counter: Some(counter), .. } => Value::Number(counter.value),
        wire::Metric { gauge: Some(gauge), .. } => Value::Number(gauge.value),
        wire::Metric { histogram: Some(wire), .. } => Value::Histogram(histogram(wire)?),
        other => return Err(format!("expected a value, found {other:?}")),
    };
    Ok(Sample { labels, value })
}

fn histogram(wire: &wire::Histogram) -> Result<Histogram, String> {
    let native = wire.schema.map(|schema| {
        let positive = resolved(&wire.positive_span, &wire.positive_delta)?;
        Ok::<_, String>(Native { schema, zero_count: wire.zero_count, positive })
    });
    Ok(Histogram {
        count: wire.sample_count,
        sum: wire.sample_sum,
        buckets: wire.bucket.iter().map(|bucket| (bucket.upper_bound, bucket.cumulative_count)).collect(),
        native: native.transpose()?,
    })
}

/// Spans say which buckets there are, deltas how much more each holds than the one before.
fn resolved(spans: &[wire::BucketSpan], deltas: &[i64]) -> Result<Vec<(i32, i64)>, String> {
    let spanned: u64 = spans.iter().map(|span| u64::from(span.length)).sum();
    if spanned != deltas.len() as u64 {
        return Err(format!("expected {spanned} deltas, found {}", deltas.len()));
    }
    let mut deltas = deltas.iter();
    let (mut index, mut count, mut buckets) = (0_i32, 0_i64, Vec::new());
    for span in spans {
        index = index.wrapping_add(span.offset);
        for delta in deltas.by_ref().take(span.length as usize) {
            count = count.wrapping_add(*delta);
            buckets.push((index, count));
            index = index.wrapping_add(1);
        }
    }
    Ok(buckets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_and_deltas_become_buckets() {
        let span = |offset, length| wire::BucketSpan { offset, length };
        assert_eq!(resolved(&[span(-3, 2), span(1, 1)], &[2, -1, 4]), Ok(vec![(-3, 2), (-2, 1), (0, 5)]));
        assert_eq!(resolved(&[span(0, 0)], &[]), Ok(vec![]));
        assert!(resolved(&[span(0, 2)], &[1]).is_err());
    }

    #[test]
    fn hostile_bytes_are_errors() {
        assert!(decode(&[0xff, 0xff, 0xff]).is_err());
        assert!(decode(b"# TYPE up gauge\nup 1\n").is_err());
    }
}
