//! Any bytes are a batch of an agent's or an error: no panic, and no more rows and frames than the limits allow.
#![no_main]

use libfuzzer_sys::fuzz_target;
use profile_codec::arrow::{AgentSamples, ArrowLimits, decode_agent_batch};

fuzz_target!(|bytes: &[u8]| {
    let mut limits = ArrowLimits::default();
    limits.max_decoded_bytes = 16 << 20;
    limits.max_rows = 1 << 16;
    if let Ok(profiles) = decode_agent_batch(bytes, &limits) {
        let rows: usize = profiles.iter().map(|profile| profile.profile.samples.len()).sum();
        assert!(rows <= limits.max_rows);
    }
    // The second message of an exchange in v1 stands behind the first, whose length is in front of both.
    let Some((len, rest)) = bytes.split_first_chunk::<2>() else { return };
    let Some((samples, stacks)) = rest.split_at_checked(u16::from_le_bytes(*len).into()) else { return };
    if let Ok(mut samples) = AgentSamples::read(samples, &limits) {
        assert!(samples.wanted().is_ok());
        let _ = samples.profiles(stacks, &limits);
    }
});
