//! The store as those see it who speak Pyroscope's APIs.

mod sink;
mod source;

pub(crate) use sink::{StoreSink, checked};
pub(crate) use source::StoreSource;
