//! Files as people write them, and as nobody does.

#![allow(clippy::unwrap_used)]

mod properties;
mod reading;
mod shapes;
