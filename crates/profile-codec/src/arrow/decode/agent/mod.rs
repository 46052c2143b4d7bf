//! What parca-agent writes: batches of rows, a sample each, with labels and a stack.
//!
//! The layouts are those of parca-agent at cb46a8ea (`reporter/arrow.go`, `reporter/arrow_v2.go`): schema v2 has the
//! stacks in the batch, v1 names them by ids and sends them when it is asked for them.

mod error;
mod frames;
mod rows;
mod stacks;
mod v1;

pub use error::AgentError;
pub use v1::AgentSamples;

use profile_model::ProfileBatch;

use super::{ArrowLimits, nested_reader};
use rows::Rows;
use stacks::InlineStacks;

const VERSION_KEY: &str = "parca_write_schema_version";

/// Reads a batch of schema v2, as `WriteArrow` takes it, into profiles in the order of their first rows.
///
/// Rows become one profile only where nothing but stack and value tells them apart, so that each keeps its time.
/// Functions have a system name and no other, as the agent sends them. Labels with an empty value are left out.
///
/// # Errors
/// The bytes are no such batch, contradict themselves, or exceed the limits.
pub fn decode_agent_batch(ipc: &[u8], limits: &ArrowLimits) -> Result<ProfileBatch, AgentError> {
    let mut batch =
        nested_reader::read(ipc, limits).map_err(AgentError::Stream)?.ok_or(AgentError::NoRecord)?;
    match batch.metadata(VERSION_KEY) {
        Some("v2") => {}
        Some("v1") => return Err(AgentError::Missing("locations")),
        _ => return Err(AgentError::Schema),
    }
    let mut budget = batch.budget.take();
    let column = |name| batch.column(name).ok_or(AgentError::Missing(name));
    column("stacktrace_id")?;
    let stacks = InlineStacks::new(column("stacktrace")?);
    let labels = rows::struct_labels(column("labels")?)?;
    Rows::new(&batch, labels)?.gather(batch.rows, stacks, ProfileBatch::default(), &mut budget)
}
