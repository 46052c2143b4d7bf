//! The store as those see it who speak Pyroscope's APIs.

mod sink;
mod source;
mod spans;

pub(crate) use sink::{StoreSink, checked};
pub(crate) use source::StoreSource;
pub(crate) use spans::Spans;
