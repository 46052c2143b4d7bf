//! Any bytes are a recording of perf or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use profile_codec::perf;
use profile_codec::pprof::Limits;

fuzz_target!(|bytes: &[u8]| {
    let _ = perf::decode(bytes, &Limits::default());
});
