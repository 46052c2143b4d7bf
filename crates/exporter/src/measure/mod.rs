//! What a window holds: asked of the Parca, counted once per stack, put together as a table.

mod ask;
mod coverage;
mod explain;
mod stacks;
mod table;
mod tally;

pub(crate) use ask::{Failure, Measured, measure};
pub use ask::{MeasureError, in_terms_of_the_config};
pub(crate) use coverage::{Coverage, coverage, has_newer};
pub(crate) use explain::explain;
pub(crate) use table::{GroupTable, Table, Value};
#[cfg(test)]
pub(crate) use {table::Divisor, tally::Tally};
