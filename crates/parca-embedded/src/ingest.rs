//! WriteRaw: from raw bytes to checked profiles, with the real server's codes and texts.

use std::collections::BTreeMap;

use parca_proto::profilestore::{LabelSet, RawProfileSeries, RawSample, WriteRawRequest};
use pql::{ProfileType, Selector};
use profile_codec::pprof::{self, DecodeError, Limits};
use profile_model::{Labels, Profile, ValueType};
use tonic::Status;

use crate::store::NewProfile;

/// A whole request, checked: one bad series refuses all of them.
pub(crate) fn ingest(request: &WriteRawRequest) -> Result<Vec<NewProfile>, Status> {
    let mut profiles = Vec::new();
    for series in &request.series {
        ingest_series(series, &mut profiles)?;
    }
    Ok(profiles)
}

fn ingest_series(series: &RawProfileSeries, profiles: &mut Vec<NewProfile>) -> Result<(), Status> {
    // The real server dies of a series without labels.
    let set = series.labels.as_ref().ok_or_else(|| Status::invalid_argument("missing __name__ label"))?;
    let (name, labels) = split_labels(set)?;
    for sample in series.samples.iter().filter(|sample| !sample.raw_profile.is_empty()) {
        let profile = decode(sample)?;
        check_types(&name, &profile)?;
        profiles.push(NewProfile { name: name.clone(), labels: labels.clone(), profile });
    }
    Ok(())
}

/// The last `__name__`, and the other labels; an empty value is no label.
fn split_labels(set: &LabelSet) -> Result<(String, Labels), Status> {
    let mut name = String::new();
    let mut labels = BTreeMap::new();
    for label in &set.labels {
        if label.name == pql::NAME_LABEL {
            name.clone_from(&label.value);
        } else if label.name.is_empty() {
            return Err(Status::invalid_argument("invalid label name: "));
        } else if labels.insert(label.name.as_str(), label.value.as_str()).is_some() {
            return Err(Status::invalid_argument(format!("duplicate label name: {}", label.name)));
        }
    }
    if name.is_empty() {
        return Err(Status::invalid_argument("missing __name__ label"));
    }
    Ok((name, labels.into_iter().filter(|(_, value)| !value.is_empty()).collect()))
}

fn decode(sample: &RawSample) -> Result<Profile, Status> {
    pprof::decode_like_parca(&sample.raw_profile, sample.executable_info.len(), &Limits::default()).map_err(
        |error| match error {
            DecodeError::Gzip(_) => Status::unknown(error.to_string()),
            other => Status::invalid_argument(other.to_string()),
        },
    )
}

/// What cannot be asked for must not be stored: the type has to be a name in the query language.
fn check_types(name: &str, profile: &Profile) -> Result<(), Status> {
    let nothing = ValueType::default();
    let period = profile.period_type.as_ref().unwrap_or(&nothing);
    for sample_type in &profile.sample_types {
        let profile_type = ProfileType {
            name: name.to_owned(),
            sample_type: sample_type.name.clone(),
            sample_unit: sample_type.unit.clone(),
            period_type: period.name.clone(),
            period_unit: period.unit.clone(),
            delta: profile.duration_nanos > 0,
        };
        let id = profile_type.to_string();
        if let Err(error) = id.parse::<Selector>() {
            return Err(Status::unknown(format!("invalid profile type at row 0 ({id}): {error}")));
        }
    }
    Ok(())
}
