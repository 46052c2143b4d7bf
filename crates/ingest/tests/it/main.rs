//! Ingestion against what the field's own tools say.

#![allow(clippy::unwrap_used)]

mod report;

mod recordings;
