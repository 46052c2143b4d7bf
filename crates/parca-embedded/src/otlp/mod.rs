//! Profiles of OpenTelemetry, as of opentelemetry-proto v1.10: `Export` by gRPC, `/v1development/profiles` by HTTP.

mod convert;
mod dictionary;
mod error;
mod http;
mod labels;
mod layout;
mod rows;
mod service;

pub(crate) use error::OtlpError;
pub(crate) use http::{from_json, routes};
pub(crate) use service::{export, profiles};
