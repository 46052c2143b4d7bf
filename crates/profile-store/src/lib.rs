//! Profiles by labels, type and time.
//!
//! A [`Store`] takes [`NewProfile`]s and gives a [`View`] of everything that is stored at one moment. A view
//! is a list of parts, each with symbols of its own; answers are summed over them and leave with symbols
//! that hold nothing else, so that no lock is held while they are drawn or encoded.
//!
//! ```
//! use profile_model::{Profile, Sample, StackId, ValueType};
//! use profile_store::{Filter, Keep, Merge, Named, NewProfile, NewWrite, Span, Store};
//!
//! let store = Store::in_memory(64 << 20);
//! let mut profile = Profile::new(vec![ValueType::new("cpu", "nanoseconds")]);
//! profile.samples.push(Sample { stack: StackId::EMPTY, values: &[7], labels: &[] });
//! let name = Named::new([("__name__", "process_cpu"), ("job", "api")])?;
//! let profile = NewProfile::new(&name, profile, Keep::default(), None)?;
//! store.write(NewWrite::new(vec![profile]))?;
//!
//! let query: pql::Query = r#"process_cpu:cpu:nanoseconds::{job="api"}"#.parse().unwrap();
//! let all = Merge { filter: Filter::of_query(&query), span: Span::ALL, group_by: vec![], in_periods: false };
//! let merged = store.view().merge(&all)?.ok_or("nothing found")?;
//! assert_eq!(merged.total, 7);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Feature `disk` (on by default): stores in a folder, which keep what they acknowledged, as a log and blocks of Parquet.
//!
//! What it does not know: any wire, any server, any clock but the one that it is given.

#![cfg_attr(not(feature = "disk"), expect(dead_code, reason = "what only sealing asks of a part in memory"))]

#[cfg(feature = "disk")]
#[doc(hidden)]
pub mod fuzzing;
mod index;
mod memory;
mod merge;
mod model;
mod new_batch;
mod new_profile;
#[cfg(feature = "disk")]
mod sealed;
mod stop;
mod store;
mod view;
mod write;

pub use merge::{Merge, Merged, ProfileSum};
pub use model::{Filter, Span, TypeKey};
pub use new_batch::NewBatch;
pub use new_profile::{Invalid, Keep, MAX_LABEL_BYTES, MAX_LABELS, Named, NewProfile};
pub use stop::Stop;
#[cfg(feature = "disk")]
pub use store::{
    BlockReport, DiskSettings, DiskStats, LogReport, OpenError, Report, SealedBlock, Waste, check,
    open_read_only,
};
pub use store::{Stats, Store};
pub use view::{ReadError, View};
pub use write::{MAX_KEY_BYTES, NewWrite, Refused, Written};
