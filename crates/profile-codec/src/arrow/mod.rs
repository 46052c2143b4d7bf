//! The Arrow records of Parca: IPC streams of one batch, buffers compressed by LZ4. Those in its answers are written
//! and read, those of agents are read.
//!
//! Columns have the names, the order and the types that Parca's have, which for flame graphs
//! depend on the data; readers look columns up by name and take any width.

mod columns;
mod decode;
mod flame_graph;
mod record;
mod table;

pub use decode::{
    AgentError, AgentSamples, ArrowError, ArrowLimits, DecodedFlameGraph, DecodedTable, FlameColumns,
    FlameRow, FlameRows, decode_agent_batch, decode_flame_graph, decode_flame_rows, decode_table,
};
pub use flame_graph::{EncodedFlameGraph, encode_flame_graph};
pub use record::EncodeError;
pub use table::encode_table;
