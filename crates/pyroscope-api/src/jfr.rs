//! Recordings of Java, as Pyroscope's agent sends them.

use std::time::Duration;

use profile_codec::jfr::{Contexts, JfrError, Options, decode, series_name};
use profile_model::{Profile, ValueType};

use crate::{ApiError, Code};

/// The label that says what was sampled.
pub(crate) const JFR_EVENT: &str = "jfr_event";

/// One of the profiles of a recording.
pub(crate) struct Recorded {
    /// The name of its series.
    pub(crate) name: &'static str,
    /// What async-profiler sampled.
    pub(crate) event: Option<String>,
    pub(crate) profile: Profile,
}

/// The profiles of a recording, with the labels of its threads, encoded. `period` is how many nanoseconds a sample stands for,
/// `times` when it began and how long it took, where the sender says so.
pub(crate) fn profiles(
    recording: &[u8],
    labels: &[u8],
    period: Option<i64>,
    times: Option<(i64, i64)>,
    limit: usize,
) -> Result<Vec<Recorded>, ApiError> {
    if recording.is_empty() {
        return Ok(Vec::new());
    }
    let mut options = Options::default();
    options.limits.max_decoded_bytes = options.limits.max_decoded_bytes.min(limit);
    options.period = period.and_then(|period| u64::try_from(period).ok()).map(Duration::from_nanos);
    options.contexts = Contexts::decode(labels).map_err(|error| refused(&error))?;
    let recording = decode(recording, &options).map_err(|error| refused(&error))?;
    let named = |mut profile: Profile| {
        let name = series_name(&profile).unwrap_or("profile");
        set_times(&mut profile, times);
        // As Pyroscope has it; no period type at all would be one that nobody can ask for.
        profile.period_type.get_or_insert_with(|| ValueType::new("", ""));
        Recorded { name, event: recording.event.clone(), profile }
    };
    Ok(recording.profiles.into_iter().map(named).collect())
}

/// What lives is a snapshot, and takes no time.
fn set_times(profile: &mut Profile, times: Option<(i64, i64)>) {
    let Some((from, length)) = times else { return };
    profile.time_nanos = from;
    if profile.duration_nanos != 0 && length > 0 {
        profile.duration_nanos = length;
    }
}

fn refused(error: &JfrError) -> ApiError {
    let hint = error.hint();
    let then = if hint.is_empty() { "" } else { ": " };
    match error {
        JfrError::TooLarge { .. } => {
            ApiError::new(Code::ResourceExhausted, format!("expanded_size: {error}{then}{hint}"))
        }
        _ => ApiError::invalid(format!("malformed JFR: {error}{then}{hint}")),
    }
}
