//! Servers whose every byte a test chooses.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, Request, Response};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// One step of an answer's body.
pub(crate) enum Step {
    Data(Bytes),
    Trailers(HeaderMap),
    /// Never goes on.
    Hang,
    /// Breaks the connection or the stream.
    Break,
}

pub(crate) struct Script(VecDeque<Step>);

impl Body for Script {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        // Each step in a poll of its own, so that each becomes a chunk.
        match self.0.pop_front() {
            None => Poll::Ready(None),
            Some(Step::Data(data)) => Poll::Ready(Some(Ok(Frame::data(data)))),
            Some(Step::Trailers(trailers)) => Poll::Ready(Some(Ok(Frame::trailers(trailers)))),
            Some(Step::Break) => Poll::Ready(Some(Err("broken on purpose"))),
            Some(Step::Hang) => {
                self.0.push_front(Step::Hang);
                Poll::Pending
            }
        }
    }
}

pub(crate) type Answer = Response<Script>;

pub(crate) fn answer(status: u16, headers: &[(&'static str, &str)], steps: Vec<Step>) -> Answer {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(Script(steps.into())).unwrap()
}

pub(crate) fn data(bytes: impl Into<Bytes>) -> Step {
    Step::Data(bytes.into())
}

pub(crate) fn frame(flags: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = BytesMut::new();
    frame.put_u8(flags);
    frame.put_u32(payload.len() as u32);
    frame.put_slice(payload);
    frame.to_vec()
}

pub(crate) fn trailers(pairs: &[(&'static str, &str)]) -> Step {
    Step::Trailers(
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect(),
    )
}

/// A request as the server saw it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) head: http::request::Parts,
    pub(crate) body: Bytes,
}

/// A server on a free port of this machine.
pub(crate) struct Fake {
    pub(crate) url: String,
    pub(crate) seen: Arc<Mutex<Vec<Seen>>>,
    pub(crate) connections: Arc<AtomicUsize>,
}

impl Fake {
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn last(&self) -> Seen {
        self.seen.lock().unwrap().last().unwrap().clone()
    }
}

/// HTTP/1.1 and HTTP/2 on one port, answering what the function says.
pub(crate) async fn server<H>(handle: H) -> Fake
where
    H: Fn(&Seen) -> Answer + Send + Sync + 'static,
{
    with_streams(250, handle).await
}

/// As [`server`], with a limit of concurrent HTTP/2 streams.
pub(crate) async fn with_streams<H>(streams: u32, handle: H) -> Fake
where
    H: Fn(&Seen) -> Answer + Send + Sync + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let fake = Fake {
        url: format!("http://{}", listener.local_addr().unwrap()),
        seen: Arc::default(),
        connections: Arc::default(),
    };
    let (seen, connections, handle) = (fake.seen.clone(), fake.connections.clone(), Arc::new(handle));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            connections.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(serve(stream, streams, seen.clone(), handle.clone()));
        }
    });
    fake
}

pub(crate) async fn serve<H, T>(stream: T, streams: u32, seen: Arc<Mutex<Vec<Seen>>>, handle: Arc<H>)
where
    H: Fn(&Seen) -> Answer + Send + Sync + 'static,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let (seen, handle) = (seen.clone(), handle.clone());
        async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
            let request = Seen { head, body };
            seen.lock().unwrap().push(request.clone());
            Ok::<_, Infallible>(handle(&request))
        }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http2().max_concurrent_streams(streams);
    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
}

/// An HTTP/1.1 server that knows only what the function does with each connection.
pub(crate) async fn raw<F, R>(each: F) -> Fake
where
    F: Fn(TcpStream, usize) -> R + Send + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let fake = Fake {
        url: format!("http://{}", listener.local_addr().unwrap()),
        seen: Arc::default(),
        connections: Arc::default(),
    };
    let connections = fake.connections.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(each(stream, connections.fetch_add(1, Ordering::SeqCst)));
        }
    });
    fake
}

/// Reads one HTTP/1.1 request; nothing if the peer closed instead.
pub(crate) async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let byte = stream.read_u8().await.ok()?;
        bytes.push(byte);
        if bytes.ends_with(b"\r\n\r\n") {
            break;
        }
    }
    let head = String::from_utf8(bytes).unwrap().to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.trim().parse().unwrap())];
    stream.read_exact(&mut body).await.ok()?;
    Some(head)
}

/// A whole gRPC-Web answer of HTTP/1.1 with an empty message.
pub(crate) async fn write_ok(stream: &mut TcpStream) {
    let mut body = frame(0, b"");
    body.extend(frame(0x80, b"grpc-status: 0\r\n"));
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/grpc-web+proto\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&body).await.unwrap();
}
