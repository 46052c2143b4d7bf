use parca_client::{RawSample, RawSeries, WriteRawRequest};
use profile_codec::pprof;
use profile_model::Labels;
use pyroscope_client::{PushSample, PushSeries};

use super::{Backend, BackendError, Server};
use crate::deployments::{Deployment, Kind};

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
    /// A file with labels. Where they have no `__name__`, it follows from what was measured: `process_cpu`,
    /// `memory`, `goroutine`, `mutex`, `block` or the first sample type. Where they have no service it is
    /// `profile-query`.
    ///
    /// With `time_nanos` the profile is said to be of that time (since 1970): servers refuse old ones.
    /// A Parca is given the profile with its tables in order, as it takes no others.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn new(
        file: &[u8],
        labels: &Labels,
        deployment: &Deployment,
        time_nanos: Option<i64>,
    ) -> Result<Self, pprof::DecodeError> {
        let mut profile = pprof::decode(file, &pprof::Limits::default())?;
        let types: Vec<&str> = profile.sample_types.iter().map(|of| of.name.as_str()).collect();
        let name = guessed_name(&types).to_owned();
        let guessed = [(NAME_LABEL, name.as_str()), (deployment.service_label(), "profile-query")];
        let given = labels.iter().chain(guessed.into_iter().filter(|(name, _)| labels.get(name).is_none()));
        let labels = given.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let pprof = match (time_nanos, deployment.kind) {
            (None, Kind::Pyroscope) => file.to_vec(),
            (time, _) => {
                profile.time_nanos = time.unwrap_or(profile.time_nanos);
                pprof::encode_gzip(&profile)
            }
        };
        Ok(Self { labels, pprof })
    }
}

fn guessed_name<'a>(sample_types: &[&'a str]) -> &'a str {
    let has = |name: &str| sample_types.contains(&name);
    match sample_types {
        _ if has("cpu") => "process_cpu",
        _ if has("inuse_space") || has("alloc_space") || has("alloc_objects") => "memory",
        _ if has("contentions") => "mutex",
        [.., last] => last,
        [] => "unknown",
    }
}

impl Backend {
    /// Stores profiles; on a Parca all or none of them, on a Pyroscope an error may be about some.
    ///
    /// # Errors
    /// The server's.
    pub async fn upload(&self, uploads: &[Upload]) -> Result<(), BackendError> {
        match &self.server {
            Server::Pyroscope(client) => {
                self.note("Push", "");
                let sample =
                    |upload: &Upload| PushSample { pprof: upload.pprof.clone().into(), id: String::new() };
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
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_from_what_was_measured() {
        let check = |types: &[&str], expect: &str| assert_eq!(guessed_name(types), expect, "{types:?}");
        check(&["samples", "cpu"], "process_cpu");
        check(&["alloc_objects", "alloc_space", "inuse_objects", "inuse_space"], "memory");
        check(&["contentions", "delay"], "mutex");
        check(&["goroutine"], "goroutine");
        check(&["wall"], "wall");
        check(&[], "unknown");
    }
}
