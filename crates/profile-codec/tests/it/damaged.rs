//! Good files, cut, turned and doubled: each is a profile or an error. `DAMAGED_CASES` sets how many of each.

use profile_codec::file::{self, Options};
use profile_codec::folded::{self, ParseOptions};
use profile_codec::pprof::Limits;
use profile_codec::{legacy, perf, speedscope};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

/// A change of a file.
#[derive(Clone, Debug)]
enum Damage {
    Cut(prop::sample::Index),
    Set(prop::sample::Index, u8),
    Flip(prop::sample::Index, u8),
    Double(prop::sample::Index, prop::sample::Index),
    Number(prop::sample::Index, u64),
}

fn damage() -> impl Strategy<Value = Damage> {
    let at = any::<prop::sample::Index>;
    let large = prop_oneof![Just(u64::MAX), Just(1 << 63), Just(1 << 32), Just(0), any::<u64>()];
    prop_oneof![
        at().prop_map(Damage::Cut),
        (at(), any::<u8>()).prop_map(|(at, to)| Damage::Set(at, to)),
        (at(), 0..8_u8).prop_map(|(at, bit)| Damage::Flip(at, bit)),
        (at(), at()).prop_map(|(from, to)| Damage::Double(from, to)),
        (at(), large).prop_map(|(at, number)| Damage::Number(at, number)),
    ]
}

fn apply(bytes: &mut Vec<u8>, damage: &Damage) {
    if bytes.is_empty() {
        return;
    }
    let length = bytes.len();
    match damage {
        Damage::Cut(at) => bytes.truncate(at.index(length)),
        Damage::Set(at, to) => bytes[at.index(length)] = *to,
        Damage::Flip(at, bit) => bytes[at.index(length)] ^= 1 << bit,
        Damage::Double(from, to) => {
            let (from, to) = (from.index(length), to.index(length));
            let piece = bytes[from.min(to)..from.max(to)].to_vec();
            bytes.splice(from..from, piece);
        }
        Damage::Number(at, number) => {
            let at = at.index(length);
            let end = (at + 8).min(length);
            bytes[at..end].copy_from_slice(&number.to_le_bytes()[..end - at]);
        }
    }
}

/// Reads damaged copies of the seeds.
fn each(seeds: &[&[u8]], read: impl Fn(&[u8])) {
    let cases = std::env::var("DAMAGED_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(2000);
    let seeds: Vec<Vec<u8>> = seeds.iter().map(|seed| seed.to_vec()).collect();
    let damaged = (prop::sample::select(seeds), prop::collection::vec(damage(), 1..6));
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&damaged, |(mut bytes, damages)| {
        damages.iter().for_each(|damage| apply(&mut bytes, damage));
        read(&bytes);
        Ok(())
    });
    outcome.unwrap();
}

/// Small limits: what is asked for beyond them must be refused, not allocated.
fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_decoded_bytes = 1 << 20;
    limits.max_samples = 10_000;
    limits
}

const CPU: &[u8] = b"\0\0\0\0\x03\0\0\0\0\0\0\0\x10\x27\0\0\0\0\0\0\x02\0\0\0\x03\0\0\0\0\x10\0\0\x01\x20\0\0\x01\x30\0\0\0\0\0\0\x01\0\0\0\0\0\0\x0000001000-00002000 r-xp 00000000 08:01 7 /bin/app\n";
const TEXTS: [&[u8]; 7] = [
    b"heap profile: 1: 1024 [2: 2048] @ heap/1048576\n1: 1024 [2: 2048] @ 0x11 0x21\n#\t0x10\tmain.f+0x1\t/a.go:1\n\nMAPPED_LIBRARIES:\n00400000-00500000 r-xp 00000000 00:00 0 /app\n",
    b"goroutine profile: total 3\n2 @ 0x11 0x21\n#\t0x10\tmain.f+0x1\tm.go:3\n\n1 @ 0x31\n",
    b"--- threadz 1 ---\n\n--- Thread 7f01 (name: main/1) stack: ---\n  PC: 0x1000 0x1000: a\n  0x2001: b\n--- Thread 7f02 (name: w/2) stack: ---\n   [same as previous thread]\n",
    b"--- contentionz 1 ---\ncycles/second = 2000000000\nsampling period = 10\n  400 3 @ 0x11 0x21\n",
    b"--- heapz 1 ---\nformat = java\nresolution = bytes\n  524288 1 @ 0xa 0xb\n\n0xa A.a (A.java:1)\n0xb GC\n",
    b"--- mutex:\ncycles/second=1000000000\nsampling period=2\n5 1 @ 0x2\n",
    b"--- symbol\nbinary=/a\n0x1 a.B.c(B.java:12)\n---\n--- profile\n\0\0\0\0\x03\0\0\0\0\0\0\0\x10\x27\0\0\0\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0",
];

#[test]
fn older_forms() {
    let seeds: Vec<&[u8]> = TEXTS.iter().copied().chain([CPU]).collect();
    each(&seeds, |bytes| {
        let _ = legacy::decode(bytes, &limits());
    });
}

#[test]
fn recordings_of_perf() {
    let seeds: [&[u8]; 3] = [
        include_bytes!("../fixtures/perf/clock.data"),
        include_bytes!("../fixtures/perf/compressed.data"),
        include_bytes!("../fixtures/perf/stream.data"),
    ];
    for seed in seeds {
        let recording = perf::decode(seed, &limits()).unwrap();
        assert!(recording.profile.samples.len() > 1 && recording.events[0] == "cpu-clock", "{recording:?}");
        assert!(recording.profile.symbols.mappings().len() > 1);
    }
    each(&seeds, |bytes| {
        let _ = perf::decode(bytes, &limits());
    });
}

#[test]
fn the_text_of_perf_script() {
    let seed: &[u8] = include_bytes!("../fixtures/perf/clock.script");
    let recording = perf::decode_script(std::str::from_utf8(seed).unwrap(), &limits()).unwrap();
    let data = perf::decode(include_bytes!("../fixtures/perf/clock.data"), &limits()).unwrap();
    assert_eq!(recording.profile.samples.total(0), data.profile.samples.total(0), "text and file agree");
    assert_eq!(recording.profile.samples.total(1), data.profile.samples.total(1));
    each(&[seed], |bytes| {
        let _ = perf::decode_script(&String::from_utf8_lossy(bytes), &limits());
    });
}

#[test]
fn files_of_speedscope() {
    let seed = br#"{"$schema":"https://www.speedscope.app/file-format-schema.json","shared":{"frames":[{"name":"a"},{"name":"b","file":"b.c","line":3}]},"profiles":[{"type":"sampled","name":"t","unit":"seconds","startValue":0,"endValue":4,"samples":[[0,1],[0]],"weights":[1.5,2.5]},{"type":"evented","unit":"none","events":[{"type":"O","frame":0,"at":0},{"type":"C","frame":0,"at":9}]}]}"#;
    each(&[seed], |bytes| {
        let _ = speedscope::decode(bytes, &limits());
    });
}

#[test]
fn folded_stacks() {
    each(&[b"main;a;b 12\nmain 3\n# x\nmain;a -4\n"], |bytes| {
        let _ = folded::parse(bytes, &ParseOptions::default());
    });
}

#[test]
fn files_of_any_form() {
    let mut options = Options::default();
    options.limits = limits();
    let gzip: &[u8] = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x4b\x4c\x4a\x4e\x49\xe4\x02\0\x4e\x81\x88\x47\x06\0\0\0";
    let seeds: Vec<&[u8]> = TEXTS
        .iter()
        .copied()
        .chain([CPU, gzip, b"\x0a\x04\x08\x01\x10\x02\x12\x04\x08\x01\x10\x02\x32\0"])
        .collect();
    each(&seeds, |bytes| {
        if let Err(error) = file::read(bytes, &options) {
            assert!(!error.to_string().contains('\n'), "{error}");
        }
    });
}
