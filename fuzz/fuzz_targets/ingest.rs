//! Any bytes are a body of /ingest in each form, or an error; what can be stored can be asked for. The first byte says
//! which form.
#![no_main]

use libfuzzer_sys::fuzz_target;
use parca_embedded::fuzzing;
use pyroscope_api::fuzzing::ingest;

fuzz_target!(|bytes: &[u8]| {
    let Some((first, body)) = bytes.split_first() else { return };
    let pushed = match first % 6 {
        0 => ingest("pprof", "application/octet-stream", body),
        1 => ingest("", "multipart/form-data; boundary=b", body),
        2 => ingest("lines", "", body),
        3 => ingest("pprof", "multipart/form-data; boundary=b", body),
        4 => ingest("jfr", "application/octet-stream", body),
        _ => ingest("", "", body),
    };
    fuzzing::pushed(pushed).map(fuzzing::asked_for);
});
