use super::*;

fn check(bytes: &[u8], expect: Form) {
    assert_eq!(detect(bytes), expect, "{:?}", String::from_utf8_lossy(&bytes[..bytes.len().min(60)]));
}

#[test]
fn what_people_take_for_profiles_is_told_apart() {
    check(b"", Form::Empty);
    check(b" \r\n", Form::Empty);
    check(b"\x1f\x8b\x08\0", Form::Gzip);
    check(b"\x28\xb5\x2f\xfd\x04", Form::Zstd);
    check(b"\xfd7zXZ\0\0", Form::Xz);
    check(b"BZh91AY", Form::Bzip2);
    check(b"PK\x03\x04\x14", Form::Zip);
    check(b"PERFILE2h", Form::PerfData);
    check(b"FLR\0\0\x02", Form::Jfr);
    check(b"\xa6\xe7\xcc\xca\0\0\0\x01", Form::Padata);
    check(b"\x7fELF\x02", Form::Elf);
    check(b"HTTP/1.1 200 OK\r\n", Form::Http);
    check(b"<!DOCTYPE html>\n<html>", Form::Html);
    check(b"\n<html lang=en>", Form::Html);
    check(b"<?xml version='1.0'?><svg/>", Form::Xml);
    check(b"{\"code\":\"not_found\"}", Form::Json);
    check(b"{\"$schema\":\"https://www.speedscope.app/file-format-schema.json\"}", Form::Speedscope);
    check(b"{\"nodes\":[{\"id\":1,\"callFrame\":{}}],\"timeDeltas\":[]}", Form::CpuProfile);
    check(b"{\"traceEvents\":[]}", Form::ChromeTrace);
    check(b"{\"meta\":{\"interval\":1,\"version\":27},\"threads\":[]}", Form::Gecko);
    check(b"{\"version\":1,\"flamebearer\":{}}", Form::Flamebearer);
    check(b"goroutine 1 [running]:\nmain.main()\n\t/a.go:3\n", Form::GoroutineDump);
    check(b"goroutine profile: total 1\n1 @ 0x1\n", Form::Legacy);
    check(b"heap profile: 1: 1024 [2: 2048] @ heap/1048576\n", Form::Legacy);
    check(b"--- mutex:\ncycles/second=1\n", Form::Legacy);
    check(b"--- heapz 1 ---\n", Form::Legacy);
    check(b"--- threadz 1 ---\n", Form::Legacy);
    check(b"--- symbol\nbinary=/a\n", Form::Legacy);
    check(&[0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 16, 39, 0, 0, 0, 0, 0, 0], Form::Legacy);
    check(b"main;work 12\nmain 3\n", Form::Folded);
    check(b"# comment\nmain;f(int, char) 12.5\n", Form::Folded);
    check(b"a;b -3\r\n", Form::Folded);
    check(
        b"app 77 [000]  12.345678:   10101010 cpu-clock: \n\t    114d work+0x1d (/app)\n\n",
        Form::PerfScript,
    );
    check(b"internal server error\n", Form::Text);
    check(b"profiling already in use", Form::Text);
    check(b"\x00\x01\x02\x03", Form::Unknown);
    check(&[0xff; 40], Form::Unknown);
}

#[test]
fn pprof_is_told_by_its_fields() {
    let profile =
        [&[0x0a, 4, 8, 1, 16, 2][..], &[0x12, 4, 8, 1, 16, 2], &[0x32, 0], b"\x32\x03cpu", &[0x48, 5]]
            .concat();
    check(&profile, Form::Pprof);
    check(&profile[..15], Form::Pprof);
    check(&[profile.clone(), profile.clone()].concat(), Form::SeveralPprofs);
    // A group, a number where a message is due.
    check(&[0x0b, 1], Form::Unknown);
    check(&[0x08, 0x80, 0x80], Form::Unknown);
    check(&[0x0a, 4, 8, 1, 16, 2, 0x48, 0x80], Form::Pprof);
}

proptest::proptest! {
    #[test]
    fn any_bytes_have_a_form(bytes in proptest::collection::vec(0..=255_u8, 0..300)) {
        let form = detect(&bytes);
        assert!(!form.noun().is_empty());
    }
}
