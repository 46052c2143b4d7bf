//! The same methods by gRPC and gRPC-Web.

use std::convert::Infallible;
use std::pin::Pin;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::routing::post;
use bytes::{Buf, BufMut, Bytes};
use http::Request;
use tonic::codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::server::{Grpc, UnaryService};
use tonic::{Response, Status};
use tonic_web::GrpcWebLayer;

use crate::{Api, ApiError, Source};

pub(crate) fn routes<S: Source>(api: Api<S>) -> Router {
    Router::new()
        .route("/querier.v1.QuerierService/{method}", post(answer::<S>))
        .with_state(api)
        .layer(GrpcWebLayer::new())
}

async fn answer<S: Source>(
    State(api): State<Api<S>>,
    Path(method): Path<String>,
    request: Request<Body>,
) -> Answer {
    let limit = api.inner.settings.max_message_bytes;
    unary(limit, request, move |bytes| {
        let (api, method) = (api.clone(), method.clone());
        async move { api.call(&method, bytes, true).await }
    })
    .await
}

/// An answer of gRPC's, which is never an error of HTTP's.
pub(crate) type Answer = Result<http::Response<tonic::body::Body>, Infallible>;

/// One call of one message, by what makes its answer.
pub(crate) async fn unary<F, Fut>(limit: usize, request: Request<Body>, call: F) -> Answer
where
    F: FnMut(Bytes) -> Fut,
    Fut: Future<Output = Result<Vec<u8>, ApiError>> + Send + 'static,
{
    let mut grpc = Grpc::new(BytesCodec)
        .accept_compressed(CompressionEncoding::Gzip)
        .send_compressed(CompressionEncoding::Gzip)
        .max_decoding_message_size(limit)
        .max_encoding_message_size(usize::MAX);
    Ok(grpc.unary(Method(call), request).await)
}

struct Method<F>(F);

impl<F, Fut> UnaryService<Bytes> for Method<F>
where
    F: FnMut(Bytes) -> Fut,
    Fut: Future<Output = Result<Vec<u8>, ApiError>> + Send + 'static,
{
    type Response = Bytes;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Bytes>, Status>> + Send>>;

    fn call(&mut self, request: tonic::Request<Bytes>) -> Self::Future {
        let answer = (self.0)(request.into_inner());
        Box::pin(async move {
            answer.await.map(|message| Response::new(message.into())).map_err(|error| status(&error))
        })
    }
}

fn status(error: &ApiError) -> Status {
    Status::new(tonic::Code::from(error.code.number()), error.message.clone())
}

/// Messages as they are on the wire: the methods read and write them.
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
