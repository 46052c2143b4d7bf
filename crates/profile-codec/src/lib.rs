//! Bytes to and from the profile model.
//!
//! Each module is one form and one feature: `pprof` for the format of that name, `arrow` for the
//! records in Parca's answers, `files` for everything else that people have profiles in. All are pure
//! functions over bytes and values.
//!
//! ```
//! use profile_codec::pprof::{self, Limits};
//! use profile_model::{Profile, Sample, StackId, ValueType};
//!
//! let mut profile = Profile::new(vec![ValueType::new("cpu", "nanoseconds")]);
//! profile.samples.push(Sample { stack: StackId::EMPTY, values: &[7], labels: &[] });
//!
//! let file = pprof::encode_gzip(&profile);
//! let read = pprof::decode(&file, &Limits::default())?;
//! assert_eq!(read.samples.total(0), 7);
//! # Ok::<_, pprof::DecodeError>(())
//! ```
//!
//! What it does not know: where bytes come from or go to, and what the numbers mean.

#[cfg(feature = "arrow")]
pub mod arrow;
#[cfg(feature = "files")]
pub mod detect;
#[cfg(feature = "files")]
pub mod file;
#[cfg(feature = "folded")]
pub mod folded;
#[cfg(feature = "jfr")]
pub mod jfr;
#[cfg(feature = "files")]
pub mod legacy;
#[cfg(feature = "files")]
pub mod padata;
#[cfg(feature = "files")]
pub mod perf;
#[cfg(feature = "pprof")]
pub mod pprof;
#[cfg(feature = "files")]
pub mod speedscope;
#[cfg(feature = "files")]
mod unpack;
