//! The program as its users have it: a process with words, a configuration, servers and exit codes.
#![allow(clippy::unwrap_used)]

mod alone;
mod beside_go;
mod cases;
mod commands;
mod diff;
mod fixture;
mod gateway;
mod golden;
mod one_way;
mod page;
mod parca;
mod patterns;
mod peek;
mod quirks;
mod secrets;
mod spec;
mod stub;
