//! Profiles in memory: by series, their stacks interned once for all.

mod block;
mod intern;
mod part;

#[cfg(feature = "disk")]
pub(crate) use block::Moment;
pub(crate) use part::MemoryPart;
