//! The client against servers that do what servers should not, and against a real one.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod connections;
mod fake;
mod real;
mod requests;
mod settings;
mod tls;
mod wire;

use std::time::{Duration, Instant};

use parca_client::{Client, HttpVersion, Protocol, Settings};

const WEB1: Protocol = Protocol::GrpcWeb(HttpVersion::Http1);
const WEB2: Protocol = Protocol::GrpcWeb(HttpVersion::Http2);
const PROTOCOLS: [Protocol; 3] = [WEB1, WEB2, Protocol::Grpc];

fn settings(url: &str, protocol: Protocol) -> Settings {
    let mut settings = Settings::new(url);
    settings.protocol = protocol;
    settings
}

fn client(url: &str, protocol: Protocol) -> Client {
    Client::new(&settings(url, protocol)).unwrap()
}

/// Far enough that only a hang reaches it.
fn soon() -> Instant {
    Instant::now() + Duration::from_secs(20)
}
