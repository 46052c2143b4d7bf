//! One profile on its way in, checked.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use pql::{ProfileType, Query, Selector};
use profile_codec::pprof::{self, DecodeError, Limits};
use profile_model::{Labels, Profile, ValueType};

/// A profile that may be stored. Made by [`NewProfile::from_pprof`] or [`NewProfile::new`], which refuse
/// what could not be found again.
#[derive(Clone, Debug)]
pub struct NewProfile {
    /// The first part of its profile types.
    pub(crate) name: String,
    /// Without `__name__` and without empty values.
    pub(crate) labels: Labels,
    pub(crate) profile: Profile,
    pub(crate) keep: Keep,
    /// The pprof as it came; a profile that came in another form has none.
    pub(crate) raw: Option<Bytes>,
    /// Tells this profile from others of its labels and time; zero: always taken for a new one.
    pub(crate) digest: u128,
}

/// What the store keeps of a profile beyond what Parca keeps of one that WriteRaw wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keep {
    /// Stacks on which nothing was measured.
    pub zeros: bool,
    /// Columns of source lines.
    pub columns: bool,
}

/// Why a profile cannot be stored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Invalid {
    /// There is no `__name__`, or it is empty.
    #[error("missing __name__ label")]
    NoName,
    /// A label has an empty name.
    #[error("invalid label name: ")]
    NoLabelName,
    /// A name is there twice: which value is meant cannot be known.
    #[error("duplicate label name: {0}")]
    DuplicateLabel(String),
    /// More or longer labels than a profile may have.
    #[error("expected at most {MAX_LABELS} labels of at most {MAX_LABEL_BYTES} bytes, found {0}")]
    Labels(String),
    /// The bytes are no pprof.
    #[error(transparent)]
    Pprof(#[from] DecodeError),
    /// The type cannot be asked for, as it is no name in the query language.
    #[error("invalid profile type at row 0 ({id}): {reason}")]
    Type {
        /// The type as a query would name it.
        id: String,
        /// Why it is none.
        reason: String,
    },
}

impl Invalid {
    /// One word for a metric.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NoName | Self::NoLabelName | Self::DuplicateLabel(_) | Self::Labels(_) => "labels",
            Self::Pprof(_) => "pprof",
            Self::Type { .. } => "profile_type",
        }
    }
}

/// The most labels of a profile.
pub const MAX_LABELS: usize = 256;
/// The most bytes of one label, name and value together.
pub const MAX_LABEL_BYTES: usize = 64 << 10;
/// The most bytes of a profile type, as a query names it: every list of types has all of them.
const MAX_TYPE_BYTES: usize = 1 << 10;

/// A checked label set with the name it came with.
#[derive(Clone, Debug)]
pub struct Named {
    name: String,
    labels: Labels,
}

impl Named {
    /// Splits `__name__` (the last one) from the other labels; an empty value is no label.
    ///
    /// # Errors
    /// A name is missing, empty or there twice.
    pub fn new<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, Invalid> {
        let mut name = String::new();
        let mut labels = BTreeMap::new();
        for (key, value) in pairs {
            check_bytes(key, value)?;
            if key == pql::NAME_LABEL {
                value.clone_into(&mut name);
            } else if key.is_empty() {
                return Err(Invalid::NoLabelName);
            } else if labels.insert(key, value).is_some() {
                return Err(Invalid::DuplicateLabel(key.to_owned()));
            }
        }
        if name.is_empty() {
            return Err(Invalid::NoName);
        }
        check_count(labels.len())?;
        let labels = labels.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        Ok(Self { name, labels })
    }
}

/// Refuses a label that is too long.
pub(crate) fn check_bytes(name: &str, value: &str) -> Result<(), Invalid> {
    match name.len() + value.len() {
        bytes if bytes > MAX_LABEL_BYTES => Err(Invalid::Labels(format!("one of {bytes} bytes"))),
        _ => Ok(()),
    }
}

/// Refuses too many labels.
pub(crate) fn check_count(labels: usize) -> Result<(), Invalid> {
    if labels > MAX_LABELS { Err(Invalid::Labels(labels.to_string())) } else { Ok(()) }
}

impl NewProfile {
    /// Reads a pprof with Parca's checks of WriteRaw. `executable_infos` is how many came along.
    ///
    /// # Errors
    /// The bytes are no pprof, or its types cannot be asked for.
    pub fn from_pprof(
        of: &Named,
        raw: Bytes,
        executable_infos: usize,
        limits: &Limits,
    ) -> Result<Self, Invalid> {
        Self::from_one_of(of, raw, executable_infos, limits, &mut 0)
    }

    /// Reads a pprof as [`Self::from_pprof`] does, one of several whose decoded bytes have one limit. `expanded` counts
    /// them.
    ///
    /// # Errors
    /// As [`Self::from_pprof`].
    pub fn from_one_of(
        of: &Named,
        raw: Bytes,
        executable_infos: usize,
        limits: &Limits,
        expanded: &mut usize,
    ) -> Result<Self, Invalid> {
        let plain = pprof::unpack(&raw, limits, expanded)?;
        let profile = pprof::unpacked_like_parca(&plain, executable_infos, limits)?;
        drop(plain);
        let digest = digest(of, profile.time_nanos, &raw);
        Self::checked(of, profile, Keep::default(), Some(raw), digest)
    }

    /// Takes a profile that came in another form. `bytes` are those it came in, by which the same profile
    /// is recognised when it comes again; without any it never is.
    ///
    /// # Errors
    /// Its types cannot be asked for.
    pub fn new(of: &Named, profile: Profile, keep: Keep, bytes: Option<&[u8]>) -> Result<Self, Invalid> {
        let digest = bytes.map_or(0, |bytes| digest(of, profile.time_nanos, bytes));
        Self::checked(of, profile, keep, None, digest)
    }

    fn checked(
        of: &Named,
        profile: Profile,
        keep: Keep,
        raw: Option<Bytes>,
        digest: u128,
    ) -> Result<Self, Invalid> {
        let nothing = ValueType::default();
        let period = profile.period_type.as_ref().unwrap_or(&nothing);
        check_types(&of.name, &profile.sample_types, period, profile.duration_nanos > 0)?;
        let (name, labels) = (of.name.clone(), of.labels.clone());
        Ok(Self { name, labels, profile, keep, raw, digest })
    }
}

thread_local! {
    /// Names and types that were found good lately: parsing them again costs as much as interning a profile.
    static GOOD: RefCell<VecDeque<(String, Vec<ValueType>, ValueType)>> = const { RefCell::new(VecDeque::new()) };
}

/// How many are remembered.
const MOST_GOOD: usize = 16;

/// What cannot be asked for must not be stored: the type has to be a name in the query language.
pub(crate) fn check_types(
    name: &str,
    sample_types: &[ValueType],
    period: &ValueType,
    delta: bool,
) -> Result<(), Invalid> {
    let is_good = |(known, types, of): &(String, Vec<ValueType>, ValueType)| {
        known == name && types == sample_types && of == period
    };
    if GOOD.with_borrow(|good| good.iter().any(is_good)) {
        return Ok(());
    }
    parse_types(name, sample_types, period, delta)?;
    GOOD.with_borrow_mut(|good| {
        good.truncate(MOST_GOOD - 1);
        good.push_front((name.to_owned(), sample_types.to_vec(), period.clone()));
    });
    Ok(())
}

fn parse_types(
    name: &str,
    sample_types: &[ValueType],
    period: &ValueType,
    delta: bool,
) -> Result<(), Invalid> {
    for sample_type in sample_types {
        let profile_type = ProfileType {
            name: name.to_owned(),
            sample_type: sample_type.name.clone(),
            sample_unit: sample_type.unit.clone(),
            period_type: period.name.clone(),
            period_unit: period.unit.clone(),
            delta,
        };
        let id = profile_type.to_string();
        if id.len() > MAX_TYPE_BYTES {
            let reason = format!("expected at most {MAX_TYPE_BYTES} bytes, found {}", id.len());
            return Err(Invalid::Type { id: id.chars().take(80).chain("...".chars()).collect(), reason });
        }
        let meant = Query::all(profile_type);
        let reason = match id.parse::<Selector>().map(Query::try_from) {
            // A comment, labels or colons inside it would name something else.
            Ok(Ok(said)) if said == meant => continue,
            Ok(_) => format!("expected names without `#`, braces and colons, found `{id}`"),
            Err(error) => error.to_string(),
        };
        return Err(Invalid::Type { id, reason });
    }
    Ok(())
}

fn digest(of: &Named, time_nanos: i64, bytes: &[u8]) -> u128 {
    let mut hasher = twox_hash::XxHash3_128::with_seed(1);
    let mut field = |bytes: &[u8]| {
        hasher.write(&(bytes.len() as u64).to_le_bytes());
        hasher.write(bytes);
    };
    field(of.name.as_bytes());
    for (name, value) in of.labels.iter() {
        field(name.as_bytes());
        field(value.as_bytes());
    }
    field(&time_nanos.to_le_bytes());
    field(bytes);
    // Zero is kept for "always new".
    hasher.finish_128().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_one_that_a_query_can_name() {
        let check = |sample_type: &str, unit: &str, is_good: bool| {
            let (types, period) = ([ValueType::new(sample_type, unit)], ValueType::new("cpu", "nanoseconds"));
            assert_eq!(
                check_types("process_cpu", &types, &period, true).is_ok(),
                is_good,
                "{sample_type}:{unit}"
            );
        };
        check("cpu", "nanoseconds", true);
        check("", "", true);
        // The rest of such a type would be a comment, or labels.
        check("c#u", "nanoseconds", false);
        check("cpu", "nanoseconds#", false);
        check("cpu", "n{a=\"b\"}", false);
        check("c u", "nanoseconds", false);
        check("cpu:", "nanoseconds", false);
        check("cpu", "nano:seconds", false);
        check("a-b", "nanoseconds", false);
        check(&"u".repeat(MAX_TYPE_BYTES), "", false);
        check(&"u".repeat(MAX_TYPE_BYTES / 2), "nanoseconds", true);
    }
}
