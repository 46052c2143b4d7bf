use bytes::Bytes;
use parca_proto::profilestore as wire;
use profile_codec::pprof::{DecodeError, Harmless, HarmlessError, Limits};
use prost::Message as _;

use crate::call::{message, refused, wire::Wire};
use crate::{Call, Error, Method};

/// The label that names a profile.
const NAME_LABEL: &str = "__name__";

/// Asks the server to store profiles, all of them or none.
///
/// What would end the server or spoil its store for later queries is refused before it is sent:
/// see [`RawSample::new`]. What the server answers to other faults is passed on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct WriteRawRequest {
    /// The profiles by label set.
    pub series: Vec<RawSeries>,
    /// Whether addresses are already those of the binaries, not of the processes.
    pub normalized: bool,
}

/// Profiles with the same labels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawSeries {
    /// Names and values. `__name__` must be there with a value; no name may be empty or come twice.
    pub labels: Vec<(String, String)>,
    /// The profiles. Their own sample labels are lost: Parca keeps those of the series only.
    pub samples: Vec<RawSample>,
}

/// One profile.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RawSample {
    pprof: Pprof,
    /// One for each mapping of the profile, or none.
    pub executable_info: Vec<ExecutableInfo>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Pprof {
    /// Checked before it is sent.
    Unchecked(Bytes),
    Harmless(Harmless),
}

/// Where an executable was loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExecutableInfo {
    /// ELF's `e_type`.
    pub elf_type: u32,
    /// The segment that holds the code.
    pub load_segment: Option<LoadSegment>,
}

/// An ELF segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoadSegment {
    /// Where it begins in the file, in bytes.
    pub offset: u64,
    /// Where it wants to be in memory.
    pub vaddr: u64,
}

impl WriteRawRequest {
    /// All the series in one request.
    pub fn new(series: Vec<RawSeries>) -> Self {
        Self { series, normalized: false }
    }
}

impl RawSample {
    /// A pprof, compressed with gzip or not, without information about executables. Ids must run from 1 without gaps.
    ///
    /// Refused before it is sent: string indices below zero, a sample type without any string (both end the
    /// server); lines without a function (end it at the next function table); no period type
    /// (no profile type can be listed any more).
    pub fn new(pprof: impl Into<Bytes>) -> Self {
        Self { pprof: Pprof::Unchecked(pprof.into()), executable_info: Vec::new() }
    }

    /// A pprof that was checked where it came from, and is not read again to be sent.
    pub fn harmless(pprof: Harmless) -> Self {
        Self { pprof: Pprof::Harmless(pprof), executable_info: Vec::new() }
    }
}

impl Wire for WriteRawRequest {
    fn encode(&self) -> Result<Vec<u8>, Error> {
        let series = self.series.iter().map(series).collect::<Result<_, _>>()?;
        Ok(wire::WriteRawRequest { series, normalized: self.normalized, ..Default::default() }
            .encode_to_vec())
    }
}

impl Call for WriteRawRequest {
    type Answer = ();
    const METHOD: Method = Method::WriteRaw;

    fn decode(bytes: Bytes) -> Result<(), Error> {
        message::<wire::WriteRawResponse>(bytes).map(drop)
    }
}

fn series(series: &RawSeries) -> Result<wire::RawProfileSeries, Error> {
    check_labels(&series.labels)?;
    let label = |(name, value): &(String, String)| wire::Label { name: name.clone(), value: value.clone() };
    let labels = series.labels.iter().map(label).collect();
    let samples = series.samples.iter().map(sample).collect::<Result<_, _>>()?;
    Ok(wire::RawProfileSeries { labels: Some(wire::LabelSet { labels }), samples })
}

fn check_labels(labels: &[(String, String)]) -> Result<(), Error> {
    let mut names: Vec<&str> = labels.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    if names.first() == Some(&"") {
        return Err(refused("expected a name for every label, found an empty one"));
    }
    if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(refused(format!("expected each label once, found `{}` twice", pair[0])));
    }
    match labels.iter().find(|(name, _)| name == NAME_LABEL) {
        Some((_, value)) if !value.is_empty() => Ok(()),
        _ => Err(refused("expected the label `__name__` with the name of the profile, found none")),
    }
}

fn sample(sample: &RawSample) -> Result<wire::RawSample, Error> {
    let pprof = checked(&sample.pprof)?;
    let info = |info: &ExecutableInfo| wire::ExecutableInfo {
        elf_type: info.elf_type,
        load_segment: info
            .load_segment
            .map(|LoadSegment { offset, vaddr }| wire::LoadSegment { offset, vaddr }),
    };
    let executable_info = sample.executable_info.iter().map(info).collect();
    Ok(wire::RawSample { raw_profile: pprof.into_bytes(), executable_info })
}

fn checked(pprof: &Pprof) -> Result<Harmless, Error> {
    match pprof {
        Pprof::Harmless(pprof) => Ok(pprof.clone()),
        Pprof::Unchecked(bytes) => Harmless::new(bytes.clone(), &Limits::default()).map_err(harmful),
    }
}

fn harmful(error: HarmlessError) -> Error {
    let message = match &error {
        HarmlessError::Harm(harm) => harm.to_string(),
        HarmlessError::Decode(DecodeError::Gzip(_)) => "expected a pprof, found broken gzip".to_owned(),
        HarmlessError::Decode(DecodeError::TooLarge { what, limit }) => {
            format!("expected a pprof of at most {limit} {what}, found more")
        }
        _ => "expected a pprof, found other bytes".to_owned(),
    };
    refused(message).with_source(error)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_checked_is_checked_and_what_was_goes_on() {
        let refusal = |bytes: &'static [u8]| sample(&RawSample::new(bytes)).unwrap_err().message().to_owned();
        assert_eq!(refusal(b"not a pprof"), "expected a pprof, found other bytes");
        assert_eq!(refusal(&[0x1f, 0x8b, 8, 0]), "expected a pprof, found broken gzip");
        // A sample, and nothing that says what its values are.
        assert_eq!(refusal(&[0x12, 0]), "expected a period type and unit in the pprof, found none");
        let pprof = Harmless::new(Bytes::new(), &Limits::default()).unwrap();
        assert_eq!(sample(&RawSample::harmless(pprof)).unwrap().raw_profile, "");
    }

    #[test]
    fn labels_are_checked() {
        let check = |labels: &[(&str, &str)], expect: Option<&str>| {
            let labels: Vec<_> = labels.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
            let error = check_labels(&labels).err().map(|error| error.message().to_owned());
            match expect {
                None => assert_eq!(error, None),
                Some(part) => {
                    assert!(error.as_deref().is_some_and(|error| error.contains(part)), "{error:?}")
                }
            }
        };
        check(&[("__name__", "cpu"), ("a.b", "")], None);
        check(&[], Some("__name__"));
        check(&[("job", "x")], Some("__name__"));
        check(&[("__name__", "")], Some("__name__"));
        check(&[("__name__", "cpu"), ("", "x")], Some("empty"));
        check(&[("__name__", "cpu"), ("job", "x"), ("job", "y")], Some("`job` twice"));
    }
}
