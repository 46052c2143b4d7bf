//! Any bytes are a table or an error; what was read can be written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use profile_codec::arrow::{ArrowLimits, decode_table, encode_table};

fuzz_target!(|bytes: &[u8]| {
    let limits = ArrowLimits::default();
    let Ok(decoded) = decode_table(bytes, &limits) else { return };
    let record = encode_table(&decoded.table, &decoded.symbols).expect("the table is small");
    let again = decode_table(&record, &limits).expect("what was written is a table");
    assert_eq!(again.table.rows.len(), decoded.table.rows.len());
});
