//! A Parca-compatible store and server in one process and on one port.
//!
//! It speaks native gRPC, gRPC-Web under any path prefix, gzip, health and reflection; it keeps
//! what is written to it in memory ([`start`]) or on disk ([`start_on`] with [`Store::open`]), and it
//! profiles itself, so a fresh server has something to show within seconds.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use tokio_util::sync::CancellationToken;
//!
//! let stop = CancellationToken::new();
//! let settings = parca_embedded::Settings::default();
//! let server = parca_embedded::start("127.0.0.1:0", settings, stop.clone()).await?;
//! println!("a Parca at http://{}", server.address());
//! stop.cancel();
//! server.finished().await;
//! # Ok(())
//! # }
//! ```
//!
//! Features, both on by default: `disk` (stores in a folder, copies of their blocks) and `apis` (what is spoken beside
//! gRPC: Parca's JSON gateway, OTLP, Pyroscope's API).
//!
//! Answers have the codes and texts of the real server; where they differ on purpose is in
//! docs/compat.md. It knows nothing of `parca-client`: each is a fair test of the other.

mod access;
mod agents;
#[cfg(feature = "disk")]
mod copy;
mod doors;
mod faces;
#[cfg(feature = "apis")]
#[doc(hidden)]
pub mod fuzzing;
mod grpc;
mod ingest;
mod inner;
mod limits;
mod metrics;
mod offline;
#[cfg(feature = "apis")]
mod otlp;
#[cfg(feature = "apis")]
mod pyroscope;
mod query;
#[cfg(feature = "apis")]
mod rest;
mod self_profiling;
mod server;
mod stores;
mod tenants;
mod tls;
mod writes;

pub use access::{Access, AccessError};
#[cfg(feature = "disk")]
pub use copy::{CopyTo, CopyToError};
pub use doors::{CorsOrigin, CorsOriginError, PathPrefix, PathPrefixError};
pub use inner::PageTarget;
pub use limits::QueryLimits;
pub use offline::pprof_of;
#[cfg(feature = "disk")]
pub use profile_store::{DiskSettings, DiskStats, OpenError};
pub use profile_store::{Stats, Store};
pub use server::{Server, Settings, StartError, Starting, start, start_on};
pub use stores::TenantStores;
pub use tls::{ServerTls, TlsError};
