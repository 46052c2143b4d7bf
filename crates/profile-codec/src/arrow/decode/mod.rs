//! Reading records, by hand and in safe code.
//!
//! Of `arrow-ipc`, only the accessors of its flatbuffers are used, after their verifier. Its readers
//! refuse Parca's streams (nulls where the schema says there are none), reserve whatever memory a
//! buffer's length asks for, and panic on offsets outside of the body. Here every length and offset
//! is checked where it is used, and memory is counted before it is taken.

mod agent;
mod batch;
mod budget;
mod column;
mod error;
mod flame_graph;
mod flame_rows;
mod limits;
mod lz4;
mod nested;
mod nested_reader;
mod reader;
mod schema;
mod stream;
mod table;

pub use agent::{AgentError, AgentSamples, decode_agent_batch};
pub use error::ArrowError;
pub use flame_graph::{DecodedFlameGraph, decode_flame_graph};
pub use flame_rows::{FlameColumns, FlameRow, FlameRows, decode_flame_rows};
pub use limits::ArrowLimits;
pub use table::{DecodedTable, decode_table};
