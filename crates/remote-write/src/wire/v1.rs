//! `prometheus.WriteRequest`.

use std::collections::HashMap;

use super::put;
use crate::series::{Metadata, Sample, Series};

pub(super) fn encode(series: &[Series]) -> Vec<u8> {
    let mut out = Vec::with_capacity(series.iter().map(super::bytes_at_most).sum());
    let mut one = Vec::new();
    for series in series {
        one.clear();
        put_series(&mut one, series);
        put::bytes(&mut out, 1, &one);
    }
    for (family, metadata) in families(series) {
        one.clear();
        put_metadata(&mut one, family, metadata);
        put::bytes(&mut out, 3, &one);
    }
    out
}

fn put_series(out: &mut Vec<u8>, series: &Series) {
    for (name, value) in series.labels.iter() {
        put::head(out, 1, put::bytes_len(name.len()) + put::bytes_len(value.len()));
        put::bytes(out, 1, name.as_bytes());
        put::bytes(out, 2, value.as_bytes());
    }
    for Sample { value, timestamp_ms, .. } in &series.samples {
        let timestamp = *timestamp_ms as u64;
        put::head(out, 2, 1 + 8 + 1 + put::varint_len(timestamp));
        put::double(out, 1, *value);
        put::uint(out, 2, timestamp);
    }
}

/// The 1.0 text knows no metadata, receivers do. In the request of its series it needs no extra
/// request and no timer, and a receiver that does not know the field skips it.
fn families(series: &[Series]) -> Vec<(&str, &Metadata)> {
    let mut seen = HashMap::new();
    let mut families = Vec::new();
    for series in series {
        let (Some(name), Some(metadata)) = (series.labels.metric_name(), &series.metadata) else { continue };
        if seen.insert(name, ()).is_none() {
            families.push((name, metadata));
        }
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
