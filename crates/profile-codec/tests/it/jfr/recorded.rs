//! Recordings of a JDK's own, of async-profiler and of Pyroscope's agent: what the JDK's `jfr` says of them is what is
//! read. How they were made is in `fixtures/jfr/README.md`.

use std::collections::BTreeMap;
use std::io::Read;
use std::time::Duration;

use flate2::read::GzDecoder;
use profile_codec::jfr::{self, Contexts, Options};

use super::{by_labels, decode, sums};

const JDK: &[u8] = include_bytes!("../../fixtures/jfr/jdk.jfr.gz");
const NATIVE: &[u8] = include_bytes!("../../fixtures/jfr/native.jfr.gz");
const AGENT: &[u8] = include_bytes!("../../fixtures/jfr/agent.jfr.gz");
const LABELS: &[u8] = include_bytes!("../../fixtures/jfr/agent.labels");

pub(super) fn unpacked(gzip: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    GzDecoder::new(gzip).read_to_end(&mut bytes).unwrap();
    bytes
}

pub(super) fn jdk() -> Vec<u8> {
    unpacked(JDK)
}

pub(super) fn agent() -> Vec<u8> {
    unpacked(AGENT)
}

fn expected(gzip: &[u8]) -> BTreeMap<(String, String), i64> {
    let text = String::from_utf8(unpacked(gzip)).unwrap();
    let row = |line: &str| {
        let [of, value, stack] = line.split('\t').collect::<Vec<_>>().try_into().unwrap();
        ((of.to_owned(), stack.to_owned()), value.parse().unwrap())
    };
    text.lines().map(row).collect()
}

#[test]
fn sums_of_every_stack_are_those_of_the_jdks_own_reader() {
    for (name, recording, stacks, rows) in [
        ("jdk", JDK, &include_bytes!("../../fixtures/jfr/jdk.stacks.gz")[..], 30),
        ("native", NATIVE, include_bytes!("../../fixtures/jfr/native.stacks.gz"), 71),
        ("agent", AGENT, include_bytes!("../../fixtures/jfr/agent.stacks.gz"), 60),
    ] {
        let expected = expected(stacks);
        assert_eq!(expected.len(), rows, "{name}");
        assert_eq!(sums(&decode(&unpacked(recording)).unwrap()), expected, "{name}");
    }
}

fn types(recording: &jfr::Recording) -> Vec<String> {
    let shown = |profile: &profile_model::Profile| {
        let types: Vec<String> = profile.sample_types.iter().map(ToString::to_string).collect();
        let period = profile.period_type.as_ref().map(ToString::to_string).unwrap_or_default();
        let seconds = (profile.duration_nanos + 500_000_000) / 1_000_000_000;
        format!(
            "{} {} of {} {period}, {seconds} s",
            jfr::series_name(profile).unwrap(),
            types.join(" "),
            profile.period
        )
    };
    recording.profiles.iter().map(shown).collect()
}

#[test]
fn each_kind_is_a_profile_of_its_types_and_period() {
    let native = decode(&unpacked(NATIVE)).unwrap();
    assert_eq!(native.event.as_deref(), Some("itimer"));
    assert_eq!(
        types(&native),
        [
            "process_cpu cpu/nanoseconds of 10000000 cpu/nanoseconds, 1 s",
            "wall wall/nanoseconds of 50000000 wall/nanoseconds, 1 s",
            "memory alloc_in_new_tlab_objects/count alloc_in_new_tlab_bytes/bytes of 1 space/bytes, 1 s",
            "mutex contentions/count delay/nanoseconds of 1 mutex/count, 1 s",
            "memory live/count of 1 objects/count, 0 s",
            "memory malloc_objects/count malloc_bytes/bytes of 1 , 1 s",
        ]
    );
    let jdk = decode(&jdk()).unwrap();
    assert_eq!((jdk.event.as_deref(), jdk.cut), (None, None));
    assert_eq!(jdk.profiles[0].time_nanos / 1_000_000_000, 1_795_914_632);
    assert_eq!(
        types(&jdk),
        [
            "process_cpu cpu/nanoseconds of 10000000 cpu/nanoseconds, 1 s",
            "memory alloc_in_new_tlab_objects/count alloc_in_new_tlab_bytes/bytes of 1 space/bytes, 1 s",
            "memory alloc_outside_tlab_objects/count alloc_outside_tlab_bytes/bytes of 1 space/bytes, 1 s",
            "memory alloc_sample_objects/count alloc_sample_bytes/bytes of 1 space/bytes, 1 s",
            "mutex contentions/count delay/nanoseconds of 1 mutex/count, 1 s",
            "block contentions/count delay/nanoseconds of 1 block/count, 1 s",
        ]
    );
}

#[test]
fn labels_of_the_agent_and_names_of_threads_are_labels_of_samples() {
    let mut options = Options::default();
    options.contexts = Contexts::decode(LABELS).unwrap();
    let recording = jfr::decode(&agent(), &options).unwrap();
    let expect = |pairs: &[(&str, i64)]| -> BTreeMap<String, i64> {
        pairs.iter().map(|(labels, sum)| ((*labels).to_owned(), *sum)).collect()
    };
    // As counted in what `jfr print` says, by the contexts of the labels.
    let cpu = expect(&[("", 260_000_000), ("controller=fast", 140_000_000), ("controller=slow", 10_000_000)]);
    assert_eq!(by_labels(&recording.profiles[0]), cpu);
    assert_eq!(by_labels(&recording.profiles[1]), expect(&[("", 22), ("controller=slow", 92)]));

    options.contexts = Contexts::default();
    options.has_threads = true;
    let recording = jfr::decode(&agent(), &options).unwrap();
    assert_eq!(
        by_labels(&recording.profiles[2]),
        expect(&[("thread=enters-1", 12), ("thread=enters-2", 13)])
    );
}

#[test]
fn a_callers_period_holds() {
    let mut options = Options::default();
    options.period = Some(Duration::from_millis(1));
    let total = |options| jfr::decode(&agent(), options).unwrap().profiles[0].samples.total(0);
    assert_eq!((total(&options), total(&Options::default())), (41_000_000, 410_000_000));
}

#[test]
fn chunks_of_several_programs_add_up() {
    let mut both = sums(&decode(&jdk()).unwrap());
    for (key, value) in sums(&decode(&agent()).unwrap()) {
        *both.entry(key).or_default() += value;
    }
    let padding = vec![0; 4096];
    assert_eq!(sums(&decode(&[jdk(), agent(), padding].concat()).unwrap()), both);
}

/// Whatever is in one profile is in the one for all, under a sample type of its own.
#[test]
fn all_kinds_are_one_profile_for_who_wants_one() {
    let recording = decode(&jdk()).unwrap();
    let all = jfr::united(&recording.profiles);
    let names: Vec<&str> = all.sample_types.iter().map(|of| of.name.as_str()).collect();
    let expect = [
        "cpu",
        "alloc_in_new_tlab_objects",
        "alloc_in_new_tlab_bytes",
        "alloc_outside_tlab_objects",
        "alloc_outside_tlab_bytes",
        "alloc_sample_objects",
        "alloc_sample_bytes",
        "contentions",
        "delay",
        "block_contentions",
        "block_delay",
    ];
    assert_eq!((names.as_slice(), all.default_sample_type.as_str()), (expect.as_slice(), "cpu"));
    let each: Vec<i128> = recording
        .profiles
        .iter()
        .flat_map(|one| (0..one.sample_types.len()).map(|of| one.samples.total(of)))
        .collect();
    let totals: Vec<i128> = (0..names.len()).map(|of| all.samples.total(of)).collect();
    assert_eq!(totals, each);
}

/// A chunk that a JDK still writes to says so in its head, once its size is that of what was flushed; before that it has none.
/// Without its end, where the stacks are in so short a recording, nothing can be read of it.
#[test]
fn of_a_recording_that_is_not_whole_the_whole_events_are_read() {
    let whole = jdk();
    let all = sums(&decode(&whole).unwrap());
    for (at, bytes) in [(64, &[5][..]), (8, &[0; 8])] {
        let mut unfinished = whole.clone();
        unfinished[at..at + bytes.len()].copy_from_slice(bytes);
        let recording = decode(&unfinished).unwrap();
        let cut = recording.cut.unwrap();
        assert_eq!((sums(&recording) == all, cut.is_unfinished, cut.offset), (true, true, whole.len()));
        assert!(cut.to_string().starts_with("chunk 1 was still being written"), "{cut}");
    }
    for (bytes, cut) in [(whole.clone(), 10_000), (agent(), 100)] {
        let half = &bytes[..bytes.len() - cut];
        let error = decode(half).err().unwrap();
        assert!(
            error.to_string().starts_with("chunk 1 is cut off: its whole events end at byte "),
            "{error}"
        );
        assert!(error.hint().contains("JFR.dump"));
        let recording = decode(&[&whole[..], half].concat()).unwrap();
        assert_eq!((sums(&recording) == all, recording.cut.unwrap().chunk), (true, 2));
    }
}
