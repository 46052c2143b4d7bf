use profile_model::{LabelValue, Profile};

use super::*;
use crate::pprof::Limits;

fn read(bytes: &[u8]) -> Profile {
    decode(bytes, &Limits::default()).unwrap().unwrap()
}

fn refused(bytes: &[u8]) -> String {
    decode(bytes, &Limits::default()).unwrap().unwrap_err().to_string()
}

/// Each sample as `values @ frames`, leaf first: a name with its line, or else an address.
fn shown(profile: &Profile) -> Vec<String> {
    let symbols = &profile.symbols;
    let frame = |id: &profile_model::LocationId| {
        let location = symbols.location(*id);
        let line = |line: &profile_model::Line| {
            let function = symbols.function(line.function.unwrap());
            let (name, file) = (symbols.string(function.name), symbols.string(function.filename));
            format!("{name}({file}:{})", line.line)
        };
        match location.lines {
            [] => format!("{:#x}", location.address),
            lines => lines.iter().map(line).collect::<Vec<_>>().join("/"),
        }
    };
    let sample = |sample: profile_model::Sample<'_>| {
        let stack: Vec<String> = symbols.stack(sample.stack).iter().map(frame).collect();
        let block = sample.labels.iter().map(|label| match label.value {
            LabelValue::Number { value, .. } => format!(" [{value}]"),
            LabelValue::Text(_) => String::new(),
        });
        format!("{:?} {}{}", sample.values, stack.join(" "), block.collect::<String>())
    };
    profile.samples.iter().map(sample).collect()
}

fn types(profile: &Profile) -> String {
    let of = |one: &profile_model::ValueType| format!("{}/{}", one.name, one.unit);
    let all: Vec<String> = profile.sample_types.iter().map(of).collect();
    format!("{} by {} {}", all.join(" "), of(profile.period_type.as_ref().unwrap()), profile.period)
}

fn maps(profile: &Profile) -> Vec<String> {
    let symbols = &profile.symbols;
    let map = |map: &profile_model::Mapping| {
        let (file, id) = (symbols.string(map.file), symbols.string(map.build_id));
        format!("{:x}-{:x} @{:x} {file} {id}", map.start, map.limit, map.offset)
    };
    symbols.mappings().iter().map(map).collect()
}

/// Words as gperftools writes them.
fn words(words: &[u64], width: usize, big_endian: bool) -> Vec<u8> {
    let bytes = |word: &u64| match big_endian {
        true => word.to_be_bytes()[8 - width..].to_vec(),
        false => word.to_le_bytes()[..width].to_vec(),
    };
    words.iter().flat_map(bytes).collect()
}

const CPU: [u64; 17] = [0, 3, 0, 10_000, 0, 2, 3, 0x1000, 0x2001, 0x3001, 1, 1, 0x1004, 0, 1, 0, 0];

#[test]
fn cpu_profiles_are_read_in_each_width_and_order() {
    for (width, big_endian) in [(4, false), (4, true), (8, false), (8, true)] {
        let mut bytes = words(&CPU[..16], width, big_endian);
        bytes.extend(b"00001000-00002000 r-xp 00000000 08:01 7 /bin/app\n00002000-00004000 r-xp 00000000 08:01 8 /lib/c.so\n");
        let profile = read(&bytes);
        assert_eq!(types(&profile), "samples/count cpu/nanoseconds by cpu/nanoseconds 10000000");
        assert_eq!(shown(&profile), ["[2, 20000000] 0x1000 0x2000 0x3000", "[1, 10000000] 0x1004"]);
        assert_eq!(maps(&profile), ["1000-2000 @0 /bin/app ", "2000-4000 @0 /lib/c.so "]);
    }
}

#[test]
fn the_leaf_that_a_signal_handler_writes_twice_is_kept_once() {
    let mut all = vec![0, 3, 0, 100, 0];
    all.extend([1, 3, 0x1000, 0x1000, 0x3001, 1, 2, 0x5000, 0x7000, 0, 1, 0]);
    let profile = read(&words(&all, 8, false));
    assert_eq!(shown(&profile), ["[1, 100000] 0x1000 0x3000", "[1, 100000] 0x5000 0x6fff"]);
}

#[test]
fn the_frame_of_the_signal_handler_is_left_out() {
    let mut all = vec![0, 3, 0, 100, 0];
    (0..40).for_each(|at| all.extend([1, 3, 0x1000 + 16 * at, 0x9001, 0x3001]));
    all.extend([0, 1, 0]);
    let profile = read(&words(&all, 8, false));
    // Twice: the second round takes the frame that was behind the first.
    assert!(shown(&profile).iter().all(|line| !line.contains("0x9000")), "{:?}", shown(&profile));
}

#[test]
fn java_cpu_profiles_have_names_behind_the_samples() {
    let mut bytes = words(&[0, 3, 1, 1000, 0, 3, 2, 0xa, 0xb, 0, 1, 0], 8, false);
    bytes.extend(
        b"0x000000000000000a com.example.A.run (A.java:7)\n0x0b  libfoo (/usr/lib/libfoo.so)\n0xc unused\n",
    );
    assert_eq!(shown(&read(&bytes)), ["[3, 3000000] com.example.A.run(A.java:7) libfoo(libfoo.so:0)"]);
}

#[test]
fn profiles_with_symbols_in_front_get_their_names() {
    let mut bytes = b"--- symbol\nbinary=/usr/bin/java\n0x0000000000000001 a.B.c(B.java:12)\n0x2 d.E.f\n---\n--- profile\n".to_vec();
    bytes.extend(words(&[0, 3, 0, 1000, 0, 1, 2, 1, 2, 0, 1, 0], 8, false));
    assert_eq!(shown(&read(&bytes)), ["[1, 1000000] a.B.c(B.java:12) d.E.f(:0)"]);
    assert!(refused(b"--- symbol\n0x1 a\n").contains("--- profile"));
}

#[test]
fn heap_profiles_are_scaled_by_their_rate() {
    let text = "heap profile: 1: 1024 [2: 2048] @ heap/1048576\n1: 1024 [2: 2048] @ 0x11 0x21\n\
                #\t0x10\tmain.alloc+0x64\t/app/main.go:12\n#\t0x20\tmain.main+0x4\t/app/main.go:20\n\n# runtime.MemStats\n";
    let profile = read(text.as_bytes());
    let names = "alloc_objects/count alloc_space/bytes inuse_objects/count inuse_space/bytes";
    assert_eq!(types(&profile), format!("{names} by space/bytes 524288"));
    let expect = "[1025, 1049600, 512, 524800] main.alloc(/app/main.go:12) main.main(/app/main.go:20) [1024]";
    assert_eq!(shown(&profile), [expect]);
    assert!(profile.drop_frames.contains("tc_malloc") && profile.keep_frames.contains("panic"));
}

#[test]
fn heap_profiles_that_are_not_sampled_stay_as_they_are() {
    let check = |header: &str, expect: &str, values: &str| {
        let text = format!(
            "heap profile:  1:  64 [  1:  64] @ {header}\n  1:  64 [  1:  64] @ 0x2\nMAPPED_LIBRARIES:\n\
                            00000000-00001000 r-xp 00000000 00:00 0 /app\n"
        );
        let profile = read(text.as_bytes());
        assert_eq!((types(&profile).as_str(), shown(&profile)[0].as_str()), (expect, values), "{header}");
        assert_eq!(maps(&profile), ["0-1000 @0 /app "]);
    };
    check("heapprofile", "objects/count space/bytes by space/bytes 1", "[1, 64] 0x1 [64]");
    check("growthz", "objects/count space/bytes by space/bytes 1", "[1, 64] 0x1 [64]");
    check("fragmentationz", "objects/count space/bytes by space/bytes 1", "[1, 64] 0x1 [64]");
    check("heap_v2/1", "objects/count space/bytes by space/bytes 1", "[1, 64] 0x1 [64]");
}

#[test]
fn counts_of_go_are_read_with_their_names() {
    let text = "goroutine profile: total 3\n2 @ 0x11 0x21\n#\t0x10\tmain.inner+0x1\tm.go:3\n#\t0x10\tmain.outer+0x1\tm.go:9\n\
                #\t0x20\tmain.main+0x1\tm.go:20\n\n1 @ 0x31\n";
    let profile = read(text.as_bytes());
    assert_eq!(types(&profile), "goroutine/count by goroutine/count 1");
    assert_eq!(shown(&profile), ["[2] main.inner(m.go:3)/main.outer(m.go:9) main.main(m.go:20)", "[1] 0x30"]);
    assert!(refused(b"goroutine profile: total 3\n2 0x11\n").starts_with("line 2: "));
}

#[test]
fn contention_is_scaled_from_cycles() {
    let text = "--- contentionz 1 ---\ncycles/second = 2000000000\nsampling period = 10\nms since reset = 5\n\
                discarded samples = 0\n  400 3 @ 0x11 0x21\n--- Memory map: ---\n  10-1000: /app (@0) abc1\n";
    let profile = read(text.as_bytes());
    assert_eq!(types(&profile), "contentions/count delay/nanoseconds by contentions/count 10");
    assert_eq!(shown(&profile), ["[30, 2000] 0x10 0x20"]);
    assert_eq!(
        (profile.duration_nanos, maps(&profile)),
        (5_000_000, vec!["10-1000 @0 /app abc1".to_owned()])
    );
    let go = "--- mutex:\ncycles/second=1000000000\nsampling period=2\n5 1 @ 0x2\n";
    assert_eq!(shown(&read(go.as_bytes())), ["[2, 10] 0x1"]);
}

#[test]
fn java_heap_and_contention_are_told_by_their_format() {
    let heap = "--- heapz 1 ---\nformat = java\nresolution = bytes\n  524288 1 @ 0xa 0xb\n\n0xa A.a (A.java:1)\n0xb GC\n";
    assert_eq!(shown(&read(heap.as_bytes())), ["[1, 829411] A.a(A.java:1) GC(:0) [524288]"]);
    let contention = "--- contentionz 1 ---\nformat = java\nresolution = microseconds\nsampling period = 100\nms since reset = 6\n 7 2 @ 0xa\n0xa A.a (A.java:1)\n";
    let profile = read(contention.as_bytes());
    assert_eq!(types(&profile), "contentions/count delay/microseconds by contentions/count 100");
    assert_eq!(shown(&profile), ["[200, 700] A.a(A.java:1)"]);
    assert!(
        refused(b"--- heapz 1 ---\nformat = java\nresolution = bytes\n 5 0 @ 0xa\n").starts_with("line 4")
    );
}

#[test]
fn maps_may_have_the_prefix_of_a_log() {
    let text = |prefix: &str| {
        format!(
            "heap profile: 1: 64 [1: 64] @ heapprofile\n1: 64 [1: 64] @ 0x2\nMAPPED_LIBRARIES:\n{prefix}0-1000 r-xp 00000000 00:00 0 /app\n"
        )
    };
    for prefix in ["", "a.cc:12] ", "a.cc:12]\u{85}"] {
        assert_eq!(maps(&read(text(prefix).as_bytes())), ["0-1000 @0 /app "], "{prefix:?}");
    }
}

#[test]
fn threads_are_counted_also_where_they_equal_the_one_before() {
    let text = "--- threadz 1 ---\n\n--- Thread 7f01 (name: main/14748) stack: ---\n  PC: 0x1000 0x1000: a\n  0x2001: b\n\
                --- Thread 7f02 (name: w/14749) stack: ---\n   [same as previous thread]\n--- Memory map: ---\n1000-9000 r-xp 00000000 00:00 0 /app\n";
    let profile = read(text.as_bytes());
    assert_eq!(types(&profile), "thread/count by thread/count 1");
    assert_eq!(shown(&profile), ["[2] 0x1000 0x2000"]);
}

#[test]
fn what_is_none_of_them_is_passed_on() {
    for bytes in [&b""[..], b"a;b 1\n", b"<html>", b"heap profile", b"\0\0\0\0\x03\0\0\0"] {
        assert!(decode(bytes, &Limits::default()).is_none(), "{bytes:?}");
    }
}

#[test]
fn a_cpu_profile_that_ends_early_or_lies_is_refused() {
    let whole = words(&CPU[..16], 8, false);
    assert!(refused(&whole[..8 * 8]).contains("found the end of the file"));
    let huge = words(&[0, 3, 0, 1, 0, 1, u64::MAX, 1], 8, false);
    assert!(refused(&huge).contains("found the end of the file"));
    let limits = Limits { max_samples: 1, ..Limits::default() };
    assert!(decode(&whole, &limits).unwrap().unwrap_err().to_string().contains("at most 1 samples"));
}

proptest::proptest! {
    #[test]
    fn any_bytes_behind_a_header_are_read_or_refused(head in 0..8_usize, tail in "[ -~\n]{0,200}", raw in proptest::collection::vec(0..=255_u8, 0..80)) {
        let headers = ["heap profile: 1: 2 [3: 4] @ heap/1024\n", "goroutine profile: total 1\n", "--- threadz 1 ---\n",
            "--- contentionz 1 ---\n", "--- heapz 1 ---\nformat = java\nresolution = bytes\n", "--- mutex:\n", "--- symbol\n", ""];
        let mut bytes = headers[head].as_bytes().to_vec();
        bytes.extend(tail.as_bytes());
        let _ = decode(&bytes, &Limits::default()).map(|found| found.map(|profile| profile.samples.len()));
        let mut cpu = words(&CPU[..5], 4, false);
        cpu.extend(raw);
        let _ = decode(&cpu, &Limits::default());
    }
}
