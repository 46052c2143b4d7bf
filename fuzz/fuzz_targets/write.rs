//! Any bytes are the two messages of a `Write` or an error; what can be stored can be asked for. The last byte says
//! which of the messages the bytes are; of both, the length of the first one is in front.
#![no_main]

use libfuzzer_sys::fuzz_target;
use parca_embedded::fuzzing;

/// A message that is right, so that the other one is reached.
const SAMPLES: &[u8] =
    include_bytes!("../../crates/profile-codec/tests/fixtures/agent/write-v1-samples.arrows");
const STACKS: &[u8] =
    include_bytes!("../../crates/profile-codec/tests/fixtures/agent/write-v1-locations.arrows");

fuzz_target!(|bytes: &[u8]| {
    let Some((which, bytes)) = bytes.split_last() else { return };
    let (samples, stacks) = match which % 3 {
        0 => (bytes, STACKS),
        1 => (SAMPLES, bytes),
        _ => {
            let Some((len, both)) = bytes.split_first_chunk::<2>() else { return };
            let Some(both) = both.split_at_checked(u16::from_le_bytes(*len).into()) else { return };
            both
        }
    };
    fuzzing::write(samples, stacks).map(fuzzing::asked_for);
});
