//! What is written is found, once, and stays.
#![allow(clippy::unwrap_used)]

mod fixture;
mod memory;
