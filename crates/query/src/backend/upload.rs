use std::collections::BTreeSet;

use parca_client::{RawSample, RawSeries, WriteRawRequest};
use profile_codec::file::series_name;
use profile_codec::pprof;
use profile_model::{Labels, Profile, StringId};
use pyroscope_client::{PushSample, PushSeries};

use super::{Answering, Backend, Server};
use crate::deployments::Deployment;

/// The label that names a profile.
const NAME_LABEL: &str = "__name__";

/// A pprof file on its way to a server.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Upload {
    /// The labels, `__name__` and that of the service among them.
    pub labels: Labels,
    /// The file, compressed with gzip or not.
    pub pprof: Vec<u8>,
}

impl Upload {
    /// A profile with labels. Where they have no `__name__`, it follows from what was measured ([`series_name`]).
    /// Where they have no service it is `profile-query`. A Parca is given the profile with its tables in order, as it takes no others.
    pub fn new(profile: &Profile, labels: &Labels, deployment: &Deployment) -> Self {
        let name = series_name(profile);
        let guessed = [(NAME_LABEL, name.as_str()), (deployment.service_label(), "profile-query")];
        let given = labels.iter().chain(guessed.into_iter().filter(|(name, _)| labels.get(name).is_none()));
        let labels = given.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Self { labels, pprof: pprof::encode_gzip(profile) }
    }
}

/// The names of the labels that samples have, sorted.
pub fn sample_labels(profile: &Profile) -> BTreeSet<String> {
    let keys = profile
        .samples
        .iter()
        .flat_map(|sample| sample.labels.iter().map(|label| label.key).collect::<Vec<_>>());
    let keys: BTreeSet<StringId> = keys.collect();
    keys.into_iter().map(|key| profile.symbols.string(key).to_owned()).collect()
}

impl Backend {
    /// Stores profiles; on a Parca all or none of them, on a Pyroscope an error may be about some.
    ///
    /// # Errors
    /// The server's.
    pub fn upload<'a>(&'a self, uploads: &'a [Upload]) -> Answering<'a, ()> {
        Box::pin(async move {
            match &self.server {
                Server::Pyroscope(client) => {
                    self.note("Push", "");
                    let sample = |upload: &Upload| PushSample {
                        pprof: upload.pprof.clone().into(),
                        id: String::new(),
                    };
                    let series = |upload: &Upload| PushSeries {
                        labels: upload.labels.clone(),
                        samples: vec![sample(upload)],
                    };
                    let series: Vec<PushSeries> = uploads.iter().map(series).collect();
                    Ok(client.push(&series).await?)
                }
                Server::Parca(client) => {
                    self.note("WriteRaw", "");
                    let series = |upload: &Upload| {
                        let pair = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
                        let labels = upload.labels.iter().map(pair).collect();
                        RawSeries { labels, samples: vec![RawSample::new(upload.pprof.clone())] }
                    };
                    Ok(client.write_raw(&WriteRawRequest::new(uploads.iter().map(series).collect())).await?)
                }
            }
        })
    }
}
