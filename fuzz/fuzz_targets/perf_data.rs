//! Any bytes are a recording of perf or an error, also with somebody who looks at copies of stacks.
#![no_main]

use libfuzzer_sys::fuzz_target;
use profile_codec::perf::{self, Registers, Unwind, UserStack};
use profile_codec::pprof::{self, Limits};

/// Takes every word of a stack for an address that a call returns to.
struct EveryWord;

impl Unwind for EveryWord {
    fn unwind(&mut self, stack: &UserStack<'_>) -> Vec<u64> {
        let Registers::X86_64 { ip, sp, .. } = stack.registers else { return Vec::new() };
        assert!(stack.code().all(|code| code.start < code.end));
        let words = (0..16).map_while(|at| stack.word(sp.checked_add(8 * at)?));
        [ip].into_iter().chain(words).collect()
    }
}

// The crate that reads records panics at some of them where overflow is checked, which `perf::decode` turns into an error;
// the fuzzer's own hook would end the process before that.
fuzz_target!(init: std::panic::set_hook(Box::new(|_| {})), |bytes: &[u8]| {
    if let Ok(recording) = perf::decode_unwinding(bytes, &Limits::default(), &mut EveryWord) {
        let again = pprof::decode(&pprof::encode(&recording.profile), &Limits::default());
        assert_eq!(again.expect("what was written is a profile").samples.len(), recording.profile.samples.len());
    }
});
