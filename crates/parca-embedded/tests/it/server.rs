//! A server, its clients, and what is written to it.

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use parca_embedded::Settings;
use parca_proto::profilestore::profile_store_service_client::ProfileStoreServiceClient;
use parca_proto::profilestore::{Label, LabelSet, RawProfileSeries, RawSample, WriteRawRequest};
use parca_proto::query::query_service_client::QueryServiceClient;
use profile_codec::pprof;
use profile_model::{Function, Line, Location, Profile, Sample, StringId, ValueType};
use tokio_util::sync::CancellationToken;

/// What tonic's clients speak through: HTTP/2 without TLS.
pub(crate) type Channel = Client<HttpConnector, tonic::body::Body>;

pub(crate) struct Server {
    pub(crate) server: parca_embedded::Server,
    stop: CancellationToken,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::with_memory(512 << 20).await
    }

    pub(crate) async fn with_memory(limit_bytes: usize) -> Self {
        let mut settings = Settings::default();
        settings.self_profile_every = None;
        settings.memory_limit_bytes = limit_bytes;
        let stop = CancellationToken::new();
        let server = parca_embedded::start("127.0.0.1:0", settings, stop.clone()).await.unwrap();
        Self { server, stop }
    }

    /// A server that was started otherwise.
    pub(crate) fn over(server: parca_embedded::Server, stop: CancellationToken) -> Self {
        Self { server, stop }
    }

    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.server.finished().await;
    }

    pub(crate) fn origin(&self) -> http::Uri {
        format!("http://{}", self.server.address()).parse().unwrap()
    }

    pub(crate) fn channel(&self) -> Channel {
        Client::builder(TokioExecutor::new()).http2_only(true).build_http()
    }

    pub(crate) fn query(&self) -> QueryServiceClient<Channel> {
        QueryServiceClient::with_origin(self.channel(), self.origin())
    }

    pub(crate) fn store(&self) -> ProfileStoreServiceClient<Channel> {
        ProfileStoreServiceClient::with_origin(self.channel(), self.origin())
    }

    pub(crate) async fn write(&self, profile: &Profile) {
        let request = write_request(&[("__name__", "process_cpu"), ("job", "it")], pprof::encode(profile));
        self.store().write_raw(request).await.unwrap();
    }

    /// A request over HTTP/1.1; the answer's head and body.
    pub(crate) async fn http1(&self, request: Request<Bytes>) -> (http::response::Parts, Bytes) {
        let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
        let (head, body) = client.request(request.map(Full::new)).await.unwrap().into_parts();
        (head, body.collect().await.unwrap().to_bytes())
    }

    /// One number of `/metrics`.
    pub(crate) async fn metric(&self, name: &str) -> f64 {
        let request = Request::get(format!("{}metrics", self.origin())).body(Bytes::new()).unwrap();
        let (head, body) = self.http1(request).await;
        assert_eq!(head.status, 200);
        let text = String::from_utf8(body.to_vec()).unwrap();
        let line = text.lines().find(|line| line.starts_with(&format!("{name} ")));
        let line = line.unwrap_or_else(|| panic!("no {name} in\n{text}"));
        line.rsplit(' ').next().unwrap().parse().unwrap()
    }
}

pub(crate) const PROFILE_TYPE: &str = "process_cpu:cpu:nanoseconds:cpu:nanoseconds:delta";

/// A second of CPU: `main` calls `work`, and an address that has a line but no function.
pub(crate) fn profile(time_nanos: i64) -> Profile {
    let mut profile = Profile::new(vec![ValueType::new("cpu", "nanoseconds")]);
    profile.period_type = Some(ValueType::new("cpu", "nanoseconds"));
    (profile.period, profile.time_nanos, profile.duration_nanos) = (1, time_nanos, 1_000_000_000);
    let symbols = &mut profile.symbols;
    let mut location = |name: Option<&str>, address| {
        let function = name.map(|name| {
            let name = symbols.intern_string(name);
            let function = Function { name, system_name: name, filename: StringId::EMPTY, start_line: 1 };
            symbols.intern_function(function)
        });
        let lines = [Line { function, line: 7, column: 0 }];
        symbols.intern_location(Location { mapping: None, address, is_folded: false, lines: &lines })
    };
    let [work, main] = [location(Some("work"), 1), location(Some("main"), 2)];
    let nameless = location(None, 3);
    for (stack, value) in [([work, main], 700_000_000), ([nameless, main], 300_000_000)] {
        let stack = profile.symbols.intern_stack(&stack);
        profile.samples.push(Sample { stack, values: &[value], labels: &[] });
    }
    profile
}

pub(crate) fn write_request(labels: &[(&str, &str)], raw_profile: Vec<u8>) -> WriteRawRequest {
    let label = |(name, value): &(&str, &str)| Label { name: (*name).into(), value: (*value).into() };
    let labels = Some(LabelSet { labels: labels.iter().map(label).collect() });
    let samples = vec![RawSample { raw_profile: raw_profile.into(), ..Default::default() }];
    WriteRawRequest { series: vec![RawProfileSeries { labels, samples }], ..Default::default() }
}
