//! Any bytes are the two messages of a `Write` or an error; what can be stored can be asked for. The length of the first
//! one is in front of both.
#![no_main]

use libfuzzer_sys::fuzz_target;
use parca_embedded::fuzzing;

/// A message that is right, so that the other one is reached.
const SAMPLES: &[u8] =
    include_bytes!("../../crates/profile-codec/tests/fixtures/agent/write-v1-samples.arrows");
const STACKS: &[u8] =
    include_bytes!("../../crates/profile-codec/tests/fixtures/agent/write-v1-locations.arrows");

fuzz_target!(|bytes: &[u8]| {
    fuzzing::write(bytes, STACKS).map(fuzzing::asked_for);
    fuzzing::write(SAMPLES, bytes).map(fuzzing::asked_for);
    let Some((len, rest)) = bytes.split_first_chunk::<2>() else { return };
    let Some((samples, stacks)) = rest.split_at_checked(u16::from_le_bytes(*len).into()) else { return };
    fuzzing::write(samples, stacks).map(fuzzing::asked_for);
});
