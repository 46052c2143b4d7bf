//! Pyroscope's APIs in front of any [`Source`] of profiles: `querier.v1.QuerierService` by Connect (JSON and
//! protobuf), gRPC and gRPC-Web, `/pyroscope/render` and `/pyroscope/render-diff` as older clients call them; and
//! in front of any [`Sink`]: `push.v1.PusherService` and `/ingest`.
//!
//! ```
//! use profile_model::{Labels, Profile, TimeRange};
//! use pql::{ProfileType, Query};
//! use pyroscope_api::{Api, ApiError, Ask, Settings, Source, SourceSeries};
//!
//! /// A source that has nothing.
//! struct Nothing;
//!
//! impl Source for Nothing {
//!     async fn types(&self, _: Option<TimeRange>) -> Result<Vec<ProfileType>, ApiError> {
//!         Ok(Vec::new())
//!     }
//!     async fn label_sets(&self, _: Query, _: TimeRange) -> Result<Vec<Labels>, ApiError> {
//!         Ok(Vec::new())
//!     }
//!     async fn profile(&self, _: Ask) -> Result<Profile, ApiError> {
//!         Ok(Profile::default())
//!     }
//!     async fn series(&self, _: Ask, _: &[String], _: std::time::Duration) -> Result<Vec<SourceSeries>, ApiError> {
//!         Ok(Vec::new())
//!     }
//!     async fn has_data(&self) -> Result<bool, ApiError> {
//!         Ok(false)
//!     }
//! }
//!
//! let api = Api::new(Nothing, Settings::default());
//! let routes: axum::Router = api.routes();
//! ```
//!
//! Profile types have five parts here: whether a type is a delta is looked up. A series has a `service_name`, taken
//! from the first label of [`Settings::service_labels`] that it has, and the labels that Pyroscope makes of its type.
//!
//! What it does not know: where profiles are, who may ask, sockets.

mod api;
mod attime;
mod catalog;
mod connect;
mod error;
mod faces;
mod folded;
#[doc(hidden)]
pub mod fuzzing;
mod grpc;
mod ingest;
mod jfr;
mod json;
mod methods;
mod metric_name;
mod multipart;
mod names;
mod normal;
mod paths;
mod push;
mod render;
mod selection;
mod sink;
mod source;
mod spans;
mod trees;

pub use api::{Api, Settings};
pub use connect::decoded;
pub use error::ApiError;
pub use paths::{not_found, with_one_slash};
pub use push::{push_grpc_routes, push_routes};
pub use rpc_code::Code;
pub use sink::{Pushed, Sink};
pub use source::{Ask, Counts, Source, SourceSeries};
pub use spans::SPAN;
