//! What is written is found, once, and stays.
#![allow(clippy::unwrap_used)]

mod disk;
mod duckdb;
mod faults;
mod fixture;
mod golden;
mod memory;
mod same;
