use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use tokio_rustls::TlsConnector;

use super::{Body, Tls};
use crate::settings::Target;
use crate::{Code, Error};

/// The most that headers or trailers of an HTTP/2 answer may take: Parca's error texts quote requests.
const MAX_HEADER_LIST_BYTES: u32 = 256 * 1024;

/// Opens connections to one server.
pub(crate) struct Connector {
    host: String,
    port: u16,
    tls: Option<Tls>,
}

/// The task that moves a connection's bytes. It ends with this handle.
pub(crate) struct Driver(AbortHandle);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Connector {
    pub(crate) fn new(target: &Target, tls: Option<Tls>) -> Self {
        Self { host: target.host.clone(), port: target.port, tls }
    }

    pub(crate) fn is_plain(&self) -> bool {
        self.tls.is_none()
    }

    pub(crate) async fn http1(&self) -> Result<(http1::SendRequest<Body>, Driver), Error> {
        let stream = self.tcp().await?;
        match &self.tls {
            None => http1(stream).await,
            Some(tls) => http1(handshake(tls, stream, false).await?).await,
        }
    }

    /// The last part is how many calls the server takes at a time, kept current by the connection's task.
    pub(crate) async fn http2(&self) -> Result<(http2::SendRequest<Body>, Driver, Arc<AtomicUsize>), Error> {
        let stream = self.tcp().await?;
        match &self.tls {
            None => http2(stream).await,
            Some(tls) => http2(handshake(tls, stream, true).await?).await,
        }
    }

    async fn tcp(&self) -> Result<TcpStream, Error> {
        let connected = TcpStream::connect((self.host.as_str(), self.port)).await;
        let stream = connected.map_err(|error| unreachable(&self.host, self.port, error))?;
        // Small requests wait for nothing.
        stream.set_nodelay(true).map_err(|error| unreachable(&self.host, self.port, error))?;
        Ok(stream)
    }
}

fn unreachable(host: &str, port: u16, error: io::Error) -> Error {
    let hint = match error.kind() {
        io::ErrorKind::ConnectionRefused => {
            "nothing listens there: is Parca running, and is this its address and port?"
        }
        io::ErrorKind::TimedOut | io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            "no way to that host: check the address, the route and the firewall"
        }
        _ => "check the host name and the port",
    };
    // An IPv6 address has colons of its own.
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    Error::new(Code::Unavailable, format!("no connection to `{host}:{port}`: {error}"))
        .with_source(error)
        .with_hint(hint)
}

async fn handshake(
    tls: &Tls,
    stream: TcpStream,
    wants_http2: bool,
) -> Result<tokio_rustls::client::TlsStream<TcpStream>, Error> {
    let connector = TlsConnector::from(tls.config());
    let connected = connector.connect(ServerName::clone(&tls.server_name), stream).await;
    let stream = connected.map_err(tls_failed)?;
    let spoken = stream.get_ref().1.alpn_protocol();
    if wants_http2 && spoken != Some(b"h2") {
        return Err(Error::new(
            Code::Unavailable,
            "expected HTTP/2 from the TLS handshake, found another protocol",
        )
        .with_hint("a proxy in between speaks only HTTP/1.1: use gRPC-Web over HTTP/1.1"));
    }
    Ok(stream)
}

fn tls_failed(error: io::Error) -> Error {
    let hint = match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidMessage(_)) => Some("the server does not speak TLS there: use http://"),
        Some(rustls::Error::InvalidCertificate(_)) => {
            Some("set the file of the authority that signed the server's certificate, or the name it holds")
        }
        Some(rustls::Error::AlertReceived(rustls::AlertDescription::NoApplicationProtocol)) => {
            Some("the server does not offer this HTTP version: try gRPC-Web over HTTP/1.1")
        }
        _ => None,
    };
    let failed =
        Error::new(Code::Unavailable, format!("the TLS handshake failed: {error}")).with_source(error);
    match hint {
        Some(hint) => failed.with_hint(hint),
        None => failed,
    }
}

async fn http1<T>(stream: T) -> Result<(http1::SendRequest<Body>, Driver), Error>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let handshake = http1::Builder::new().handshake(TokioIo::new(stream)).await;
    let (sender, connection) = handshake.map_err(refused)?;
    let task = tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "connection ended");
        }
    });
    Ok((sender, Driver(task.abort_handle())))
}

async fn http2<T>(stream: T) -> Result<(http2::SendRequest<Body>, Driver, Arc<AtomicUsize>), Error>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let handshake = http2::Builder::new(TokioExecutor::new())
        .max_header_list_size(MAX_HEADER_LIST_BYTES)
        .handshake(TokioIo::new(stream))
        .await;
    let (sender, mut connection) = handshake.map_err(refused)?;
    let streams = Arc::new(AtomicUsize::new(connection.current_max_send_streams()));
    let known = Arc::clone(&streams);
    let task = tokio::spawn(async move {
        let driven = poll_fn(|context| {
            let polled = Future::poll(Pin::new(&mut connection), context);
            known.store(connection.current_max_send_streams(), Ordering::Relaxed);
            polled
        });
        if let Err(error) = driven.await {
            tracing::debug!(%error, "connection ended");
        }
    });
    Ok((sender, Driver(task.abort_handle()), streams))
}

fn refused(error: hyper::Error) -> Error {
    Error::new(Code::Unavailable, "the server broke the connection off at once").with_source(error)
}
