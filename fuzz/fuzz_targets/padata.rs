//! Any bytes are an offline file of parca-agent or an error; its batches are parts of it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use profile_codec::padata;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(batches) = padata::batches(bytes) {
        let all: usize = batches.iter().map(|batch| batch.len()).sum();
        assert!(all <= bytes.len());
    }
});
