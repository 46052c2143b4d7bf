//! What the store is asked with and what comes out: types, filters, spans, sums.

mod filter;
mod key;
mod span;

pub use filter::Filter;
pub use key::TypeKey;
pub use span::Span;
pub(crate) use span::{Extent, Extents, Known};
