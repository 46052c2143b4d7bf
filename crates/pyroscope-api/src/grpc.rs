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
) -> Result<http::Response<tonic::body::Body>, Infallible> {
    let limit = api.inner.settings.max_message_bytes;
    let service = Method { api, method };
    let mut grpc = Grpc::new(BytesCodec)
        .accept_compressed(CompressionEncoding::Gzip)
        .send_compressed(CompressionEncoding::Gzip)
        .max_decoding_message_size(limit)
        .max_encoding_message_size(usize::MAX);
    Ok(grpc.unary(service, request).await)
}

struct Method<S> {
    api: Api<S>,
    method: String,
}

impl<S: Source> UnaryService<Bytes> for Method<S> {
    type Response = Bytes;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Bytes>, Status>> + Send>>;

    fn call(&mut self, request: tonic::Request<Bytes>) -> Self::Future {
        let (api, method) = (self.api.clone(), self.method.clone());
        Box::pin(async move {
            let answer = api.call(&method, request.into_inner(), true).await;
            answer.map(|message| Response::new(message.into())).map_err(|error| status(&error))
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
