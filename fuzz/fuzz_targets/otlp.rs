//! Any bytes are an export of OpenTelemetry's, as protobuf and as JSON, or an error; what can be stored can be asked for.
#![no_main]

use libfuzzer_sys::fuzz_target;
use profile_store::{Filter, Merge, NewProfile, NewWrite, Span, Store};

fuzz_target!(|bytes: &[u8]| {
    is_sound(parca_embedded::fuzzing::otlp(bytes));
    is_sound(parca_embedded::fuzzing::otlp_json(bytes));
});

fn is_sound(profiles: Vec<NewProfile>) {
    if profiles.is_empty() {
        return;
    }
    let store = Store::in_memory(64 << 20);
    store.write(NewWrite::new(profiles)).expect("what was checked is taken");
    let view = store.view();
    for profile_type in view.profile_types(Span::ALL).expect("it is in memory") {
        let query: pql::Query = profile_type.to_string().parse().expect("a stored type can be named");
        let ask = Merge { filter: Filter::of_query(&query), span: Span::ALL, group_by: vec![], in_periods: false };
        view.merge(&ask).expect("it is in memory");
    }
}
