//! Ingestion against what the field's own tools say.

#![allow(clippy::unwrap_used)]

mod discoveries;
mod example;
mod recordings;
mod report;
