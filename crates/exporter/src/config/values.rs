//! Values that several blocks have.

use std::time::Duration;

use config_file::Field;
use timespec::parse_prometheus_span;

/// A year: what is longer is a typing error, and times less it may not exist.
pub(super) const LONGEST: Duration = Duration::from_secs(365 * DAY_SECONDS);
/// The longest deadline.
pub(super) const LONGEST_TIMEOUT: Duration = Duration::from_secs(DAY_SECONDS);
const DAY_SECONDS: u64 = 86_400;

/// A duration as Prometheus writes it; may be zero.
pub(super) fn duration(field: &Field<'_>) -> Option<Duration> {
    let duration = field.parse(parse_prometheus_span)?;
    if duration > LONGEST {
        field.mistake(format!("expected a duration of at most 1y, found {}", field.found()));
        return None;
    }
    Some(duration)
}

/// A duration that is not zero.
pub(super) fn positive_duration(field: &Field<'_>) -> Option<Duration> {
    let duration = duration(field)?;
    if duration.is_zero() {
        field.mistake(format!("expected a duration above 0, found {}", field.found()));
        return None;
    }
    Some(duration)
}

/// A deadline.
pub(super) fn timeout(field: &Field<'_>) -> Option<Duration> {
    positive_duration(field).and_then(|_| timeout_or_zero(field))
}

/// A deadline, or zero for the default.
pub(super) fn timeout_or_zero(field: &Field<'_>) -> Option<Duration> {
    let duration = duration(field)?;
    if duration > LONGEST_TIMEOUT {
        field.mistake(format!("expected a duration of at most 1d, found {}", field.found()));
        return None;
    }
    Some(duration)
}

/// A number of things, from 1.
pub(super) fn count(most: u64) -> impl Fn(&Field<'_>) -> Option<usize> {
    move |field| field.integer(1..=most)?.try_into().ok()
}

/// A number of bytes.
pub(super) fn bytes(least: u64, most: u64) -> impl Fn(&Field<'_>) -> Option<usize> {
    move |field| field.bytes(least..=most)?.try_into().ok()
}
