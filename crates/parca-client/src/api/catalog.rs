use bytes::Bytes;
use parca_proto::query as wire;
use pql::ProfileType;
use profile_model::TimeRange;
use prost::Message as _;

use super::timestamp;
use crate::call::{message, wire::Wire};
use crate::{Call, Error, Method};

/// Asks which profile types there are.
///
/// Here and in the next two, the server takes both ends of a range as exclusive, and ignores a
/// range of which one end is in the first second of 1970.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfileTypesRequest {
    /// When the profiles are from. Default: any time.
    pub range: Option<TimeRange>,
}

/// Asks which label names there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LabelsRequest {
    /// Matchers without braces, such as `job="api"`, that all must hold. Parca looks at them only
    /// if there is a profile type.
    pub matchers: Vec<String>,
    /// When the profiles are from. Default: any time.
    pub range: Option<TimeRange>,
    /// Which profiles. Default: all.
    pub profile_type: Option<ProfileType>,
}

/// Asks which values a label has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ValuesRequest {
    /// The label's name.
    pub label: String,
    /// As in [`LabelsRequest`]; Parca ignores them altogether.
    pub matchers: Vec<String>,
    /// When the profiles are from. Default: any time.
    pub range: Option<TimeRange>,
    /// Which profiles. Default: all.
    pub profile_type: Option<ProfileType>,
}

/// Asks whether there is any data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HasProfileDataRequest;

impl ValuesRequest {
    /// All values that the label ever had.
    pub fn new(label: impl Into<String>) -> Self {
        Self { label: label.into(), ..Self::default() }
    }
}

impl Wire for ProfileTypesRequest {
    fn encode(&self) -> Result<Vec<u8>, Error> {
        let (start, end) = ends(self.range);
        Ok(wire::ProfileTypesRequest { start, end }.encode_to_vec())
    }
}

impl Call for ProfileTypesRequest {
    type Answer = Vec<ProfileType>;
    const METHOD: Method = Method::ProfileTypes;

    fn decode(bytes: Bytes) -> Result<Self::Answer, Error> {
        let mut types: Vec<_> =
            message::<wire::ProfileTypesResponse>(bytes)?.types.into_iter().map(profile_type).collect();
        types.sort_unstable();
        Ok(types)
    }
}

impl Wire for LabelsRequest {
    fn encode(&self) -> Result<Vec<u8>, Error> {
        let (start, end) = ends(self.range);
        let profile_type = self.profile_type.as_ref().map(ToString::to_string);
        Ok(wire::LabelsRequest { r#match: self.matchers.clone(), start, end, profile_type }.encode_to_vec())
    }
}

impl Call for LabelsRequest {
    type Answer = Vec<String>;
    const METHOD: Method = Method::Labels;

    fn decode(bytes: Bytes) -> Result<Self::Answer, Error> {
        Ok(sorted(message::<wire::LabelsResponse>(bytes)?.label_names))
    }
}

impl Wire for ValuesRequest {
    fn encode(&self) -> Result<Vec<u8>, Error> {
        let (start, end) = ends(self.range);
        let profile_type = self.profile_type.as_ref().map(ToString::to_string);
        let (label_name, r#match) = (self.label.clone(), self.matchers.clone());
        Ok(wire::ValuesRequest { label_name, r#match, start, end, profile_type }.encode_to_vec())
    }
}

impl Call for ValuesRequest {
    type Answer = Vec<String>;
    const METHOD: Method = Method::Values;

    fn decode(bytes: Bytes) -> Result<Self::Answer, Error> {
        Ok(sorted(message::<wire::ValuesResponse>(bytes)?.label_values))
    }
}

impl Wire for HasProfileDataRequest {
    fn encode(&self) -> Result<Vec<u8>, Error> {
        Ok(wire::HasProfileDataRequest {}.encode_to_vec())
    }
}

impl Call for HasProfileDataRequest {
    type Answer = bool;
    const METHOD: Method = Method::HasProfileData;

    fn decode(bytes: Bytes) -> Result<bool, Error> {
        Ok(message::<wire::HasProfileDataResponse>(bytes)?.has_data)
    }
}

type Ends = (Option<prost_types::Timestamp>, Option<prost_types::Timestamp>);

fn ends(range: Option<TimeRange>) -> Ends {
    (range.map(|range| timestamp(range.start)), range.map(|range| timestamp(range.end)))
}

fn profile_type(wire: wire::ProfileType) -> ProfileType {
    let wire::ProfileType { name, sample_type, sample_unit, period_type, period_unit, delta } = wire;
    ProfileType { name, sample_type, sample_unit, period_type, period_unit, delta }
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort_unstable();
    names
}
