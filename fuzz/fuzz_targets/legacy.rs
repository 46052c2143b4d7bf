//! Any bytes are a profile of an older form, an error, or of another form; what was read can be written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use profile_codec::legacy;
use profile_codec::pprof::{self, Limits};

fuzz_target!(|bytes: &[u8]| {
    if let Some(Ok(profile)) = legacy::decode(bytes, &Limits::default()) {
        let again = pprof::decode(&pprof::encode(&profile), &Limits::default()).expect("what was written is a profile");
        assert_eq!(again.samples.len(), profile.samples.len());
    }
});
