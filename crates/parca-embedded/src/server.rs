//! The one port: gRPC, gRPC-Web, and plain HTTP for people and scrapers.

use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use http::StatusCode;
use ops::metrics::Registry;
use ops::{ServeError, ServeOptions};
use profile_store::{Stats, Store};
use self_profile::Profiler;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::access::Access;
#[cfg(feature = "disk")]
use crate::copy::{self, CopyTo};
use crate::doors::{CorsOrigin, Doors, PathPrefix};
use crate::faces::Faces;
use crate::inner::{self, PageTarget};
use crate::limits::{Gate, QueryLimits};
use crate::metrics::Metrics;
use crate::self_profiling;
use crate::stores::{Stores, TenantStores};
use crate::tenants::Tenants;
use crate::tls::{Acceptor, ServerTls, TlsError};
use crate::writes::Writes;

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
    #[cfg(feature = "disk")]
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
    pub path_prefix: PathPrefix,
    /// Origins of pages that may call from a browser; none by default.
    pub cors_origins: Vec<CorsOrigin>,
    #[cfg(feature = "apis")]
    /// Bytes that samples of spans may take, apart from the store and for each tenant; beyond it the oldest are dropped, and 0
    /// keeps none. Default 64 MiB.
    pub span_memory_bytes: usize,
    #[cfg(feature = "apis")]
    /// Labels that a `service_name` for clients of Pyroscope is taken from, in this order.
    pub service_labels: Vec<String>,
    /// How many questions are answered at once, and for how long.
    pub query_limits: QueryLimits,
    /// How long a client may take for the head of a request, be silent in the middle of a body, or take nothing of an
    /// answer. Default 30 s.
    pub slow_client_timeout: Duration,
    /// Bytes of requests that may be read at once, all of them together. Default 256 MiB.
    pub request_memory: usize,
    /// Makes the stores of tenants that [`access`](Self::access) names; by default in memory, each of the size above.
    pub tenant_stores: Option<TenantStores>,
    /// Whose CPU is profiled; one for the whole process, if the process has one already.
    pub profiler: Option<Profiler>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            memory_limit_bytes: 512 << 20,
            self_profile_every: Some(Duration::from_secs(10)),
            self_profile_job: "parca-embedded".to_owned(),
            #[cfg(feature = "disk")]
            copy_to: None,
            routes: None,
            page: None,
            scrape_service: None,
            access: None,
            tls: None,
            path_prefix: PathPrefix::default(),
            cors_origins: Vec::new(),
            #[cfg(feature = "apis")]
            span_memory_bytes: 64 << 20,
            #[cfg(feature = "apis")]
            service_labels: pyroscope_api::Settings::default().service_labels,
            query_limits: QueryLimits::default(),
            slow_client_timeout: ServeOptions::default().patience,
            request_memory: ServeOptions::default().request_bytes,
            tenant_stores: None,
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

/// A server that is being started. Boxed: the body of an asynchronous function is compiled by every crate that awaits it.
pub type Starting<'a> = Pin<Box<dyn Future<Output = Result<Server, StartError>> + Send + 'a>>;

/// A running server.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stores: Stores,
    serving: JoinHandle<()>,
}

impl Server {
    /// Where it listens; the port is a real one even if 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What is stored now.
    pub fn stats(&self) -> Stats {
        self.stores.own.stats()
    }

    /// Resolves once the server has stopped, after its token was cancelled, and the stores of tenants are closed.
    pub async fn finished(self) {
        if let Err(error) = self.serving.await {
            tracing::error!(%error, "the server ended badly");
        }
        if let Err(error) = tokio::task::spawn_blocking(move || self.stores.close()).await {
            tracing::error!(%error, "the stores of tenants were closed badly");
        }
    }
}

/// Listens on `address` (`host:port`; port 0 takes a free one) and serves a store in memory until `stop`.
///
/// # Errors
/// The address cannot be listened on, or TLS cannot be served.
pub fn start(address: &str, settings: Settings, stop: CancellationToken) -> Starting<'_> {
    let store = Store::in_memory(settings.memory_limit_bytes);
    start_on(store, address, settings, stop)
}

/// Listens and serves a store of the caller's, such as one on disk. It is the caller's to close.
///
/// # Errors
/// The address cannot be listened on, or TLS cannot be served.
pub fn start_on(store: Store, address: &str, settings: Settings, stop: CancellationToken) -> Starting<'_> {
    Box::pin(listen(store, address, settings, stop))
}

async fn listen(
    store: Store,
    address: &str,
    settings: Settings,
    stop: CancellationToken,
) -> Result<Server, StartError> {
    let guards = Guards::of(&settings);
    let acceptor = settings.tls.map(Acceptor::new).transpose()?;
    let listener = ops::bind(address).await?;
    let address =
        listener.local_addr().map_err(|source| ServeError::Bind { address: address.to_owned(), source })?;
    let registry = Registry::new();
    let profiler = settings.profiler.unwrap_or_else(|| Profiler::start_when_busy(99));
    let stores = Stores::new(store.clone());
    let metrics = Metrics::new(&registry, &stores);
    let writes = Writes::new(store.clone(), metrics);
    let faces = Faces {
        writes,
        gate: Gate::new(settings.query_limits),
        #[cfg(feature = "apis")]
        service_labels: settings.service_labels,
        #[cfg(feature = "apis")]
        spans: crate::pyroscope::Spans::new(settings.span_memory_bytes),
    };
    let is_guarded = settings.access.is_some() || acceptor.is_some();
    let page = match settings.page {
        None => front(),
        Some(page) if is_guarded => page(inner::open(faces.grpc(), stop.clone()).await?),
        Some(page) => page(PageTarget { address, token: None }),
    };
    let routes = page.merge(settings.routes.unwrap_or_default());
    let http = http_router(&registry, profiler.clone(), stores.clone()).merge(routes);
    let own = faces.routes(http, settings.scrape_service);
    let new_store =
        settings.tenant_stores.unwrap_or_else(|| TenantStores::in_memory(settings.memory_limit_bytes));
    let router = Tenants::new(faces, new_store, stores.clone()).before(own);
    let (access, path_prefix, cors_origins) = (settings.access, settings.path_prefix, settings.cors_origins);
    if let Some(words) = guards.missing().filter(|_| !address.ip().is_loopback()) {
        tracing::warn!(%address, "{words}");
    }
    let router = Doors { access, path_prefix, cors_origins }.before(router, address);
    if let Some(every) = settings.self_profile_every {
        let (job, instance) = (settings.self_profile_job, address.to_string());
        tokio::spawn(self_profiling::run(profiler, store.clone(), every, job, instance, stop.clone()));
    }
    #[cfg(feature = "disk")]
    if let Some(to) = settings.copy_to {
        tokio::spawn(copy::run(store.clone(), to, registry.clone(), stop.clone()));
    }
    let mut options = ServeOptions::with_grace(GRACE);
    options.patience = settings.slow_client_timeout;
    options.request_bytes = settings.request_memory;
    let serving = match acceptor {
        None => tokio::spawn(ops::serve(listener, router, stop, options)),
        Some(acceptor) => tokio::spawn(ops::serve_over(listener, router, stop, options, move |stream| {
            let acceptor = acceptor.clone();
            async move { acceptor.accept(stream).await }
        })),
    };
    Ok(Server { address, stores, serving })
}

/// What keeps strangers out.
#[derive(Clone, Copy, Debug)]
struct Guards {
    tokens: bool,
    tls: bool,
    client_certificates: bool,
}

impl Guards {
    fn of(settings: &Settings) -> Self {
        let tls = settings.tls.as_ref();
        Self {
            tokens: settings.access.is_some(),
            tls: tls.is_some(),
            client_certificates: tls.is_some_and(|tls| tls.client_ca.is_some()),
        }
    }

    /// What is said of an address that others reach.
    fn missing(self) -> Option<&'static str> {
        match (self.tokens || self.client_certificates, self.tls) {
            (false, _) => Some(
                "whoever reaches this address can read and write profiles: nobody is asked for a token or a certificate",
            ),
            (true, false) => {
                Some("whoever listens between sees tokens and profiles: without TLS they go as they are")
            }
            (true, true) => None,
        }
    }
}

fn http_router(registry: &Registry, profiler: Profiler, stores: Stores) -> Router {
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
        .route("/readyz", get(move || async move { ready(&stores) }))
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
fn ready(stores: &Stores) -> (StatusCode, String) {
    // Names of tenants are not for everybody.
    let problem = |(tenant, store): (Option<String>, Store)| {
        store.problem().map(|words| if tenant.is_some() { format!("of a tenant: {words}") } else { words })
    };
    match stores.all().into_iter().find_map(problem) {
        None => (StatusCode::OK, "ready\n".to_owned()),
        Some(problem) => {
            (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: writes are refused: {problem}\n"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_not_asked_for_anything_is_said() {
        let check = |tokens, tls, client_certificates, expect: Option<&str>| {
            let missing = Guards { tokens, tls, client_certificates }.missing();
            assert_eq!(missing.and_then(|words| words.split(':').next()), expect);
        };
        let everybody = Some("whoever reaches this address can read and write profiles");
        check(false, false, false, everybody);
        check(false, true, false, everybody);
        check(true, false, false, Some("whoever listens between sees tokens and profiles"));
        check(true, true, false, None);
        check(false, true, true, None);
        check(true, true, true, None);
    }
}
