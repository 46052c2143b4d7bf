//! `prometheus.WriteRequest`.

use std::collections::HashMap;

use super::put;
use crate::series::{Metadata, Sample, Series};

pub(super) fn encode(series: &[&Series]) -> Vec<u8> {
    let mut out = Vec::with_capacity(series.iter().map(|one| super::bytes_at_most(one)).sum());
    for series in series {
        put_series(&mut out, series);
    }
    let mut one = Vec::new();
    for (family, metadata) in families(series) {
        one.clear();
        put_metadata(&mut one, family, metadata);
        put::bytes(&mut out, 3, &one);
    }
    out
}

fn put_series(out: &mut Vec<u8>, series: &Series) {
    let labels =
        series.labels.iter().map(|(name, value)| put::bytes_len(label_len(name, value))).sum::<usize>();
    let samples = series.samples.iter().map(|sample| put::bytes_len(sample_len(sample))).sum::<usize>();
    put::head(out, 1, labels + samples);
    for (name, value) in series.labels.iter() {
        put::head(out, 1, label_len(name, value));
        put::bytes(out, 1, name.as_bytes());
        put::bytes(out, 2, value.as_bytes());
    }
    for sample in &series.samples {
        put::head(out, 2, sample_len(sample));
        put::double(out, 1, sample.value);
        put::uint(out, 2, sample.timestamp_ms as u64);
    }
}

fn label_len(name: &str, value: &str) -> usize {
    put::bytes_len(name.len()) + put::bytes_len(value.len())
}

fn sample_len(sample: &Sample) -> usize {
    1 + 8 + 1 + put::varint_len(sample.timestamp_ms as u64)
}

/// The 1.0 text knows no metadata, receivers do. In the request of its series it needs no extra
/// request and no timer, and a receiver that does not know the field skips it.
fn families<'a>(series: &[&'a Series]) -> Vec<(&'a str, &'a Metadata)> {
    let mut seen = HashMap::new();
    let mut last = "";
    let mut families = Vec::new();
    for series in series {
        let (Some(name), Some(metadata)) = (series.labels.metric_name(), &series.metadata) else { continue };
        // Series of one metric come one after the other, or nearly so.
        if name != last && seen.insert(name, ()).is_none() {
            families.push((name, &**metadata));
        }
        last = name;
    }
    families
}

fn put_metadata(out: &mut Vec<u8>, family: &str, metadata: &Metadata) {
    put::uint(out, 1, metadata.kind as u64);
    put::bytes(out, 2, family.as_bytes());
    if !metadata.help.is_empty() {
        put::bytes(out, 4, metadata.help.as_bytes());
    }
    if !metadata.unit.is_empty() {
        put::bytes(out, 5, metadata.unit.as_bytes());
    }
}
