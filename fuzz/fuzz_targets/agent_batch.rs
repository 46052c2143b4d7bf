//! Any bytes are a batch for `WriteArrow` or an error; what can be stored can be asked for.
#![no_main]

use libfuzzer_sys::fuzz_target;
use parca_embedded::fuzzing;

fuzz_target!(|bytes: &[u8]| {
    fuzzing::write_arrow(bytes).map(fuzzing::asked_for);
});
