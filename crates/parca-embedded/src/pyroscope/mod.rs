//! The store as those see it who speak Pyroscope's APIs.

mod sink;
mod source;

pub(crate) use sink::StoreSink;
pub(crate) use source::StoreSource;
