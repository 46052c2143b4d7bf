//! Length-delimited `io.prometheus.client.MetricFamily`.

use parca_proto::prometheus as wire;
use prost::Message;

use super::family::{Family, Histogram, Kind, NativeBuckets, Sample, Value};

/// Appends one family with its length in front.
pub(super) fn encode(family: &Family, out: &mut Vec<u8>) {
    let kind = match family.kind {
        Kind::Counter => wire::MetricType::Counter,
        Kind::Gauge => wire::MetricType::Gauge,
        Kind::Histogram => wire::MetricType::Histogram,
    };
    let message = wire::MetricFamily {
        name: family.name.clone(),
        help: family.help.clone(),
        r#type: kind.into(),
        metric: family.samples.iter().map(metric).collect(),
        unit: String::new(),
    };
    message.encode_length_delimited(out).expect("a Vec grows as needed");
}

fn metric(sample: &Sample) -> wire::Metric {
    let pair =
        |(name, value): &(String, String)| wire::LabelPair { name: name.clone(), value: value.clone() };
    let mut metric = wire::Metric { label: sample.labels.iter().map(pair).collect(), ..Default::default() };
    match &sample.value {
        Value::Counter(value) => metric.counter = Some(wire::Counter { value: *value }),
        Value::Gauge(value) => metric.gauge = Some(wire::Gauge { value: *value }),
        Value::Histogram(value) => metric.histogram = Some(histogram(value)),
    }
    metric
}

/// Native buckets where there are any, classic ones only where there are none: a server that was
/// told to scrape protobuf prefers the former and need not be sent both.
fn histogram(histogram: &Histogram) -> wire::Histogram {
    let base =
        wire::Histogram { sample_count: histogram.count, sample_sum: histogram.sum, ..Default::default() };
    match &histogram.native {
        Some(native) => with_native(base, native),
        None => wire::Histogram { bucket: histogram.buckets.iter().map(bucket).collect(), ..base },
    }
}

fn bucket(&(upper_bound, cumulative_count): &(f64, u64)) -> wire::Bucket {
    wire::Bucket { cumulative_count, upper_bound }
}

fn with_native(base: wire::Histogram, native: &NativeBuckets) -> wire::Histogram {
    let (mut positive_span, positive_delta) = spans(&native.positive);
    if positive_span.is_empty() {
        // An empty histogram is told from a classic one by a span that holds nothing.
        positive_span.push(wire::BucketSpan { offset: 0, length: 0 });
    }
    wire::Histogram {
        schema: Some(native.schema),
        zero_threshold: native.zero_threshold,
        zero_count: native.zero_count,
        positive_span,
        positive_delta,
        ..base
    }
}

/// Runs of neighbouring buckets, and each count as the difference from the one before.
fn spans(buckets: &[(i32, u64)]) -> (Vec<wire::BucketSpan>, Vec<i64>) {
    let mut spans: Vec<wire::BucketSpan> = Vec::new();
    let mut deltas = Vec::with_capacity(buckets.len());
    let (mut next, mut before) = (0, 0);
    for &(index, count) in buckets {
        match spans.last_mut() {
            Some(span) if index == next => span.length += 1,
            _ => spans.push(wire::BucketSpan { offset: index - next, length: 1 }),
        }
        next = index + 1;
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        deltas.push(count - before);
        before = count;
    }
    (spans, deltas)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(positive: &[(i32, u64)]) -> Vec<(i32, u64)> {
        let (spans, deltas) = spans(positive);
        let mut deltas = deltas.into_iter();
        let (mut index, mut count, mut found) = (0, 0_i64, Vec::new());
        for span in spans {
            index += span.offset;
            for _ in 0..span.length {
                count += deltas.next().unwrap_or_default();
                found.push((index, u64::try_from(count).unwrap_or_default()));
                index += 1;
            }
        }
        found
    }

    proptest::proptest! {
        #[test]
        fn spans_and_deltas_say_the_same_buckets(buckets in proptest::collection::btree_map(-500..500_i32, 1..1000_u64, 0..40)) {
            let buckets: Vec<_> = buckets.into_iter().collect();
            proptest::prop_assert_eq!(decoded(&buckets), buckets);
        }
    }

    #[test]
    fn native_buckets_replace_classic_ones() {
        let native =
            NativeBuckets { schema: 3, zero_threshold: 1e-30, zero_count: 0, positive: vec![(-4, 2)] };
        let value = Histogram { count: 2, sum: 1.0, buckets: vec![(1.0, 2)], native: Some(native) };
        let wire = histogram(&value);
        assert!(wire.bucket.is_empty());
        assert_eq!(wire.schema, Some(3));
        assert_eq!(wire.positive_span, [wire::BucketSpan { offset: -4, length: 1 }]);
        assert_eq!(wire.positive_delta, [2]);
    }
}
