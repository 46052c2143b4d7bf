//! From an export to profiles that may be stored. What is wrong with one of its profiles costs that one.

use parca_proto::otlp::collector::ExportProfilesServiceRequest as Export;
use parca_proto::otlp::profiles as wire;
use profile_model::{Labels, Profile, ValueType};
use profile_store::{Keep, Named, NewProfile};

use super::dictionary::Dictionary;
use super::error::{OtlpError, nanos};
use super::labels::{Attributes, fitting};
use super::rows::{Frames, Rows};

/// What became of an export.
pub(super) struct Taken {
    pub(super) profiles: Vec<NewProfile>,
    pub(super) rejected: Vec<OtlpError>,
}

/// Reads an export. `now` is the time of profiles that have none, in nanoseconds since 1970.
pub(super) fn take(export: &Export, now: i64) -> Result<Taken, OtlpError> {
    if export.resource_profiles.is_empty() {
        return Err(OtlpError::Nothing);
    }
    let dictionary = Dictionary(export.dictionary.as_ref().ok_or(OtlpError::NoDictionary)?);
    let mut taken = Taken { profiles: Vec::new(), rejected: Vec::new() };
    let mut frames = Frames::default();
    let mut count = 0;
    for resource in &export.resource_profiles {
        for scope in &resource.scope_profiles {
            for profile in &scope.profiles {
                count += 1;
                let one = One { dictionary, resource, scope, profile, now };
                match one.profiles(&mut frames) {
                    Ok(profiles) => taken.profiles.extend(profiles),
                    Err(error) => taken.rejected.push(error),
                }
            }
        }
    }
    match taken.rejected.first() {
        Some(first) if taken.rejected.len() == count => {
            Err(OtlpError::All { profiles: count, first: Box::new(first.clone()) })
        }
        _ => Ok(taken),
    }
}

/// A profile with what it stands in.
struct One<'a> {
    dictionary: Dictionary<'a>,
    resource: &'a wire::ResourceProfiles,
    scope: &'a wire::ScopeProfiles,
    profile: &'a wire::Profile,
    now: i64,
}

impl One<'_> {
    fn profiles(&self, frames: &mut Frames) -> Result<Vec<NewProfile>, OtlpError> {
        let sample_type = self.value_type(self.profile.sample_type.as_ref())?.ok_or(OtlpError::NoType)?;
        // What happens by events has none; a Parca cannot list its types any more with one that has none.
        let period_type =
            self.value_type(self.profile.period_type.as_ref())?.unwrap_or_else(|| sample_type.clone());
        let mut empty = Profile::new(vec![sample_type]);
        empty.period_type = Some(period_type);
        empty.period = self.profile.period;
        empty.duration_nanos = nanos("duration_nano", self.profile.duration_nano)?;
        empty.time_nanos = match nanos("time_unix_nano", self.profile.time_unix_nano)? {
            0 => self.now,
            time => time,
        };
        let mut rows = Rows::new(empty, self.dictionary, frames);
        let has_times = self.profile.samples.iter().any(|sample| !sample.timestamps_unix_nano.is_empty());
        for sample in &self.profile.samples {
            rows.add(self.labels(sample)?, sample)?;
        }
        let keep = Keep { zeros: has_times, columns: true };
        let scope = self.scope.scope.as_ref().map_or("", |scope| scope.name.as_str());
        let name = if scope.is_empty() { "unknown".to_owned() } else { fitting(scope) };
        rows.finish().into_iter().map(|(labels, profile)| stored(&name, &labels, profile, keep)).collect()
    }

    fn value_type(&self, of: Option<&wire::ValueType>) -> Result<Option<ValueType>, OtlpError> {
        let Some(of) = of else { return Ok(None) };
        let value_type = ValueType::new(
            self.dictionary.string(of.type_strindex)?,
            self.dictionary.string(of.unit_strindex)?,
        );
        Ok((!value_type.name.is_empty()).then_some(value_type))
    }

    fn labels(&self, sample: &wire::Sample) -> Result<Labels, OtlpError> {
        let mut attributes = Attributes::default();
        attributes.add_indices(self.dictionary, &sample.attribute_indices)?;
        attributes.add_indices(self.dictionary, &self.profile.attribute_indices)?;
        if let Some(scope) = &self.scope.scope {
            attributes.add_pairs(self.dictionary, &scope.attributes)?;
        }
        if let Some(resource) = &self.resource.resource {
            attributes.add_pairs(self.dictionary, &resource.attributes)?;
        }
        Ok(attributes.labels())
    }
}

fn stored(name: &str, labels: &Labels, profile: Profile, keep: Keep) -> Result<NewProfile, OtlpError> {
    let pairs = labels.iter().filter(|(label, _)| *label != pql::NAME_LABEL);
    let invalid = |error: profile_store::Invalid| OtlpError::Invalid(error.to_string());
    let named = Named::new(pairs.chain([(pql::NAME_LABEL, name)])).map_err(invalid)?;
    NewProfile::new(&named, profile, keep, None).map_err(invalid)
}
