//! CPU and memory profiles of the process this is linked into, as [`profile_model::Profile`].
//!
//! One thread samples while somebody wants a profile, in slices of a second; every caller gets the
//! slices that fall into its time. So a profile that runs all the time and a person who asks for
//! one do not get into each other's way, though the operating system has only one profiling timer.
//!
//! ```no_run
//! # async fn example() -> Result<(), self_profile::Error> {
//! let profiler = self_profile::Profiler::start(99);
//! let profile = profiler.take(std::time::Duration::from_secs(2)).await?;
//! assert_eq!(profile.sample_types[1].unit, "nanoseconds");
//! # Ok(())
//! # }
//! ```
//!
//! It knows no server, no file and no encoding. Needs Unix; frames have names as far as the binary
//! has symbols.

mod fold;
mod load;
mod memory;
mod sampler;
mod temp_file;

pub use memory::resident_memory;
pub use sampler::{Error, Profiler};
