//! Two servers, and what is written to both.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use parca_client::{
    Call, Client, Error, HttpVersion, Protocol, RawSample, RawSeries, Settings, WriteRawRequest,
};
use pql::ProfileType;
use profile_codec::pprof::{self, Limits};
use profile_model::{Profile, TimeRange, Timestamp, ValueType};
use tokio_util::sync::CancellationToken;

pub(crate) struct Pair {
    pub(crate) real: Client,
    pub(crate) ours: Client,
    pub(crate) written: Vec<Written>,
    embedded: parca_embedded::Server,
    stop: CancellationToken,
}

/// A name and the profiles stored under it.
pub(crate) struct Written {
    pub(crate) name: String,
    pub(crate) profiles: Vec<Profile>,
}

impl Written {
    pub(crate) fn types(&self) -> Vec<ProfileType> {
        let profile = &self.profiles[0];
        let period = profile.period_type.clone().unwrap();
        let one = |sample: &ValueType| ProfileType {
            name: self.name.clone(),
            sample_type: sample.name.clone(),
            sample_unit: sample.unit.clone(),
            period_type: period.name.clone(),
            period_unit: period.unit.clone(),
            delta: profile.duration_nanos != 0,
        };
        // A type whose values are all zero is not stored.
        let has_values =
            |index: &usize| self.profiles.iter().any(|p| p.samples.column(*index).any(|(_, v)| v != 0));
        (0..profile.sample_types.len())
            .filter(has_values)
            .map(|index| one(&profile.sample_types[index]))
            .collect()
    }

    /// From before the first to after the last profile.
    pub(crate) fn range(&self) -> TimeRange {
        let times = || self.profiles.iter().map(|profile| profile.time_nanos);
        let at = |nanos| Timestamp::from_nanos(nanos);
        TimeRange::new(at(times().min().unwrap() - 1_000_000_000), at(times().max().unwrap() + 1_000_000_000))
    }

    /// TOP ends a real Parca that holds a line without a function, or with one that has no name.
    pub(crate) fn is_safe_for_top(&self) -> bool {
        let named = |profile: &Profile| {
            let symbols = &profile.symbols;
            let has_name = |function| !symbols.function(function).name.is_empty();
            symbols.locations().all(|l| l.lines.iter().all(|line| line.function.is_some_and(has_name)))
        };
        self.profiles.iter().all(named)
    }
}

impl Pair {
    pub(crate) async fn start() -> Option<Self> {
        let url = test_support::needs("PARCA_URL")?;
        let mut pair = Self::empty(&url, Protocol::Grpc).await;
        pair.write_all(&test_support::data("profiles")).await;
        Some(pair)
    }

    /// A double that answers as it is told, and our server with the files as they were when the answers were recorded.
    pub(crate) async fn recorded(double: &str) -> Self {
        let pair = Self::empty(double, Protocol::GrpcWeb(HttpVersion::Http1)).await;
        let folder = test_support::data("profiles");
        for path in files(&folder) {
            let file = path.file_name().unwrap().to_str().unwrap();
            let name = format!("rec_{}", stem(&path));
            let labels = [("__name__", name.as_str()), ("job", "rec"), ("file", file)];
            pair.ours.write_raw(&request(&labels, std::fs::read(&path).unwrap())).await.unwrap();
        }
        for (path, pod) in files(&folder.join("series")).iter().zip(["p0", "p1", "p2"].iter().cycle()) {
            let labels = [("__name__", "rec_series"), ("job", "rec"), ("pod", *pod)];
            pair.ours.write_raw(&request(&labels, std::fs::read(path).unwrap())).await.unwrap();
        }
        pair
    }

    async fn empty(url: &str, protocol: Protocol) -> Self {
        let stop = CancellationToken::new();
        let mut settings = parca_embedded::Settings::default();
        settings.self_profile_every = None;
        let embedded = parca_embedded::start("127.0.0.1:0", settings, stop.clone()).await.unwrap();
        let ours = client(&format!("http://{}", embedded.address()), Protocol::Grpc);
        Self { real: client(url, protocol), ours, written: Vec::new(), embedded, stop }
    }

    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.embedded.finished().await;
    }

    async fn write_all(&mut self, folder: &Path) {
        // Names of this run alone, so that what other runs wrote is not counted.
        let run = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos();
        for file in files(folder) {
            self.write(format!("agree{run}_{}", stem(&file)), &[file]).await;
        }
        self.write(format!("agree{run}_series"), &files(&folder.join("series"))).await;
        assert!(self.written.len() > 3, "too few profiles in {}", folder.display());
    }

    async fn write(&mut self, name: String, files: &[PathBuf]) {
        let mut profiles = Vec::new();
        for (index, file) in files.iter().enumerate() {
            let mut bytes = std::fs::read(file).unwrap();
            let mut profile = pprof::decode(&bytes, &Limits::default()).unwrap();
            if profile.period_type.as_ref().is_none_or(|period| period.name.is_empty()) {
                // A profile without it makes ProfileTypes of a real Parca fail for everybody.
                profile.period_type = Some(ValueType::new("agree", "count"));
                bytes = pprof::encode_gzip(&profile);
            }
            let parity = if index % 2 == 0 { "even" } else { "odd" };
            let labels = [("__name__", name.as_str()), ("job", "agree"), ("parity", parity)];
            let request = request(&labels, bytes);
            self.real.write_raw(&request).await.unwrap();
            self.ours.write_raw(&request).await.unwrap();
            profiles.push(profile);
        }
        self.written.push(Written { name, profiles });
    }

    /// Both answers, or the same mistake from both.
    pub(crate) async fn ask<C: Call>(&self, call: &C) -> Option<(C::Answer, C::Answer)> {
        match (self.real.call(call).await, self.ours.call(call).await) {
            (Ok(real), Ok(ours)) => Some((real, ours)),
            (Err(real), Err(ours)) => {
                assert_eq!(mistake(&real), mistake(&ours));
                None
            }
            (real, ours) => panic!("one answered, one did not: {:?} / {:?}", real.err(), ours.err()),
        }
    }
}

pub(crate) fn mistake(error: &Error) -> (&'static str, String) {
    (error.code().as_str(), error.message().to_owned())
}

pub(crate) fn request(labels: &[(&str, &str)], pprof: Vec<u8>) -> WriteRawRequest {
    let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    WriteRawRequest::new(vec![RawSeries { labels, samples: vec![RawSample::new(pprof)] }])
}

fn client(url: &str, protocol: Protocol) -> Client {
    let mut settings = Settings::new(url);
    settings.protocol = protocol;
    settings.timeout = Duration::from_secs(60);
    Client::new(&settings).unwrap()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = entries.filter(|path| path.is_file()).collect();
    files.sort();
    files
}

fn stem(file: &Path) -> String {
    let name = file.file_name().unwrap().to_string_lossy();
    name.trim_end_matches(".pb.gz").chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}
