use parca_proto::pyroscope::types as wire;
use profile_model::{Labels, Timestamp};

use super::labels;
use crate::window::instant;

/// A single profile, or the part of a span in it, out of those that a value was made of.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exemplar {
    /// When it was taken.
    pub timestamp: Timestamp,
    /// The exemplar's value, in the unit of the sample type.
    pub value: i64,
    /// The profile (a UUID); empty for an exemplar of a span.
    pub profile_id: String,
    /// The span (16 hexadecimal digits), or empty.
    pub span_id: String,
    /// The trace (32 hexadecimal digits), or empty.
    pub trace_id: String,
    /// The labels that are not those of its series.
    pub labels: Labels,
}

pub(super) fn exemplar(wire: wire::Exemplar) -> Exemplar {
    Exemplar {
        timestamp: instant(wire.timestamp),
        value: wire.value,
        profile_id: wire.profile_id,
        span_id: wire.span_id,
        trace_id: wire.trace_id,
        labels: labels(wire.labels),
    }
}
