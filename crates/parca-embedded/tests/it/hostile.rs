//! Bytes of strangers at every way in: no panic, and what is stored can be asked for.

use parca_embedded::fuzzing;
use profile_store::{Filter, Merge, NewProfile, NewWrite, Span, Store};
use proptest::prelude::*;

/// Every type that was stored can be listed and asked for.
fn is_sound(profiles: Vec<NewProfile>) {
    let store = Store::in_memory(64 << 20);
    store.write(NewWrite::new(profiles)).unwrap();
    let view = store.view();
    for profile_type in view.profile_types(Span::ALL).unwrap() {
        let query: pql::Query = profile_type.to_string().parse().unwrap();
        let ask = Merge {
            filter: Filter::of_query(&query),
            span: Span::ALL,
            group_by: Vec::new(),
            in_periods: false,
        };
        view.merge(&ask).unwrap();
    }
}

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
        is_sound(fuzzing::otlp(&bytes));
    }

    #[test]
    fn any_json_is_profiles_or_an_error(text in "[{}\\[\\]\":,a-zA-Z0-9-]{0,200}") {
        is_sound(fuzzing::otlp_json(text.as_bytes()));
    }
}
