//! The one port: gRPC, gRPC-Web, and plain HTTP for people and scrapers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, header};
use ops::ServeError;
use ops::metrics::Registry;
use parca_proto::debuginfo::debuginfo_service_server::DebuginfoServiceServer;
use parca_proto::profilestore::agents_service_server::AgentsServiceServer;
use parca_proto::profilestore::profile_store_service_server::ProfileStoreServiceServer;
use parca_proto::query::query_service_server::QueryServiceServer;
use parca_proto::scrape::scrape_service_server::ScrapeServiceServer;
use profile_store::{Stats, Store};
use prost::Message;
use pyroscope_api::{Api, push_grpc_routes, push_routes};
use self_profile::Profiler;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::codec::CompressionEncoding;
use tonic::service::Routes;
use tonic::{Response, Status};
use tonic_web::GrpcWebLayer;
use tower::ServiceExt;

use crate::access::Access;
use crate::agents::Agents;
use crate::copy::{self, CopyTo};
use crate::doors::Doors;
use crate::grpc::{AgentsApi, DebuginfoApi, ProfileStoreApi, QueryApi, ScrapeApi};
use crate::inner::{self, PageTarget};
use crate::limits::{Gate, QueryLimits};
use crate::metrics::Metrics;
use crate::otlp;
use crate::pyroscope::{StoreSink, StoreSource};
use crate::rest;
use crate::self_profiling;
use crate::tls::{Acceptor, ServerTls, TlsError};
use crate::writes::Writes;

/// What the real server takes and sends: 64 MiB a message.
const MAX_MESSAGE_BYTES: usize = 64 << 20;

/// How long answers under way may take once the server is told to stop.
const GRACE: Duration = Duration::from_secs(5);

/// How a server is to be.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// Bytes that a store in memory may take (estimated); beyond it the oldest profiles are dropped.
    /// Default 512 MiB, which is also what the real server keeps in memory.
    pub memory_limit_bytes: usize,
    /// How long each of the server's own CPU profiles is; `None` takes none. Default 10 s.
    pub self_profile_every: Option<Duration>,
    /// The `job` label of the server's own profiles. Default `parca-embedded`.
    pub self_profile_job: String,
    /// Where sealed blocks of a store on disk are copied to; nowhere by default.
    pub copy_to: Option<CopyTo>,
    /// Routes that a binary adds: a page of targets.
    pub routes: Option<Router>,
    /// What makes the page at `/`, given where it reaches this server; without one, `/` is a few lines of text.
    pub page: Option<fn(PageTarget) -> Router>,
    /// What answers `parca.scrape.v1alpha1.ScrapeService` in place of a server that scrapes nobody.
    pub scrape_service: Option<Router>,
    /// Who may read and write; everybody by default.
    pub access: Option<Access>,
    /// TLS, instead of a plain connection.
    pub tls: Option<ServerTls>,
    /// The path below which plain HTTP is, such as `/profiles`; none by default. Native gRPC never has one.
    pub path_prefix: String,
    /// Origins of pages that may call from a browser, or `*`; none by default.
    pub cors_origins: Vec<String>,
    /// Labels that a `service_name` for clients of Pyroscope is taken from, in this order.
    pub service_labels: Vec<String>,
    /// How many questions are answered at once, and for how long.
    pub query_limits: QueryLimits,
    /// Whose CPU is profiled; one for the whole process, if the process has one already.
    pub profiler: Option<Profiler>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            memory_limit_bytes: 512 << 20,
            self_profile_every: Some(Duration::from_secs(10)),
            self_profile_job: "parca-embedded".to_owned(),
            copy_to: None,
            routes: None,
            page: None,
            scrape_service: None,
            access: None,
            tls: None,
            path_prefix: String::new(),
            cors_origins: Vec::new(),
            service_labels: pyroscope_api::Settings::default().service_labels,
            query_limits: QueryLimits::default(),
            profiler: None,
        }
    }
}

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The address cannot be listened on.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// TLS cannot be served.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    store: Store,
    serving: JoinHandle<()>,
}

impl Server {
    /// Where it listens; the port is a real one even if 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What is stored now.
    pub fn stats(&self) -> Stats {
        self.store.stats()
    }

    /// Resolves once the server has stopped, after its token was cancelled.
    pub async fn finished(self) {
        if let Err(error) = self.serving.await {
            tracing::error!(%error, "the server ended badly");
        }
    }
}

/// Listens on `address` (`host:port`; port 0 takes a free one) and serves a store in memory until `stop`.
///
/// # Errors
/// The address cannot be listened on, or TLS cannot be served.
pub async fn start(address: &str, settings: Settings, stop: CancellationToken) -> Result<Server, StartError> {
    let store = Store::in_memory(settings.memory_limit_bytes);
    start_on(store, address, settings, stop).await
}

/// The same with a store of the caller's, such as one on disk. It is the caller's to close.
///
/// # Errors
/// The address cannot be listened on, or TLS cannot be served.
pub async fn start_on(
    store: Store,
    address: &str,
    settings: Settings,
    stop: CancellationToken,
) -> Result<Server, StartError> {
    let acceptor = settings.tls.map(Acceptor::new).transpose()?;
    let listener = ops::bind(address).await?;
    let address =
        listener.local_addr().map_err(|source| ServeError::Bind { address: address.to_owned(), source })?;
    let registry = Registry::new();
    let profiler = settings.profiler.unwrap_or_else(|| Profiler::start_when_busy(99));
    let metrics = Metrics::new(&registry, &store);
    let writes = Writes { store: store.clone(), metrics };
    let gate = Gate::new(settings.query_limits);
    let is_guarded = settings.access.is_some() || acceptor.is_some();
    let page = match settings.page {
        None => front(),
        Some(page) if is_guarded => {
            page(inner::open(grpc_router(writes.clone(), gate.clone()), stop.clone()).await?)
        }
        Some(page) => page(PageTarget { address, token: None }),
    };
    let routes = page.merge(settings.routes.unwrap_or_default());
    let added = Added {
        routes,
        scrape_service: settings.scrape_service,
        service_labels: settings.service_labels,
        gate,
    };
    let router = router(writes, &registry, &profiler, added);
    let (access, path_prefix, cors_origins) = (settings.access, settings.path_prefix, settings.cors_origins);
    if !address.ip().is_loopback() && (access.is_none() || acceptor.is_none()) {
        tracing::warn!(%address, "{}", open_words(access.is_some()));
    }
    let router = Doors { access, path_prefix, cors_origins }.before(router, address);
    if let Some(every) = settings.self_profile_every {
        let (job, instance) = (settings.self_profile_job, address.to_string());
        tokio::spawn(self_profiling::run(profiler, store.clone(), every, job, instance, stop.clone()));
    }
    if let Some(to) = settings.copy_to {
        tokio::spawn(copy::run(store.clone(), to, registry.clone(), stop.clone()));
    }
    let serving = match acceptor {
        None => tokio::spawn(ops::serve(listener, router, stop, GRACE)),
        Some(acceptor) => tokio::spawn(ops::serve_over(listener, router, stop, GRACE, move |stream| {
            let acceptor = acceptor.clone();
            async move { acceptor.accept(stream).await }
        })),
    };
    Ok(Server { address, store, serving })
}

/// What is said of an address that others reach.
fn open_words(has_access: bool) -> &'static str {
    match has_access {
        true => "whoever listens between sees tokens and profiles: without TLS they go as they are",
        false => "whoever reaches this address can read and write profiles: nobody is asked for a token",
    }
}

/// What a binary adds.
struct Added {
    routes: Router,
    scrape_service: Option<Router>,
    service_labels: Vec<String>,
    gate: Gate,
}

fn router(writes: Writes, registry: &Registry, profiler: &Profiler, added: Added) -> Router {
    let store = &writes.store;
    let mut of_api = pyroscope_api::Settings::default();
    of_api.service_labels = added.service_labels;
    let api = Api::new(StoreSource { store: store.clone(), gate: added.gate.clone() }, of_api);
    let sink = StoreSink { writes: writes.clone() };
    let pyroscope = api.grpc_routes().merge(push_grpc_routes(sink.clone()));
    let grpc = grpc_router(writes.clone(), added.gate.clone());
    let http = http_router(registry, profiler.clone(), store.clone())
        .merge(api.routes())
        .merge(push_routes(sink))
        .merge(rest::routes(QueryApi {
            store: writes.store.clone(),
            metrics: writes.metrics.clone(),
            gate: added.gate.clone(),
        }))
        .merge(otlp::routes(writes.clone(), MAX_MESSAGE_BYTES))
        .merge(added.routes);
    // As in the real server, the content type says which half of it a request is for.
    let dispatch = move |request: Request<Body>| {
        // The path must be right before a router sees it: a layer of the router would be too late.
        let (router, request) = if is_grpc(&request) {
            let request = as_the_real_server_reads(request);
            let path = request.uri().path();
            let is_pyroscope = path.starts_with("/querier.v1.") || path.starts_with("/push.v1.");
            let other = match () {
                () if is_pyroscope => Some(&pyroscope),
                () if path.starts_with("/parca.scrape.v1alpha1.") => added.scrape_service.as_ref(),
                () => None,
            };
            (other.unwrap_or(&grpc).clone(), request)
        } else {
            (http.clone(), request)
        };
        async move { router.oneshot(request).await.into_response() }
    };
    Router::new().fallback(dispatch)
}

fn is_grpc(request: &Request<Body>) -> bool {
    request
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"application/grpc"))
}

fn is_grpc_web(request: &Request<Body>) -> bool {
    let web = b"application/grpc-web";
    request.headers().get(header::CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(web))
}

fn http_router(registry: &Registry, profiler: Profiler, store: Store) -> Router {
    let profile = ops::profile_route(move |duration| {
        let profiler = profiler.clone();
        async move {
            let profile = profiler.take(duration).await.map_err(|error| error.to_string())?;
            Ok(profile_codec::pprof::encode_gzip(&profile))
        }
    });
    Router::new()
        .merge(registry.routes())
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(move || async move { ready(&store) }))
        .merge(profile)
        .fallback(|| async { (StatusCode::NOT_FOUND, "404 page not found\n") })
}

/// `/` where there is no page.
fn front() -> Router {
    let front = "parca-embedded: a Parca-compatible server. It has no page here.\n\
                 gRPC and gRPC-Web: parca.query.v1alpha1.QueryService and others (ask reflection)\n\
                 Connect, gRPC and gRPC-Web: querier.v1.QuerierService and push.v1.PusherService, as a Pyroscope\n\
                 /ingest  /pyroscope/render  /ready, as a Pyroscope\n\
                 /metrics  /healthz  /readyz  /debug/pprof/profile?seconds=10\n";
    Router::new().route("/", get(move || async move { front }))
}

/// Ready, or why it is not: a store that refuses writes answers questions, but is not all it should be.
fn ready(store: &Store) -> (StatusCode, String) {
    match store.problem() {
        None => (StatusCode::OK, "ready\n".to_owned()),
        Some(problem) => {
            (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: writes are refused: {problem}\n"))
        }
    }
}

/// Sets what every service shares; a macro because tonic has no trait for it.
macro_rules! service {
    ($server:ident, $api:expr) => {
        $server::new($api)
            .max_decoding_message_size(MAX_MESSAGE_BYTES)
            .max_encoding_message_size(MAX_MESSAGE_BYTES)
            .accept_compressed(CompressionEncoding::Gzip)
            .send_compressed(CompressionEncoding::Gzip)
    };
}

fn grpc_router(writes: Writes, gate: Gate) -> Router {
    let agents = Arc::new(Agents::default());
    let Writes { store, metrics } = writes.clone();
    let export = async |State(writes): State<Writes>, request: Request<Body>| {
        unary_grpc::answer(MAX_MESSAGE_BYTES, request, move |bytes| exported(writes.clone(), bytes)).await
    };
    let otlp = Router::new().route(EXPORT, post(export)).with_state(writes.clone());
    let profile_store = ProfileStoreApi { writes, agents: Arc::clone(&agents) };
    let (_, health) = tonic_health::server::health_reporter();
    let mut routes = Routes::builder();
    routes
        .add_service(service!(QueryServiceServer, QueryApi { store, metrics, gate }))
        .add_service(service!(ProfileStoreServiceServer, profile_store))
        .add_service(service!(AgentsServiceServer, AgentsApi { agents }))
        .add_service(service!(ScrapeServiceServer, ScrapeApi))
        .add_service(service!(DebuginfoServiceServer, DebuginfoApi))
        .add_service(health)
        .add_service(reflection().build_v1().expect("our own descriptors are whole"))
        .add_service(reflection().build_v1alpha().expect("our own descriptors are whole"));
    routes.routes().prepare().into_axum_router().merge(otlp).layer(GrpcWebLayer::new())
}

const EXPORT: &str = "/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export";

async fn exported(writes: Writes, bytes: Bytes) -> Result<Vec<u8>, Status> {
    let answer =
        async { otlp::export(&writes, bytes).await.map(Response::new).map_err(|error| error.status()) };
    let answer = writes.metrics.timed("Export", answer).await?;
    Ok(answer.into_inner().encode_to_vec())
}

fn reflection() -> tonic_reflection::server::Builder<'static> {
    tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(parca_proto::DESCRIPTORS)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
}

/// Under gRPC-Web only the last two segments of a path count (the UI asks under `/api/`), and an
/// answer is compressed only where the question was.
fn as_the_real_server_reads(mut request: Request<Body>) -> Request<Body> {
    if is_grpc_web(&request) {
        let path = request.uri().path();
        let method = path.rmatch_indices('/').nth(1).map(|(at, _)| path[at..].to_owned());
        if let Some(Ok(uri)) = method.map(|method| method.parse()) {
            *request.uri_mut() = uri;
        }
    }
    let asked_compressed = request.headers().get("grpc-encoding") == Some(&HeaderValue::from_static("gzip"));
    if !asked_compressed {
        request.headers_mut().remove("grpc-accept-encoding");
    }
    request
}
