use profile_model::ValueType;

use super::raw::{RawProfile, RawValueType};
use super::{DecodeError, InvalidProfile, Limits, strict, unpack};

/// What a profile says of itself, and whether a Parca would take it as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Head {
    /// What the values of a sample are, in order.
    pub sample_types: Vec<ValueType>,
    /// Which of them have a value other than 0.
    pub has_values: Vec<bool>,
    /// What happens between two samples; empty if it does not say.
    pub period_type: ValueType,
    /// How much of it happens between two samples.
    pub period: i64,
    /// When collection started; 0 if unknown.
    pub time_nanos: i64,
    /// How long collection took; 0 for a snapshot.
    pub duration_nanos: i64,
    /// The number of samples.
    pub samples: usize,
    /// The number of mapped binaries.
    pub mappings: usize,
    /// Free text.
    pub comments: Vec<String>,
    /// Why a Parca refuses it.
    pub refusal: Option<InvalidProfile>,
    /// Whether a type, function or mapping names a string that is not there, which a Parca takes and fails at later. What
    /// else does harm there is what [`Harmless`](super::Harmless) refuses.
    pub lacks_strings: bool,
}

/// Reads what a profile says of itself and checks the rest, without making a model of it.
///
/// # Errors
/// If the bytes are neither gzip nor protobuf, or exceed the limits.
pub fn inspect(bytes: &[u8], limits: &Limits) -> Result<Head, DecodeError> {
    let bytes = unpack(bytes, limits, &mut 0)?;
    Ok(head(&RawProfile::parse(&bytes, limits)?))
}

pub(super) fn head(raw: &RawProfile<'_>) -> Head {
    let text = |index: i64| {
        let found = usize::try_from(index).ok().and_then(|index| raw.strings.get(index));
        found.map(|text| String::from_utf8_lossy(text).into_owned()).unwrap_or_default()
    };
    let value_type = |one: &RawValueType| ValueType::new(text(one.name), text(one.unit));
    Head {
        sample_types: raw.sample_types.iter().map(value_type).collect(),
        has_values: has_values(raw),
        period_type: raw.period_type.as_ref().map(value_type).unwrap_or_default(),
        period: raw.period,
        time_nanos: raw.time_nanos,
        duration_nanos: raw.duration_nanos,
        samples: raw.samples.len(),
        mappings: raw.mappings.len(),
        comments: raw.comments.iter().map(|index| text(*index)).collect(),
        refusal: strict::check(raw, 0).err(),
        lacks_strings: lacks_strings(raw),
    }
}

fn has_values(raw: &RawProfile<'_>) -> Vec<bool> {
    let width = raw.sample_types.len();
    let mut found = vec![false; width];
    for (at, value) in raw.values.iter().enumerate() {
        if let (true, Some(place)) = (*value != 0, at.checked_rem(width)) {
            found[place] = true;
        }
    }
    found
}

fn lacks_strings(raw: &RawProfile<'_>) -> bool {
    let strings = raw.strings.len() as i64;
    let types = raw.sample_types.iter().chain(&raw.period_type).flat_map(|one| [one.name, one.unit]);
    let functions = raw.functions.iter().flat_map(|one| [one.name, one.system_name, one.filename]);
    let mappings = raw.mappings.iter().flat_map(|one| [one.file, one.build_id]);
    types.chain(functions).chain(mappings).any(|index| index != 0 && index >= strings)
}
