//! A server on a free port, asked by clients that are not ours: tonic's, and HTTP/1.1 by hand.
#![allow(clippy::unwrap_used)]

mod access;
mod agent;
mod crowd;
mod diffs;
mod eviction;
mod hostile;
mod otlp;
mod pyroscope;
mod refusals;
mod rest;
mod same;
mod server;
mod tenants;
mod wire;
mod words;
