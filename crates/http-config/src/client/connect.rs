//! From a URL to a connection: direct or through a proxy, plain or over TLS.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use std::{fmt, io};

use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::{
    DefaultServerNameResolver, FixedServerNameResolver, HttpsConnector, MaybeHttpsStream, ResolveServerName,
};
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tower_service::Service;

use super::proxies::{Kind, Proxies, Proxy};

type BoxError = Box<dyn std::error::Error + Send + Sync>;
type Connecting = Pin<Box<dyn Future<Output = Result<Stream, BoxError>> + Send>>;
type Resolver = Arc<dyn ResolveServerName + Send + Sync>;

/// Name look-up, TCP, proxy and TLS together; Go allows 30 s for TCP and 10 s for TLS. It bounds
/// connections whose request has already given up.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(40);

#[derive(Clone)]
pub(super) struct Connector {
    tcp: HttpConnector,
    tls: Arc<ClientConfig>,
    tls_to_proxy: Arc<ClientConfig>,
    server_name: Resolver,
    proxies: Arc<Proxies>,
}

impl Connector {
    pub(super) fn new(
        mut tls: ClientConfig,
        server_name: Option<ServerName<'static>>,
        proxies: Arc<Proxies>,
        http2: bool,
    ) -> Self {
        let tls_to_proxy = Arc::new(tls.clone());
        if http2 {
            tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        }
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        let server_name: Resolver = match server_name {
            Some(name) => Arc::new(FixedServerNameResolver::new(name)),
            None => Arc::new(DefaultServerNameResolver::default()),
        };
        Self { tcp, tls: Arc::new(tls), tls_to_proxy, server_name, proxies }
    }

    async fn connect(self, uri: Uri) -> Result<Stream, BoxError> {
        let Some(proxy) = self.proxies.choose(&uri) else {
            return self.through(self.tcp.clone(), uri).await;
        };
        match proxy.kind {
            Kind::Socks => {
                let socks = SocksV5::new(proxy.uri.clone(), self.tcp.clone());
                let socks = match proxy.credentials() {
                    Some((user, password)) => socks.with_auth(user, password),
                    None => socks,
                };
                self.through(socks, uri).await
            }
            Kind::Http if uri.scheme_str() == Some("https") => {
                let headers = self.proxies.connect_headers(proxy);
                let tunnel = Tunnel::new(proxy.uri.clone(), self.to_proxy()).with_headers(headers);
                self.through(tunnel, uri).await
            }
            Kind::Http => self.forwarded(proxy).await,
        }
    }

    /// TLS, if the URL wants it, over whatever `inner` connects.
    async fn through<C>(&self, inner: C, uri: Uri) -> Result<Stream, BoxError>
    where
        C: Service<Uri> + Send,
        C::Response: Connection + Read + Write + Send + Unpin + 'static,
        C::Future: Send + 'static,
        C::Error: Into<BoxError>,
    {
        let mut connector = HttpsConnector::new(inner, self.tls.clone(), false, self.server_name.clone());
        poll_fn(|cx| connector.poll_ready(cx)).await?;
        Ok(Stream { io: Box::new(connector.call(uri).await?), forwarded: false })
    }

    /// A connection to a proxy that passes plain requests on.
    async fn forwarded(&self, proxy: &Proxy) -> Result<Stream, BoxError> {
        let mut connector = self.to_proxy();
        poll_fn(|cx| connector.poll_ready(cx)).await?;
        let io: MaybeHttpsStream<_> = connector.call(proxy.uri.clone()).await?;
        Ok(Stream { io: Box::new(io), forwarded: true })
    }

    fn to_proxy(&self) -> HttpsConnector<HttpConnector> {
        let names = Arc::new(DefaultServerNameResolver::default());
        HttpsConnector::new(self.tcp.clone(), self.tls_to_proxy.clone(), false, names)
    }
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = BoxError;
    type Future = Connecting;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Connecting {
        let connecting = self.clone().connect(uri);
        Box::pin(async move {
            match tokio::time::timeout(CONNECT_TIMEOUT, connecting).await {
                Ok(outcome) => outcome,
                Err(_) => Err(io::Error::from(io::ErrorKind::TimedOut).into()),
            }
        })
    }
}

/// A connection of any kind.
pub(super) struct Stream {
    io: Box<dyn Io>,
    /// Whether a proxy reads the requests, which then name the whole URL.
    forwarded: bool,
}

trait Io: Connection + Read + Write + Send + Unpin {}

impl<T: Connection + Read + Write + Send + Unpin> Io for T {}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream").field("forwarded", &self.forwarded).finish_non_exhaustive()
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        self.io.connected().proxy(self.forwarded)
    }
}

impl Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.io).poll_read(cx, buf)
    }
}

impl Write for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.io).poll_shutdown(cx)
    }
}
