//! Whether a Parca can answer for a window for which it has nothing.
//!
//! "Nothing" has three meanings: nothing happened; the server has forgotten (one that keeps profiles in
//! memory was restarted, or dropped the oldest); or the window has not come yet, by the server's clock.
//! Only the first is a zero. Profiles of any kind from before and after the window tell them apart.

use std::time::Duration;

use parca_client::{Client, Code, ProfileTypesRequest};
use profile_model::{TimeRange, Timestamp};

use super::ask::{MeasureError, call};
use crate::schedule::{Window, millis};

/// How far before a window's start a profile may lie that shows that the server was there.
const BEFORE: Duration = Duration::from_secs(600);
/// How far after a window's end a profile may lie: also one of a clock that is far ahead.
const AFTER: Duration = Duration::from_secs(30 * 86_400);

/// What the server knows around a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coverage {
    /// Profiles from before and after the window.
    Both,
    /// No profiles from before the window.
    Forgotten,
    /// No profiles from after the window yet.
    Early,
}

/// Looks for profiles of any kind around a window.
pub(crate) async fn coverage(client: &Client, window: Window) -> Result<Coverage, MeasureError> {
    if !has_newer(client, window).await? {
        return Ok(Coverage::Early);
    }
    let start = window.start_ms;
    match has_profiles(client, start.saturating_sub(millis(BEFORE)), start).await? {
        true => Ok(Coverage::Both),
        false => Ok(Coverage::Forgotten),
    }
}

/// Whether there is a profile from after a window's end.
pub(crate) async fn has_newer(client: &Client, window: Window) -> Result<bool, MeasureError> {
    // The server leaves out both ends; the end itself is after the window.
    let end = window.end_ms.saturating_sub(1);
    has_profiles(client, end, end.saturating_add(millis(AFTER))).await
}

async fn has_profiles(client: &Client, start_ms: i64, end_ms: i64) -> Result<bool, MeasureError> {
    let nanos = |ms: i64| Timestamp::from_nanos(ms.saturating_mul(1_000_000));
    let request = ProfileTypesRequest { range: Some(TimeRange::new(nanos(start_ms), nanos(end_ms))) };
    match client.profile_types(&request).await {
        Ok(types) => Ok(!types.is_empty()),
        // A single profile without a period type makes a Parca fail this question for everybody, with
        // `UNKNOWN` (Parca 3b5647c): then nothing is known, which is what is said.
        Err(error) if matches!(error.code(), Code::Unknown | Code::Unimplemented) => Ok(false),
        Err(source) => Err(call(client, source)),
    }
}
