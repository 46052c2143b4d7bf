//! What must hold for every request that a sender makes, by the names of the compliance suite where it
//! has one. Each receiver of these tests holds all of its requests against the table when it goes.

use std::collections::{BTreeMap, BTreeSet};

use crate::messages::{Read, ReadSeries};
use crate::receiver::Captured;

type Check = fn(&Captured, &Read) -> bool;

const CHECKS: &[(&str, Check)] = &[
    ("http_method", |r, _| r.method == http::Method::POST),
    ("content_type_protobuf", |r, _| r.header("content-type").starts_with("application/x-protobuf")),
    ("content_type_with_proto_param", |r, read| r.header("content-type") == content_type(read)),
    ("content_encoding_snappy", |r, _| r.header("content-encoding") == "snappy"),
    ("version_header_present", |r, _| !r.version().is_empty()),
    ("version_header_value", |r, read| r.version() == if read.v2.is_some() { "2.0.0" } else { "0.1.0" }),
    ("user_agent_present", |r, _| r.header("user-agent").starts_with("remote-write/")),
    ("one_value_per_header", |r, _| r.headers.keys_len() == r.headers.len()),
    ("content_length_exact", |r, _| r.header("content-length") == r.body.len().to_string()),
    ("snappy_block_format", |r, _| !r.body.starts_with(b"\xff\x06\x00\x00sNaPpY")),
    ("body_not_empty", |_, read| !read.series.is_empty()),
    ("empty_string_at_index_zero", |_, read| v2(read, |v2| v2.symbols[0].is_empty())),
    ("string_deduplication", |_, read| v2(read, |v2| unique(&v2.symbols))),
    ("efficient_symbol_reuse", |_, read| v2(read, every_symbol_is_used)),
    ("labels_refs_even_length", |_, read| {
        v2(read, |v2| v2.timeseries.iter().all(|one| one.labels_refs.len() % 2 == 0))
    }),
    ("labels_refs_never_empty", |_, read| {
        v2(read, |v2| v2.timeseries.iter().all(|one| !one.labels_refs.contains(&0)))
    }),
    ("reserved_fields_unused", |_, read| v2(read, |v2| v2.reserved.is_empty())),
    ("label_lexicographic_ordering", |_, read| {
        each(read, |one| one.labels.windows(2).all(|two| two[0].0.as_bytes() < two[1].0.as_bytes()))
    }),
    ("metric_name_label_present", |_, read| each(read, |one| one.label("__name__").is_some())),
    ("metric_name_format_valid", |_, read| {
        each(read, |one| is_name(&one.label("__name__").unwrap().replace(':', "_")))
    }),
    ("label_name_format_valid", |_, read| each(read, |one| one.labels.iter().all(|(name, _)| is_name(name)))),
    ("no_duplicate_label_names", |_, read| {
        each(read, |one| unique(&one.labels.iter().map(|(name, _)| name).collect::<Vec<_>>()))
    }),
    ("label_names_not_empty", |_, read| {
        each(read, |one| one.labels.iter().all(|(name, _)| !name.is_empty()))
    }),
    ("label_values_not_empty", |_, read| {
        each(read, |one| one.labels.iter().all(|(_, value)| !value.is_empty()))
    }),
    ("reserved_label_prefix", |_, read| {
        each(read, |one| one.labels.iter().all(|(name, _)| name == "__name__" || !name.starts_with("__")))
    }),
    ("series_has_samples", |_, read| each(read, |one| !one.samples.is_empty())),
    ("timestamp_milliseconds_format", |_, read| {
        samples(read, |s| s.timestamp > 1_000_000_000_000 && s.timestamp < 10_000_000_000_000_000)
    }),
    ("timestamp_ordering_within_series", |_, read| {
        each(read, |one| one.samples.windows(2).all(|two| two[0].timestamp < two[1].timestamp))
    }),
    ("start_timestamp_before_sample_timestamp", |_, read| samples(read, |s| s.start <= s.timestamp)),
    ("rw1_no_start_timestamp", |_, read| read.v1.is_none() || samples(read, |s| s.start == 0)),
    ("series_once_per_request", |_, read| {
        unique(&read.series.iter().map(|one| &one.labels).collect::<Vec<_>>())
    }),
    ("histogram_no_mixed_with_samples", |_, read| {
        v2(read, |v2| v2.timeseries.iter().all(|one| one.histograms.is_empty() && one.exemplars.is_empty()))
    }),
    ("rw1_no_native_histograms", |_, read| {
        let v1 = read.v1.iter().flat_map(|v1| &v1.timeseries);
        v1.into_iter().all(|one| one.histograms.is_empty() && one.exemplars.is_empty())
    }),
    ("metadata_type_known", |_, read| {
        each(read, |one| one.metadata.as_ref().is_none_or(|(kind, ..)| (0..=7).contains(kind)))
    }),
    ("metadata_consistent_across_series", |_, read| metadata_is_consistent(read)),
    ("rw1_metadata_once_per_family", |_, read| {
        read.v1.as_ref().is_none_or(|v1| unique(&v1.metadata.iter().map(|m| &m.family).collect::<Vec<_>>()))
    }),
    ("batch_size_reasonable", |r, read| {
        let plain = snap::raw::decompress_len(&r.body).unwrap();
        read.series.iter().map(|one| one.samples.len()).sum::<usize>() <= 2000 && plain <= 1 << 20
    }),
];

/// Panics with the name of the first check that a request does not pass.
pub(crate) fn hold(requests: &[Captured]) {
    for (number, request) in requests.iter().enumerate() {
        let read = request.read();
        for (name, check) in CHECKS {
            assert!(check(request, &read), "request {number} breaks {name}: {request:?}\n{read:?}");
        }
    }
    no_timestamp_has_two_values(requests);
    series_go_forward(requests);
    retries_are_the_same_bytes(requests);
}

fn no_timestamp_has_two_values(requests: &[Captured]) {
    let mut values = BTreeMap::new();
    for_each_sample(requests, |labels, timestamp, value| {
        let first = *values.entry((labels.clone(), timestamp)).or_insert(value);
        assert_eq!(first, value, "{labels:?} at {timestamp} has two values");
    });
}

/// "Ordering" of the older suite: nothing new is older than what was sent before.
fn series_go_forward(requests: &[Captured]) {
    let (mut newest, mut seen) = (BTreeMap::new(), BTreeSet::new());
    for_each_sample(requests, |labels, timestamp, _| {
        if seen.insert((labels.clone(), timestamp)) {
            let before = newest.insert(labels.clone(), timestamp);
            assert!(before < Some(timestamp), "{labels:?}: {timestamp} after {before:?}");
        }
    });
}

fn retries_are_the_same_bytes(requests: &[Captured]) {
    let bodies: BTreeSet<(&str, &[u8])> = requests.iter().map(|r| (r.version(), &*r.body)).collect();
    for retry in requests.iter().filter(|r| !r.header("retry-attempt").is_empty()) {
        let same = requests.iter().any(|r| r.header("retry-attempt").is_empty() && r.body == retry.body);
        assert!(same || bodies.len() == 1, "a retry has bytes that no first try had");
    }
}

fn for_each_sample(requests: &[Captured], mut visit: impl FnMut(&Vec<(String, String)>, i64, u64)) {
    for request in requests {
        for one in request.read().series {
            one.samples.iter().for_each(|s| visit(&one.labels, s.timestamp, s.value.to_bits()));
        }
    }
}

fn content_type(read: &Read) -> &'static str {
    match read.v2 {
        Some(_) => "application/x-protobuf;proto=io.prometheus.write.v2.Request",
        None => "application/x-protobuf",
    }
}

fn v2(read: &Read, check: impl Fn(&crate::messages::V2) -> bool) -> bool {
    read.v2.as_ref().is_none_or(check)
}

fn each(read: &Read, check: impl Fn(&ReadSeries) -> bool) -> bool {
    read.series.iter().all(check)
}

fn samples(read: &Read, check: impl Fn(&crate::messages::Sample) -> bool) -> bool {
    each(read, |one| one.samples.iter().all(&check))
}

fn unique<T: Ord>(items: &[T]) -> bool {
    items.iter().collect::<BTreeSet<_>>().len() == items.len()
}

fn is_name(name: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    name.starts_with(letter) && name.chars().all(|c| letter(c) || c.is_ascii_digit())
}

fn every_symbol_is_used(v2: &crate::messages::V2) -> bool {
    let labels = v2.timeseries.iter().flat_map(|one| one.labels_refs.iter().copied());
    let metadata = v2.timeseries.iter().flat_map(|one| &one.metadata).flat_map(|m| [m.help_ref, m.unit_ref]);
    let used: BTreeSet<u32> = labels.chain(metadata).chain([0]).collect();
    used.into_iter().eq(0..v2.symbols.len() as u32)
}

fn metadata_is_consistent(read: &Read) -> bool {
    let mut families = BTreeMap::new();
    each(read, |one| one.label("__name__").is_some())
        && read.series.iter().all(|one| {
            let first = families.entry(one.label("__name__").unwrap()).or_insert(&one.metadata);
            *first == &one.metadata
        })
}
