//! The nouns between every source of profiles and every view of them.
//!
//! A [`Profile`] is a set of [`Samples`] whose stacks live in [`Symbols`]: tables in which equal
//! entries share an id. Codecs fill them, stores pool them, and views read them frame by frame.
//! Stacks are always **leaf first**; a view that starts at the root reverses.
//!
//! ```
//! use profile_model::{Function, FunctionTable, Line, Location, Profile, Sample, StringId, ValueType};
//!
//! let mut profile = Profile::new(vec![ValueType::new("cpu", "nanoseconds")]);
//! let symbols = &mut profile.symbols;
//! let locations = ["work", "main"].map(|name| {
//!     let name = symbols.intern_string(name);
//!     let function = Function { name, system_name: name, filename: StringId::EMPTY, start_line: 0 };
//!     let function = Some(symbols.intern_function(function));
//!     let lines = [Line { function, line: 1, column: 0 }];
//!     symbols.intern_location(Location { mapping: None, address: 0, is_folded: false, lines: &lines })
//! });
//! let stack = symbols.intern_stack(&locations);
//! profile.samples.push(Sample { stack, values: &[250], labels: &[] });
//!
//! let table = FunctionTable::of(&profile.symbols, profile.samples.column(0));
//! assert_eq!(table.total, 250);
//! assert_eq!(table.rows[0].name(&profile.symbols).to_string(), "work");
//! assert_eq!((table.rows[1].flat, table.rows[1].cumulative), (0, 250));
//! ```
//!
//! What it does not know: any profiling service, any encoding, any file, clock or socket.

mod batch;
mod labels;
mod profile;
mod series_name;
mod symbols;
#[cfg(test)]
mod testing;
mod time;
mod unit;
mod value_type;
mod views;

pub use batch::{BatchHead, BatchType, LabelSets, ProfileBatch};
pub use labels::Labels;
pub use profile::{CombineError, LabelValue, Profile, Sample, SampleLabel, Samples};
pub use series_name::series_name;
pub use symbols::{
    Frame, FrameName, Function, FunctionId, Line, Location, LocationId, Mapping, MappingFlags, MappingId,
    Room, StackId, StringId, Symbols, Transfer,
};
pub use time::{TimeRange, Timestamp};
pub use unit::{Dimension, Unit, comparable};
pub use value_type::ValueType;
pub use views::{
    CallRow, CallTable, CallTableOptions, Calls, FlameBox, FlameFrame, FlameGraph, FlameKind, FlameLayout,
    FlameNode, FlameOptions, FlameSample, FlameSums, FunctionRow, FunctionTable, NodeId, Recursion,
    WeightedStack,
};
