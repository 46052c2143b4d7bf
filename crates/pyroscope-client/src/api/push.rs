use bytes::Bytes;
use parca_proto::pyroscope::{push as wire, types};
use profile_model::Labels;

use crate::method::Method;
use crate::{Client, Error};

/// The label that names a profile.
const NAME_LABEL: &str = "__name__";

/// Profiles with the same labels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PushSeries {
    /// `__name__` is the first part of the profile type, such as `process_cpu`, and must be there;
    /// without `service_name` the server says `unknown_service`.
    pub labels: Labels,
    /// The profiles. Each sample type becomes a series.
    pub samples: Vec<PushSample>,
}

/// One profile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PushSample {
    /// A pprof, compressed with gzip or not. The server takes recent times only, 0 for now, and at
    /// most 4 MiB.
    pub pprof: Bytes,
    /// A UUID of the caller's choice; empty for none.
    pub id: String,
}

impl Client {
    /// Stores profiles. An error may be about some of them: the others are stored.
    ///
    /// # Errors
    /// Also for a series without `__name__`, before anything is sent.
    pub async fn push(&self, series: &[PushSeries]) -> Result<(), Error> {
        let series = series.iter().map(one).collect::<Result<_, _>>()?;
        self.call::<_, wire::PushResponse>(Method::PUSH, &wire::PushRequest { series }).await.map(drop)
    }
}

fn one(series: &PushSeries) -> Result<wire::RawProfileSeries, Error> {
    if series.labels.get(NAME_LABEL).is_none_or(str::is_empty) {
        return Err(Error::request("expected the label `__name__` with the name of the profile, found none"));
    }
    let label = |(name, value): (&str, &str)| types::LabelPair { name: name.into(), value: value.into() };
    let sample = |of: &PushSample| wire::RawSample { raw_profile: of.pprof.clone(), id: of.id.clone() };
    Ok(wire::RawProfileSeries {
        labels: series.labels.iter().map(label).collect(),
        samples: series.samples.iter().map(sample).collect(),
    })
}
