//! WriteRaw: from raw bytes to checked profiles, with the real server's codes and texts.

use parca_proto::profilestore::{RawProfileSeries, WriteRawRequest};
use profile_codec::pprof::{DecodeError, Limits};
use profile_store::{Invalid, Named, NewProfile, Refused};
use tonic::Status;

/// A whole request, checked: one bad series refuses all of them.
pub(crate) fn ingest(request: &WriteRawRequest) -> Result<Vec<NewProfile>, Invalid> {
    let mut profiles = Vec::new();
    for series in &request.series {
        ingest_series(series, &mut profiles)?;
    }
    Ok(profiles)
}

fn ingest_series(series: &RawProfileSeries, profiles: &mut Vec<NewProfile>) -> Result<(), Invalid> {
    // The real server dies of a series without labels.
    let set = series.labels.as_ref().ok_or(Invalid::NoName)?;
    let named = Named::new(set.labels.iter().map(|label| (label.name.as_str(), label.value.as_str())))?;
    for sample in series.samples.iter().filter(|sample| !sample.raw_profile.is_empty()) {
        let (raw, infos) = (sample.raw_profile.clone(), sample.executable_info.len());
        profiles.push(NewProfile::from_pprof(&named, raw, infos, &Limits::default())?);
    }
    Ok(())
}

/// The real server's code for what it refuses, too.
pub(crate) fn invalid(error: &Invalid) -> Status {
    match error {
        Invalid::Pprof(DecodeError::Gzip(_)) | Invalid::Type { .. } => Status::unknown(error.to_string()),
        other => Status::invalid_argument(other.to_string()),
    }
}

/// The code that tells a sender whether to try again, and how.
pub(crate) fn refused(error: &Refused) -> Status {
    match error {
        Refused::Key(_) => Status::invalid_argument(error.to_string()),
        Refused::TooLarge { .. } => Status::out_of_range(error.to_string()),
        Refused::QueueFull { .. } | Refused::DiskFull(_) | Refused::SealFailed(_) => {
            Status::resource_exhausted(error.to_string())
        }
        _ => Status::unavailable(error.to_string()),
    }
}
