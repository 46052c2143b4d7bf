//! Points and spans of time as people type them.
//!
//! ```
//! use std::time::{Duration, SystemTime};
//!
//! let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_698_314_400);
//! assert_eq!(timespec::parse_point("now-1h30m", now)?, now - Duration::from_secs(5400));
//! assert_eq!(timespec::parse_point("2023-10-26T10:00:00Z", now)?, now);
//! assert_eq!(timespec::parse_point("1698314400", now)?, now);
//! assert_eq!(timespec::parse_span("7d")?, Duration::from_secs(604_800));
//! assert_eq!(timespec::parse_prometheus_span("1h30m")?, Duration::from_secs(5400));
//! assert_eq!(timespec::rfc3339(now), "2023-10-26T10:00:00Z");
//!
//! let error = timespec::parse_point("yesterday", now).unwrap_err();
//! assert!(error.to_string().starts_with("expected a time such as `2023-10-26T10:00:00Z`"));
//! # Ok::<(), timespec::TimeError>(())
//! ```
//!
//! What it does not know: the clock (`now` is an argument), time zones other than those written
//! down, and calendars: a day is 24 hours.

mod point;
mod prometheus;
pub mod scripts;
mod span;

pub use point::{parse_point, rfc3339};
pub use prometheus::parse_prometheus_span;
pub use span::parse_span;

/// Why a text is no point or span of time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TimeError {
    /// A text that has none of the forms of a point.
    #[error("expected a time such as `2023-10-26T10:00:00Z`, `now-1h` or `1698314400`, found `{0}`")]
    Point(String),
    /// A text that has none of the forms of a span.
    #[error("expected a duration such as `15m` or `1h30m`, found `{0}`")]
    Span(String),
    /// A time that the platform cannot hold, or outside the years -9999 to 9999.
    #[error("expected a time between the years -9999 and 9999, found `{0}`")]
    OutOfRange(String),
}

/// The text as it is shown in an error: whoever sends a megabyte does not get it back.
fn shown(text: &str) -> String {
    const MOST: usize = 64;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}
