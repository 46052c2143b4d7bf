//! A server that costs little: answers every gRPC and gRPC-Web call with an empty message.
//!
//! `canned_server [ADDRESS]` listens there (default `127.0.0.1:0`) on one thread, HTTP/1.1 and
//! HTTP/2 on one port, and says where on stdout. For measuring clients, ours and others'.

#![allow(clippy::print_stdout, missing_docs)]

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};

const EMPTY_MESSAGE: &[u8] = &[0; 5];
const EMPTY_MESSAGE_AND_TRAILERS: &[u8] = b"\0\0\0\0\0\x80\0\0\0\x10grpc-status: 0\r\n";

/// What is left of an answer.
enum Canned {
    Web,
    Message,
    Trailers,
    Nothing,
}

impl Body for Canned {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let (next, frame) = match *self {
            Self::Web => (Self::Nothing, Frame::data(Bytes::from_static(EMPTY_MESSAGE_AND_TRAILERS))),
            Self::Message => (Self::Trailers, Frame::data(Bytes::from_static(EMPTY_MESSAGE))),
            Self::Trailers => (Self::Nothing, Frame::trailers(ok())),
            Self::Nothing => return Poll::Ready(None),
        };
        *self = next;
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Nothing)
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Web => SizeHint::with_exact(EMPTY_MESSAGE_AND_TRAILERS.len() as u64),
            _ => SizeHint::default(),
        }
    }
}

fn ok() -> HeaderMap {
    let mut trailers = HeaderMap::with_capacity(1);
    trailers.insert(HeaderName::from_static("grpc-status"), HeaderValue::from_static("0"));
    trailers
}

async fn answer(request: Request<Incoming>) -> Result<Response<Canned>, Infallible> {
    let (head, mut body) = request.into_parts();
    while let Some(Ok(_)) = body.frame().await {}
    let asked = head.headers.get(CONTENT_TYPE).map_or(&[][..], |value| value.as_bytes());
    let (body, content_type) = if asked.starts_with(b"application/grpc-web") {
        (Canned::Web, "application/grpc-web+proto")
    } else {
        (Canned::Message, "application/grpc")
    };
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    Ok(response)
}

async fn serve(stream: TcpStream) {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http2().max_concurrent_streams(250);
    // A client that goes away is no matter of ours.
    let _ = builder.serve_connection(TokioIo::new(stream), service_fn(answer)).await;
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let listener = TcpListener::bind(&address).await?;
    println!("listening on {}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(serve(stream));
    }
}
