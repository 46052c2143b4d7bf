//! Any bytes are a section of a block's index, a record of the log, or none.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| profile_store::fuzzing::read_anything(bytes));
