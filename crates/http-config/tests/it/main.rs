//! The client over real sockets, and the rules of its settings.
#![allow(clippy::unwrap_used)]

mod auth;
#[cfg(feature = "cloud")]
mod aws;
#[cfg(feature = "cloud")]
mod azure;
mod chunks;
#[cfg(not(feature = "cloud"))]
mod no_cloud;
mod oauth2;
mod proxies;
mod redirects;
mod rules;
mod secrets;
mod server;
mod tls;
mod wire;
