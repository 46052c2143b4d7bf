//! Round trips, oracles, hostile bytes and real files.
#![allow(clippy::unwrap_used, clippy::type_complexity)]

mod agent;
mod agent_batch;
mod agent_broken;
mod arrow;
mod arrow_decode;
mod arrow_hostile;
mod arrow_properties;
mod damaged;
mod flame_rows;
mod flat;
mod jfr;
mod pprof_files;
mod pprof_hostile;
mod pprof_properties;
mod pprof_strict;
