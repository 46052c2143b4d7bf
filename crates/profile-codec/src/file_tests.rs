use std::io::Write as _;

use profile_model::{Sample, StackId, ValueType};

use super::*;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn profile(value: i64) -> Vec<u8> {
    let mut profile = Profile::new(vec![ValueType::new("cpu", "nanoseconds")]);
    profile.samples.push(Sample { stack: StackId::EMPTY, values: &[value], labels: &[] });
    pprof::encode(&profile)
}

fn totals(bytes: &[u8]) -> Vec<i128> {
    let contents = read(bytes, &Options::default()).unwrap();
    contents.profiles.iter().map(|profile| profile.samples.total(0)).collect()
}

#[track_caller]
fn refused(bytes: &[u8], expect: &str, hint: &str) {
    let error = read(bytes, &Options::default()).unwrap_err();
    assert!(error.to_string().contains(expect), "{error}");
    assert!(error.hint().contains(hint), "{}", error.hint());
}

#[test]
fn compression_is_taken_off_as_often_as_it_was_put_on() {
    let plain = profile(7);
    let mut packed = plain.clone();
    for layers in 0..=3 {
        let contents = read(&packed, &Options::default()).unwrap();
        assert_eq!((contents.layers, contents.profiles[0].samples.total(0)), (layers, 7));
        packed = gzip(&packed);
    }
    refused(&packed, "gzip", "decompress");
}

#[test]
fn several_profiles_in_a_row_are_each_their_own() {
    assert_eq!(totals(&[gzip(&profile(7)), gzip(&profile(9))].concat()), [7, 9]);
    assert_eq!(totals(&gzip(&[gzip(&profile(7)), gzip(&profile(9))].concat())), [7, 9]);
    // One profile that was compressed in pieces.
    let plain = profile(7);
    assert_eq!(totals(&[gzip(&plain[..5]), gzip(&plain[5..])].concat()), [7]);
    refused(&[profile(7), profile(9)].concat(), "several pprof profiles", "file of its own");
}

#[test]
fn what_is_no_profile_is_named_with_its_start() {
    refused(b"", "nothing: 0 bytes", "check what was to write it");
    refused(b"{\"code\":\"not_found\"}", "found JSON: `{\"code\":\"not_found\"}`", "no profile");
    refused(b"FLR\0\0\x02\0\x01", "Java Flight Recorder", "parca-ingest convert");
    refused(b"PERFILE2h\0\0\0", "perf record", "parca-ingest convert");
    refused(&gzip(b"<html>"), "HTML", "address");
    refused(b"\x28\xb5\x2f\xfd\x04", "zstd", "zstd -d");
    refused(b"main;work 1\n", "folded stacks", "convert");
    refused(b"goroutine 1 [running]:\n", "goroutine", "without `?debug=2`");
    let cut = gzip(&profile(7));
    refused(&cut[..cut.len() - 9], "cannot be decompressed", "fetch it again");
    let plain = profile(1 << 40);
    refused(&plain[..plain.len() - 3], "cannot be read", "fetch it again");
    refused(b"goroutine profile: total 1\nnonsense\n", "line 2", "without `?debug=1`");
}

#[test]
fn a_bomb_is_refused_before_it_takes_memory() {
    let mut options = Options::default();
    options.limits.max_decoded_bytes = 1 << 16;
    let error = read(&gzip(&vec![0; 1 << 20]), &options).unwrap_err();
    assert!(error.to_string().contains("at most 65536 decoded bytes"), "{error}");
}
