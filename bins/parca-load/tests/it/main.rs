//! The program as its users have it: a process with flags, a port, signals and an exit code.
#![allow(clippy::unwrap_used)]

mod fixture;

mod address;
mod flags;
mod limits;
mod metrics;
mod once;
mod page;
mod parcaquery;
mod queries;
mod reach;
mod secrets;
mod seed;
mod signals;
mod stall;
mod streams;
mod vault;
