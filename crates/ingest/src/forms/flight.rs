//! Recordings of Java.

use std::time::Duration;

use profile_codec::jfr::{self, Options};
use profile_model::Profile;

use super::{FormError, FormOptions};

/// Reads a recording: a profile for each kind of event, whose samples have the label `thread`.
pub(super) fn read(
    bytes: &[u8],
    options: &FormOptions,
    notes: &mut Vec<String>,
) -> Result<Vec<Profile>, FormError> {
    let mut reading = Options::default();
    reading.limits = options.limits;
    reading.has_threads = true;
    reading.period = options.period.and_then(|period| u64::try_from(period).ok()).map(Duration::from_nanos);
    let recording = jfr::decode(bytes, &reading).map_err(FormError::Jfr)?;
    notes.extend(recording.notes());
    Ok(recording.profiles)
}
