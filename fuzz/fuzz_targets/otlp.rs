//! Any bytes are an export of OpenTelemetry's, as protobuf and as JSON, or an error; what can be stored can be asked for.
#![no_main]

use libfuzzer_sys::fuzz_target;
use parca_embedded::fuzzing;

fuzz_target!(|bytes: &[u8]| {
    fuzzing::otlp(bytes).map(fuzzing::asked_for);
    fuzzing::otlp_json(bytes).map(fuzzing::asked_for);
});
