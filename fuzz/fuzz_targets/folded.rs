//! Any bytes are folded stacks or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use profile_codec::folded;

fuzz_target!(|bytes: &[u8]| {
    let _ = folded::parse(bytes, &folded::ParseOptions::default());
});
