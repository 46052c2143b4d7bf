//! The client over real sockets, and the rules of its settings.
#![allow(clippy::unwrap_used)]

mod auth;
mod aws;
mod azure;
mod chunks;
mod oauth2;
mod proxies;
mod redirects;
mod rules;
mod secrets;
mod server;
mod tls;
mod wire;
