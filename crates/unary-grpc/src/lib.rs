//! gRPC methods of one message each way for those who read and write messages themselves: whose messages have a JSON
//! form of equal rank, or have to be looked at before they are decoded.
//!
//! ```
//! use axum::{Router, body::Body, routing::post};
//! use http::Request;
//!
//! let echo = async |request: Request<Body>| {
//!     unary_grpc::answer(64 << 20, request, |message| async move { Ok(message.to_vec()) }).await
//! };
//! let routes: Router = Router::new().route("/package.Service/Method", post(echo));
//! ```
//!
//! [`bounded`] keeps the messages of any service within a size, before and after they are decompressed.
//!
//! What it does not know: what messages mean, gRPC-Web (a layer of `tonic-web` around the route does that).

mod messages;

use std::convert::Infallible;
use std::pin::Pin;

use axum::body::Body;
use bytes::{Buf, BufMut, Bytes};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Request};
use tonic::codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::server::{Grpc, UnaryService};
use tonic::{Response, Status};

pub use messages::bounded;

/// An answer of gRPC's, which is never an error of HTTP's.
pub type Answer = Result<http::Response<tonic::body::Body>, Infallible>;

/// Whether a request or an answer is one of gRPC or gRPC-Web: by its content type, as Parca's own server tells them from
/// plain HTTP on one port.
pub fn is_grpc(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc"))
}

/// Answers one request with a message of at most `limit` bytes by what makes its answer. Messages may be compressed
/// with gzip.
pub async fn answer<F, Fut>(limit: usize, request: Request<Body>, call: F) -> Answer
where
    F: FnMut(Bytes) -> Fut,
    Fut: Future<Output = Result<Vec<u8>, Status>> + Send + 'static,
{
    let mut grpc = Grpc::new(BytesCodec)
        .accept_compressed(CompressionEncoding::Gzip)
        .send_compressed(CompressionEncoding::Gzip)
        .max_decoding_message_size(limit)
        .max_encoding_message_size(usize::MAX);
    Ok(grpc.unary(Method(call), bounded(request, limit)).await)
}

struct Method<F>(F);

impl<F, Fut> UnaryService<Bytes> for Method<F>
where
    F: FnMut(Bytes) -> Fut,
    Fut: Future<Output = Result<Vec<u8>, Status>> + Send + 'static,
{
    type Response = Bytes;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Bytes>, Status>> + Send>>;

    fn call(&mut self, request: tonic::Request<Bytes>) -> Self::Future {
        let answer = (self.0)(request.into_inner());
        Box::pin(async move { answer.await.map(|message| Response::new(message.into())) })
    }
}

/// Messages as they are on the wire.
struct BytesCodec;

impl Codec for BytesCodec {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for BytesCodec {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.put(item);
        Ok(())
    }
}

impl Decoder for BytesCodec {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }
}
