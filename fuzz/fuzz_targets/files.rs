//! Any bytes have a form, and are profiles or an error that says what they are.
#![no_main]

use libfuzzer_sys::fuzz_target;
use profile_codec::file::{self, Options};

fuzz_target!(|bytes: &[u8]| {
    match file::read(bytes, &Options::default()) {
        Ok(contents) => assert!(!contents.profiles.is_empty()),
        Err(error) => assert!(!error.to_string().contains('\n'), "an error is one line"),
    }
});
