//! The way to a store: a bounded queue, in memory or on disk, and a sender that knows what was stored.

mod answer;
mod batch;
mod counters;
mod deliver;
mod queue;
mod record;
mod server;
mod settings;
mod spool;
mod store;
mod stores;
mod verify;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

pub use counters::{DropReason, StoreCounts};
pub use settings::{OnUnknown, SampleLabels, SpoolSettings, StoreKind, StoreSettings};
pub use store::{Store, StoreError};
pub use stores::Stores;
