//! The two kinds of servers that profiles are sent to.

use std::time::{Duration, Instant};

use http_config::{Environment, HttpClientConfig, TlsConfig};
use parca_client::{Client, Keep, RawSample, RawSeries, Token, WriteRawRequest};
use profile_model::Labels;
use pyroscope_client::{Access, PushSample, PushSeries};
use twox_hash::XxHash3_128;

use super::answer::{Answer, Stored, stored, stored_by_pyroscope};
use super::record::Record;
use super::settings::{StoreKind, StoreSettings};
use super::verify::{Question, Verdict};

/// A server, and the connections to it.
pub(super) enum Server {
    Parca(Client),
    Pyroscope(Box<pyroscope_client::Client>),
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

impl Server {
    pub(super) fn new(settings: &StoreSettings) -> Result<Self, Failure> {
        Ok(match settings.kind {
            StoreKind::Parca => Self::Parca(Client::new(&settings.client)?),
            StoreKind::Pyroscope => {
                Self::Pyroscope(Box::new(pyroscope_client::Client::new(&pyroscope(settings))?))
            }
        })
    }

    pub(super) async fn send(&self, records: &[Record], timeout: Duration) -> Answer {
        match self {
            Self::Parca(client) => write_raw(client, records, timeout).await,
            Self::Pyroscope(client) => push(client, records).await,
        }
    }

    /// Whether a profile is stored.
    pub(super) async fn ask(&self, question: &Question) -> Verdict {
        match self {
            Self::Parca(client) => question.ask(client).await,
            Self::Pyroscope(client) => question.ask_pyroscope(client).await,
        }
    }
}

fn pyroscope(settings: &StoreSettings) -> pyroscope_client::Settings {
    let from = &settings.client;
    let mut config = HttpClientConfig::default();
    match &from.token {
        Token::Value(token) => config.bearer_token = Some(token.clone()),
        Token::File(file) => config.bearer_token_file = Some(file.clone()),
        _ => {}
    }
    let mut tls = TlsConfig::default();
    tls.ca_file.clone_from(&from.tls.ca_file);
    tls.cert_file.clone_from(&from.tls.cert_file);
    tls.key_file.clone_from(&from.tls.key_file);
    tls.server_name.clone_from(&from.tls.server_name);
    tls.insecure_skip_verify = from.tls.insecure_skip_verify;
    config.tls_config = Some(tls);
    let mut to = pyroscope_client::Settings::default();
    to.url.clone_from(&from.url);
    to.timeout = settings.timeout;
    to.user_agent.clone_from(&from.user_agent);
    to.tenant = from
        .headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("x-scope-orgid"))
        .map(|(_, value)| value.clone());
    to.access = Access::Http { config: Box::new(config), environment: Environment::empty() };
    to
}

async fn write_raw(client: &Client, records: &[Record], timeout: Duration) -> Answer {
    let prepared = match client.prepare(&request(records)) {
        Ok(prepared) => prepared.with_header("idempotency-key", &key(records)),
        // What we refuse ourselves never leaves.
        Err(error) => {
            let too_large = error.code() == parca_client::Code::ResourceExhausted;
            let stored = if too_large { Stored::TooLarge } else { Stored::Never };
            return Answer { stored, error: Some(words::with_causes(&error)), bytes: 0 };
        }
    };
    let timed = client.timed(&prepared, Instant::now() + timeout, Keep::Nothing).await;
    let error = timed.result.as_ref().err().map(|error| words::with_causes(error));
    Answer { stored: stored(&timed), error, bytes: timed.bytes_out }
}

/// A request with one series for each profile, in order.
fn request(records: &[Record]) -> WriteRawRequest {
    let series = records.iter().map(|record| {
        let mut sample = RawSample::harmless(record.pprof.clone());
        sample.executable_info = record.executable_info();
        RawSeries { labels: record.head.labels.clone(), samples: vec![sample] }
    });
    let mut request = WriteRawRequest::new(series.collect());
    request.normalized = records.iter().any(|record| record.head.normalized);
    request
}

async fn push(client: &pyroscope_client::Client, records: &[Record]) -> Answer {
    let series: Vec<PushSeries> = records.iter().map(push_series).collect();
    let bytes = records.iter().map(|record| record.bytes() as u64).sum();
    match client.push(&series).await {
        Ok(()) => Answer { stored: Stored::Yes, error: None, bytes },
        Err(error) => {
            Answer { stored: stored_by_pyroscope(&error), error: Some(words::with_causes(&error)), bytes }
        }
    }
}

/// Pyroscope groups by a service, which Prometheus' `job` is.
fn push_series(record: &Record) -> PushSeries {
    const SERVICE: &str = "service_name";
    let labels = &record.head.labels;
    let has_service = labels.iter().any(|(name, _)| name == SERVICE);
    let job = labels.iter().find(|(name, _)| name == "job").filter(|_| !has_service);
    let service = job.map(|(_, job)| (SERVICE.to_owned(), job.clone()));
    let labels: Labels = labels.iter().cloned().chain(service).collect();
    PushSeries {
        labels,
        samples: vec![PushSample { pprof: record.pprof.bytes().clone(), id: String::new() }],
    }
}

/// A key that is the same for the same profiles with the same labels, also in another process.
fn key(records: &[Record]) -> String {
    let mut hasher = XxHash3_128::with_seed(4);
    // With its length, so that two texts are not another two.
    let mut add = |bytes: &[u8]| {
        hasher.write(&(bytes.len() as u64).to_le_bytes());
        hasher.write(bytes);
    };
    for record in records {
        record.head.labels.iter().for_each(|(name, value)| {
            add(name.as_bytes());
            add(value.as_bytes());
        });
        add(record.pprof.as_ref());
    }
    format!("{:032x}", hasher.finish_128())
}
