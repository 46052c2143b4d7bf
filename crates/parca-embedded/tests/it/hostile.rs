//! Bytes of strangers at every way in: no panic, and what is stored can be asked for.

use parca_embedded::fuzzing;
use proptest::prelude::*;

/// An export of two profiles, encoded.
fn export() -> Vec<u8> {
    use prost::Message;
    crate::otlp::export(vec![crate::otlp::cpu(), crate::otlp::cpu()]).encode_to_vec()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn damaged_exports_are_profiles_or_errors(
        changes in prop::collection::vec((0..600_usize, any::<u8>()), 1..8),
        cut in 0..800_usize,
    ) {
        let mut bytes = export();
        for (at, byte) in changes {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        bytes.truncate(cut.max(1));
        fuzzing::otlp(&bytes).map(fuzzing::asked_for);
    }

    #[test]
    fn any_json_is_profiles_or_an_error(text in "[{}\\[\\]\":,a-zA-Z0-9-]{0,200}") {
        fuzzing::otlp_json(text.as_bytes()).map(fuzzing::asked_for);
    }
}
