mod call_table;
mod calls;
mod flame_graph;
mod function_table;
mod key;
mod resolver;

pub use call_table::{CallRow, CallTable, CallTableOptions, Recursion, WeightedStack};
pub use calls::Calls;
pub use flame_graph::{
    FlameBox, FlameFrame, FlameGraph, FlameKind, FlameLayout, FlameNode, FlameOptions, FlameSample,
    FlameSums, NodeId,
};
pub use function_table::{FunctionRow, FunctionTable};
