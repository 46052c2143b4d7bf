//! Profiles of OpenTelemetry, as of opentelemetry-proto v1.10: `Export` by gRPC, `/v1development/profiles` by HTTP.

mod dictionary;
mod error;
mod http;
mod labels;
mod layout;
mod profiles;
mod rows;
mod service;

pub(crate) use error::OtlpError;
pub(crate) use http::routes;
pub(crate) use service::export;
