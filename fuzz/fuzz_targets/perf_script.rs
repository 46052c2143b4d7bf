//! Any text is that of perf script or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use profile_codec::perf;
use profile_codec::pprof::Limits;

fuzz_target!(|text: &str| {
    let _ = perf::decode_script(text, &Limits::default());
});
