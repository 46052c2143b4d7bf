//! What tests of our programs share: a process harness, a metric matcher, and small servers that
//! speak to a program what the world would.
//!
//! ```no_run
//! # async fn example() {
//! use test_support::{PATIENCE, Process, Scrape, http_get};
//!
//! let mut process = Process::start("parca-load", ["-embedded", "-addr", "127.0.0.1:0"], [("NO_COLOR", "1")]);
//! let line = process.stderr_line("its own address", |line| line.contains("serving /metrics")).await;
//! let address = test_support::address_in(&line).expect("the line has one");
//!
//! let answer = http_get(address, "/metrics", &[]).await.expect("it answers");
//! let scrape = Scrape::parse_text(&answer.text()).expect("it is the text format");
//! assert!(scrape.families.contains_key("process_open_fds"));
//!
//! process.signal(test_support::Signal::TERM);
//! assert_eq!(process.exit(PATIENCE).await.code, Some(0));
//! # }
//! ```
//!
//! Nothing here waits for a time to pass: every wait is for a condition and has a deadline that
//! only a broken program reaches. What goes wrong is a panic with all that the program said, for
//! this crate is for tests only. It knows neither our metrics nor our client: it reads what is on
//! the wire, so that it is a fair test of both.

mod broken;
pub mod browser;
mod go;
mod grpc;
mod http;
mod needs;
pub mod page;
mod process;
mod promql;
mod pyroscope;
mod scrape;
mod target;
mod vault;
mod wait;

pub use broken::{Broken, exit_code, terminate};
pub use go::GoProgram;
pub use grpc::{GrpcDouble, Recorded, Reply};
pub use http::{Response, http_get, http_request};
pub use needs::{data, missing, needs, real_profiles};
pub use process::{Exit, Process, address_in, unused_address};
pub use promql::metrics_in;
pub use pyroscope::Pyroscope;
pub use rustix::process::Signal;
pub use scrape::{Family, Histogram, Kind, Native, Sample, Scrape, Value};
pub use target::target;
pub use vault::{Vault, VaultCounts, VaultSettings};
pub use wait::{PATIENCE, eventually};
