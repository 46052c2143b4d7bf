use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow_array::{ArrayRef, BinaryArray, RecordBatch};
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{DataType, Field, Schema};
use bytes::Bytes;
use profile_model::{LocationId, ProfileBatch, StackId};

use super::rows::{Rows, named_labels};
use super::stacks::Stacks;
use super::{AgentError, VERSION_KEY, frames::Frames};
use crate::arrow::decode::{
    nested::Column,
    nested_reader::{self, NestedBatch},
};
use crate::arrow::{ArrowLimits, EncodeError};

const ID: &str = "stacktrace_id";

/// The first message of an exchange in schema v1: samples that name their stacks by ids.
///
/// The server answers with [`wanted`](Self::wanted), and gets what [`profiles`](Self::profiles) takes.
pub struct AgentSamples<'a> {
    batch: NestedBatch<'a>,
    ids: Vec<Vec<u8>>,
}

impl std::fmt::Debug for AgentSamples<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AgentSamples").field("rows", &self.batch.rows).field("ids", &self.ids.len()).finish()
    }
}

impl<'a> AgentSamples<'a> {
    /// Reads the samples.
    ///
    /// # Errors
    /// The bytes are no such batch, contradict themselves, or exceed the limits.
    pub fn read(ipc: &'a [u8], limits: &ArrowLimits) -> Result<Self, AgentError> {
        let batch =
            nested_reader::read(ipc, limits).map_err(AgentError::Stream)?.ok_or(AgentError::NoRecord)?;
        if batch.metadata(VERSION_KEY) != Some("v1") {
            return Err(AgentError::Schema);
        }
        let ids = distinct_ids(batch.column(ID).ok_or(AgentError::Missing(ID))?, batch.rows)?;
        Rows::new(&batch, named_labels(&batch))?;
        Ok(Self { batch, ids })
    }

    /// The ids of the stacks, each once, in the order of the rows.
    pub fn ids(&self) -> &[Vec<u8>] {
        &self.ids
    }

    /// The answer that asks for every stack: a stream of one batch with one column, not compressed.
    ///
    /// # Errors
    /// The ids together are more than Arrow can address.
    pub fn wanted(&self) -> Result<Bytes, EncodeError> {
        let field = Field::new(ID, DataType::Binary, false);
        let metadata: HashMap<String, String> = [(VERSION_KEY.to_owned(), "v1".to_owned())].into();
        let schema = Arc::new(Schema::new_with_metadata(vec![field], metadata));
        let ids: ArrayRef = Arc::new(BinaryArray::from_iter_values(&self.ids));
        let batch = RecordBatch::try_new(Arc::clone(&schema), vec![ids])?;
        let mut writer = StreamWriter::try_new(Vec::new(), &schema)?;
        writer.write(&batch)?;
        Ok(writer.into_inner()?.into())
    }

    /// The samples with their stacks, out of the message that the agent answered with.
    ///
    /// # Errors
    /// As [`read`](Self::read), or a stack is not there.
    pub fn profiles(&mut self, stacks: &[u8], limits: &ArrowLimits) -> Result<ProfileBatch, AgentError> {
        let answer =
            nested_reader::read(stacks, limits).map_err(AgentError::Stream)?.ok_or(AgentError::NoRecord)?;
        let mut budget = self.batch.budget.take();
        let mut batch = ProfileBatch::default();
        let mut frames = Frames { to: &mut batch.symbols, budget: &mut budget };
        let stacks = NamedStacks::new(&self.batch, &answer, &self.ids, &mut frames)?;
        let rows = Rows::new(&self.batch, named_labels(&self.batch))?;
        rows.gather(self.batch.rows, stacks, batch, &mut budget)
    }
}

fn distinct_ids(column: &Column<'_>, rows: usize) -> Result<Vec<Vec<u8>>, AgentError> {
    // The safe hasher: ids are strangers'.
    let (mut seen, mut ids) = (HashSet::new(), Vec::new());
    for row in 0..rows {
        let id = column.bytes(row)?.unwrap_or_default();
        if !seen.contains(id) {
            seen.insert(id.to_vec());
            ids.push(id.to_vec());
        }
    }
    Ok(ids)
}

/// Stacks that rows name by ids.
struct NamedStacks<'c, 'a> {
    rows: &'c Column<'a>,
    stacks: HashMap<Vec<u8>, StackId>,
}

impl<'c, 'a> NamedStacks<'c, 'a> {
    fn new(
        samples: &'c NestedBatch<'a>,
        answer: &NestedBatch<'_>,
        wanted: &[Vec<u8>],
        frames: &mut Frames<'_, '_>,
    ) -> Result<Self, AgentError> {
        let column = |name| answer.column(name).ok_or(AgentError::Missing(name));
        let (ids, locations) = (column(ID)?, column("locations")?);
        let mut stacks = HashMap::new();
        for row in 0..answer.rows {
            let id = ids.bytes(row)?.unwrap_or_default().to_vec();
            stacks.insert(id, stack(locations, row, frames)?);
        }
        if let Some(id) = wanted.iter().find(|id| !stacks.contains_key(*id)) {
            return Err(AgentError::NoStack(String::from_utf8_lossy(id).into_owned()));
        }
        let rows = samples.column(ID).ok_or(AgentError::Missing(ID))?;
        Ok(Self { rows, stacks })
    }
}

fn stack(locations: &Column<'_>, row: usize, frames: &mut Frames<'_, '_>) -> Result<StackId, AgentError> {
    let Some((span, items)) = locations.list(row)? else { return Ok(StackId::EMPTY) };
    frames.budget.spend(span.len().saturating_mul(size_of::<LocationId>()))?;
    let mut stack = Vec::with_capacity(span.len());
    for item in span {
        stack.push(match items.place(item)? {
            Some((leaf, at)) => frames.plain(leaf, at)?,
            None => frames.unknown(),
        });
    }
    Ok(frames.to.intern_stack(&stack))
}

impl Stacks for NamedStacks<'_, '_> {
    fn intern(&mut self, row: usize, _frames: &mut Frames<'_, '_>) -> Result<StackId, AgentError> {
        let id = self.rows.bytes(row)?.unwrap_or_default();
        Ok(self.stacks.get(id).copied().unwrap_or(StackId::EMPTY))
    }
}
