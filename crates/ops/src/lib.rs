//! What every daemon needs and no library should do: logs, `/metrics`, health, signals, serving
//! HTTP until told to stop, and turning an error into words and an exit code.
//!
//! ```
//! use ops::metrics::{Family, Format, Kind, Registry, Value};
//!
//! let registry = Registry::new();
//! let calls = registry.meter("example").u64_counter("example_calls").build();
//! calls.add(2, &[]);
//! registry.collect_with(|| vec![Family::new("example_up", "Whether it is up.", Kind::Gauge)
//!     .with([("job", "a")], Value::Gauge(1.0))]);
//!
//! let text = String::from_utf8(registry.encode(Format::Text)).unwrap();
//! assert!(text.contains("example_calls_total 2"));
//! assert!(text.contains("example_up{job=\"a\"} 1"));
//! ```
//!
//! It knows no profiling service. Only this crate and the binaries print, exit or install
//! subscribers.

mod environment;
mod exit;
mod guard;
mod health;
mod logs;
mod open_files;
mod panics;
mod probe;
mod profile_route;
mod seldom;
mod serve;
mod signals;
mod stderr;
mod stream;
mod terminal;
mod version;

pub mod console;
pub mod daemon;
pub mod metrics;

pub use environment::environment;
pub use exit::{Hint, describe};
pub use guard::refuse_foreign_hosts;
pub use health::{Latch, Readiness, health_routes, health_routes_at};
pub use logs::{LogError, LogFormat, init_logs};
pub use open_files::allow_open_files;
pub use panics::panics;
pub use probe::{ProbeError, probe};
pub use profile_route::profile_route;
pub use seldom::Seldom;
pub use serve::{BodyRefused, Peer, Room, ServeError, ServeOptions, bind, serve, serve_over};
pub use signals::{Stop, stop_on_signals};
pub use stderr::{draw_footer, end_footer, eprint_line};
pub use stream::{StreamLimits, accepts_gzip, written_body};
pub use version::{COMMIT, version};
