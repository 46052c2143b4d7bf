//! Round trips, oracles, hostile bytes and real files.
#![allow(clippy::unwrap_used)]

mod arrow;
mod flat;
mod pprof_files;
mod pprof_hostile;
mod pprof_properties;
mod pprof_strict;
