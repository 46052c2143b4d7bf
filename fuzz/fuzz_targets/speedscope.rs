//! Any bytes are a file of speedscope or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use profile_codec::pprof::Limits;
use profile_codec::speedscope;

fuzz_target!(|bytes: &[u8]| {
    let _ = speedscope::decode(bytes, &Limits::default());
});
