//! What a server answers, in values that know no wire.

mod callgraph;
mod flame_tree;
mod frame;
mod report;
mod series;
mod status;

pub use callgraph::{Callgraph, CallgraphEdge, CallgraphNode};
pub use flame_tree::{FlameNode, FlameTree};
pub use frame::Frame;
pub use report::{
    FlamegraphRecord, ProfileMetadata, QueryAnswer, Report, SourceReport, TableRecord, Top, TopRow,
};
pub use series::{Series, SeriesSample};
pub use status::{Agent, ServingStatus, Target, TargetHealth};

pub(crate) use report::query_answer;
pub(crate) use series::series;
pub(crate) use status::{agents, serving_status, targets};

use std::time::Duration;

use parca_proto::profilestore;
use profile_model::{Labels, Timestamp};

/// Any instant of the wire; none is the zero time of the server's language, which it means by "never".
fn instant(wire: Option<prost_types::Timestamp>) -> Timestamp {
    const NANOS_PER_SECOND: i32 = 1_000_000_000;
    let Some(prost_types::Timestamp { seconds, nanos }) = wire else { return Timestamp::YEAR_ONE };
    let carry = i64::from(nanos.div_euclid(NANOS_PER_SECOND));
    Timestamp::new(seconds.saturating_add(carry), nanos.rem_euclid(NANOS_PER_SECOND).unsigned_abs())
}

/// A span of the wire; below zero it is zero.
fn span(wire: Option<prost_types::Duration>) -> Duration {
    wire.and_then(|wire| Duration::try_from(wire).ok()).unwrap_or_default()
}

fn labels(wire: Option<profilestore::LabelSet>) -> Labels {
    wire.unwrap_or_default().labels.into_iter().map(|label| (label.name, label.value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_instant_of_the_wire_survives() {
        let check = |seconds, nanos, expect| {
            assert_eq!(instant(Some(prost_types::Timestamp { seconds, nanos })), expect);
        };
        check(-62_135_596_800, 0, Timestamp::YEAR_ONE);
        check(-1, 999_999_999, Timestamp::from_nanos(-1));
        check(0, -1, Timestamp::from_nanos(-1));
        check(i64::MIN, i32::MIN, Timestamp::new(i64::MIN, 852_516_352));
        check(i64::MAX, i32::MAX, Timestamp::new(i64::MAX, 147_483_647));
        assert_eq!(instant(None), Timestamp::YEAR_ONE);
    }
}
