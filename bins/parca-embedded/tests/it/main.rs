//! The program as its users have it.
#![allow(clippy::unwrap_used)]

mod access;
#[path = "../../../../crates/profile-codec/tests/it/agent_batch.rs"]
mod agent_batch;
mod crashes;
mod folder;
mod grpc_web;
mod kill;
mod limits;
mod page;
mod process;
mod rubbish;
mod scrape;
mod sdks;
mod streams;

const PARCA_EMBEDDED: &str = env!("CARGO_BIN_EXE_parca-embedded");
const NONE: [(&str, &str); 0] = [];

/// The program on a free port, without profiles of its own, and where it listens.
async fn program(more: &[&str]) -> (test_support::Process, std::net::SocketAddr) {
    let arguments = ["--http-address", "127.0.0.1:0", "--self-profile-interval", "0s"];
    let mut process = test_support::Process::start(PARCA_EMBEDDED, arguments.iter().chain(more), NONE);
    let line =
        process.stderr_line("its address", |line| line.contains("serving") && line.contains("url=")).await;
    (process, test_support::address_in(&line).unwrap())
}
