//! Any bytes are a profile or an error; what was read can be written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use profile_codec::pprof::{self, Limits};

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits::default();
    let Ok(profile) = pprof::decode(bytes, &limits) else { return };
    let again = pprof::decode(&pprof::encode(&profile), &limits).expect("what was written is a profile");
    assert_eq!(again.samples.len(), profile.samples.len());
    let _ = pprof::decode_like_parca(bytes, 0, &limits);
});
