//! What strangers' bytes go through, for fuzz targets and property tests.

use profile_codec::arrow::AgentSamples;
use profile_store::{Filter, Merge, NewWrite, Span, Store};
use pyroscope_api::Pushed;

use crate::ingest::{agent_batch, agent_limits, agent_write};
use crate::{otlp, pyroscope};

/// What can be stored of a request to `WriteArrow`.
pub fn write_arrow(ipc: &[u8]) -> Option<NewWrite> {
    agent_batch(ipc).ok()
}

/// What can be stored of the two messages of a `Write`.
pub fn write(samples: &[u8], stacks: &[u8]) -> Option<NewWrite> {
    let limits = agent_limits();
    let mut samples = AgentSamples::read(samples, &limits).ok()?;
    samples.wanted().expect("ids of a message are fewer than Arrow can address");
    agent_write(samples.profiles(stacks, &limits).ok()?).ok()
}

/// What can be stored of an encoded OTLP export.
pub fn otlp(bytes: &[u8]) -> Option<NewWrite> {
    otlp::profiles(bytes).ok().map(NewWrite::new)
}

/// What can be stored of an OTLP export as JSON.
pub fn otlp_json(bytes: &[u8]) -> Option<NewWrite> {
    otlp(&otlp::from_json(bytes).ok()?)
}

/// What can be stored of a push.
pub fn pushed(profiles: Vec<Pushed>) -> Option<NewWrite> {
    pyroscope::checked(profiles).ok().map(NewWrite::new)
}

/// Stores it and asks for everything that is there then: what was checked is taken, what is stored can be listed, named
/// in a query and summed. Returns how many types there are.
///
/// # Panics
/// It is not so.
pub fn asked_for(write: NewWrite) -> usize {
    let store = Store::in_memory(64 << 20);
    store.write(write).expect("what was checked is taken");
    let view = store.view();
    let types = view.profile_types(Span::ALL).expect("it is in memory");
    for profile_type in &types {
        let query: pql::Query = profile_type.to_string().parse().expect("a stored type can be named");
        let (filter, group_by) = (Filter::of_query(&query), Vec::new());
        view.label_sets(&filter, Span::ALL).expect("it is in memory");
        let ask = Merge { filter, span: Span::ALL, group_by, in_periods: true };
        let merged = view.merge(&ask).expect("it is in memory");
        assert!(merged.is_some(), "{profile_type} is listed and has no profile");
    }
    types.len()
}
