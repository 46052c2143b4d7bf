//! One export, from its bytes to its answer.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use parca_proto::otlp::collector::{
    ExportProfilesPartialSuccess, ExportProfilesServiceRequest as Export, ExportProfilesServiceResponse,
};
use profile_store::{NewProfile, NewWrite};
use prost::Message;

use super::OtlpError;
use super::convert::{Taken, take};
use super::layout::{self, Layout};
use crate::writes::{NotStored, Writes, once};

/// How many reasons an answer has.
const MOST_REASONS: usize = 3;

/// Stores what can be stored of an encoded export, and says what could not.
pub(crate) async fn export(
    writes: &Writes,
    bytes: Bytes,
) -> Result<ExportProfilesServiceResponse, NotStored> {
    let rejected: Arc<Mutex<Vec<OtlpError>>> = Arc::default();
    let noted = Arc::clone(&rejected);
    let check = move || {
        let taken = taken(&bytes)?;
        *noted.lock().unwrap_or_else(PoisonError::into_inner) = taken.rejected;
        once(NewWrite::new(taken.profiles), &[], &[&bytes])
    };
    writes.take("Export", check).await?;
    let rejected = std::mem::take(&mut *rejected.lock().unwrap_or_else(PoisonError::into_inner));
    for error in &rejected {
        writes.refused("Export", &NotStored::Otlp(error.clone()));
    }
    Ok(ExportProfilesServiceResponse { partial_success: partial(&rejected) })
}

/// What can be stored of an encoded export.
pub(crate) fn profiles(bytes: &[u8]) -> Result<Vec<NewProfile>, OtlpError> {
    taken(bytes).map(|taken| taken.profiles)
}

fn taken(bytes: &[u8]) -> Result<Taken, OtlpError> {
    let bytes = match layout::of(bytes)? {
        Layout::Current => Cow::Borrowed(bytes),
        Layout::Older => Cow::Owned(layout::renumbered(bytes)),
    };
    let export = Export::decode(&bytes[..]).map_err(|error| OtlpError::Message(error.to_string()))?;
    take(&export, now())
}

fn partial(rejected: &[OtlpError]) -> Option<ExportProfilesPartialSuccess> {
    let reasons: Vec<String> = rejected.iter().take(MOST_REASONS).map(ToString::to_string).collect();
    (!rejected.is_empty()).then(|| ExportProfilesPartialSuccess {
        rejected_profiles: i64::try_from(rejected.len()).unwrap_or(i64::MAX),
        error_message: reasons.join("; "),
    })
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}
