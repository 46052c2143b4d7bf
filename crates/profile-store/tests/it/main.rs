//! What is written is found, once, and stays.
#![allow(clippy::unwrap_used)]

mod disk;
mod fixture;
mod memory;
