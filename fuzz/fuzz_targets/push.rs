//! Any bytes are a push of Pyroscope's or an error; what can be stored can be asked for.
#![no_main]

use libfuzzer_sys::fuzz_target;
use parca_embedded::fuzzing;

fuzz_target!(|bytes: &[u8]| {
    fuzzing::pushed(pyroscope_api::fuzzing::push(bytes)).map(fuzzing::asked_for);
});
