//! `io.prometheus.write.v2.Request`.

use std::collections::HashMap;

use super::put;
use crate::series::{Metadata, Sample, Series};

pub(super) fn encode(series: &[&Series]) -> Vec<u8> {
    let mut symbols = Symbols::new();
    let mut body = Vec::new();
    let (mut one, mut refs) = (Vec::new(), Vec::new());
    for series in series {
        one.clear();
        put_series(&mut one, &mut refs, &mut symbols, series);
        put::bytes(&mut body, 5, &one);
    }
    let mut out = Vec::with_capacity(symbols.bytes + body.len());
    for symbol in &symbols.list {
        put::bytes(&mut out, 4, symbol.as_bytes());
    }
    out.append(&mut body);
    out
}

fn put_series<'a>(out: &mut Vec<u8>, refs: &mut Vec<u8>, symbols: &mut Symbols<'a>, series: &'a Series) {
    refs.clear();
    for (name, value) in series.labels.iter() {
        put::varint(refs, symbols.index(name));
        put::varint(refs, symbols.index(value));
    }
    put::bytes(out, 1, refs);
    for Sample { value, timestamp_ms, start_ms } in &series.samples {
        let (timestamp, start) = (*timestamp_ms as u64, *start_ms as u64);
        let start_len = if start == 0 { 0 } else { 1 + put::varint_len(start) };
        put::head(out, 2, 1 + 8 + 1 + put::varint_len(timestamp) + start_len);
        put::double(out, 1, *value);
        put::uint(out, 2, timestamp);
        if start != 0 {
            put::uint(out, 3, start);
        }
    }
    if let Some(metadata) = &series.metadata {
        refs.clear();
        put_metadata(refs, symbols, metadata);
        put::bytes(out, 5, refs);
    }
}

fn put_metadata<'a>(out: &mut Vec<u8>, symbols: &mut Symbols<'a>, metadata: &'a Metadata) {
    put::uint(out, 1, metadata.kind as u64);
    put::uint(out, 3, symbols.index(&metadata.help));
    put::uint(out, 4, symbols.index(&metadata.unit));
}

/// Each string once, in the order of first use; the first is empty.
struct Symbols<'a> {
    list: Vec<&'a str>,
    places: HashMap<&'a str, u64>,
    bytes: usize,
}

impl<'a> Symbols<'a> {
    fn new() -> Self {
        Self { list: vec![""], places: HashMap::from([("", 0)]), bytes: 2 }
    }

    fn index(&mut self, symbol: &'a str) -> u64 {
        *self.places.entry(symbol).or_insert_with(|| {
            self.list.push(symbol);
            self.bytes += put::bytes_len(symbol.len());
            self.list.len() as u64 - 1
        })
    }
}
