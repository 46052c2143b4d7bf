use super::*;
use crate::pprof::Limits;

fn shown(recording: &Recording) -> Vec<String> {
    let profile = &recording.profile;
    let symbols = &profile.symbols;
    let frame = |id: &profile_model::LocationId| {
        let lines = symbols.location(*id).lines;
        let name = |line: &profile_model::Line| {
            symbols.string(symbols.function(line.function.unwrap()).name).to_owned()
        };
        lines.iter().map(name).collect::<Vec<_>>().join("/")
    };
    let sample = |sample: profile_model::Sample<'_>| {
        let frames: Vec<String> = symbols.stack(sample.stack).iter().map(frame).collect();
        format!("{:?} {}", sample.values, frames.join(";"))
    };
    profile.samples.iter().map(sample).collect()
}

fn types(recording: &Recording) -> String {
    recording.profile.sample_types.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

const SCRIPT: &str = "# ========\n\
lto cgu.07 16869 [000]   482.840446:   10101010 cpu-clock: \n\
\t            114d work+0x1d (/tmp/my app)\n\
\t            1200 (anonymous namespace)::f(int)+0x4 (/tmp/my app)\n\
\t            1100 inner (inlined)\n\
\t            1100 main+0x2 (/tmp/my app)\n\
\n\
lto cgu.07 16869/16870 [001]   482.940446:   10101010 cpu-clock: \n\
\t            114d work+0x1d (/tmp/my app)\n\
\t            1200 (anonymous namespace)::f(int)+0x4 (/tmp/my app)\n\
\t            1100 inner (inlined)\n\
\t            1100 main+0x2 (/tmp/my app)\n\
\n\
sh 7   483.0: page-faults: \n\
\tffffffff81000000 [unknown] ([unknown])\n\
\t  file.c:2\n";

#[test]
fn the_text_of_perf_script_is_read() {
    let recording = decode_script(SCRIPT, &Limits::default()).unwrap();
    assert_eq!(
        types(&recording),
        "samples/count cpu/nanoseconds page_faults_samples/count page_faults/count"
    );
    assert_eq!(
        shown(&recording),
        ["[2, 20202020, 0, 0] work;(anonymous namespace)::f(int);inner/main", "[0, 0, 1, 1] [unknown]"]
    );
    assert_eq!((recording.profile.duration_nanos, recording.profile.period), (159_554_000, 10_101_010));
    assert_eq!(recording.profile.period_type.unwrap().to_string(), "cpu/nanoseconds");
}

#[test]
fn what_is_not_its_text_is_told_with_its_line() {
    let check = |text: &str, expect: &str| {
        assert_eq!(decode_script(text, &Limits::default()).unwrap_err().to_string(), expect);
    };
    check("", "expected samples, found none");
    // A blank of two bytes before the time.
    assert!(decode_script("a 1\u{85}2.5: x:\n", &Limits::default()).is_ok());
    check("hello\n", "line 1: expected `comm pid time: period event:` or a frame, found `hello`");
}

#[cfg(feature = "perf")]
#[test]
fn a_recording_with_sections_outside_of_the_file_is_refused() {
    let mut bytes = b"PERFILE2".to_vec();
    bytes.extend(104_u64.to_le_bytes());
    assert!(matches!(decode(&bytes, &Limits::default()), Err(PerfError::CutOff { .. })));
    bytes.extend(136_u64.to_le_bytes());
    bytes.extend([104_u64, 1 << 60].iter().flat_map(|word| word.to_le_bytes()));
    bytes.resize(200, 0);
    assert!(matches!(decode(&bytes, &Limits::default()), Err(PerfError::CutOff { .. })));
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "[ -~\n\t]{0,300}") {
        let _ = decode_script(&text, &Limits::default());
        let _ = decode_script(&format!("a 1 2.5: 7 cpu-clock: \n{text}"), &Limits::default());
    }
}

#[cfg(feature = "perf")]
proptest::proptest! {
    #[test]
    fn any_bytes_behind_the_magic_are_read_or_refused(size in 0..200_u64, tail in proptest::collection::vec(0..=255_u8, 0..400)) {
        for head in [16, 104, size] {
            let mut bytes = b"PERFILE2".to_vec();
            bytes.extend(head.to_le_bytes());
            bytes.extend(&tail);
            let _ = decode(&bytes, &Limits::default());
        }
    }
}
