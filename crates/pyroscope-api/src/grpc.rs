//! The methods by gRPC and gRPC-Web.

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::routing::post;
use http::Request;
use tonic::Status;
use tonic_web::GrpcWebLayer;
use unary_grpc::Answer;

use crate::{Api, ApiError, Source, methods};

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
    unary_grpc::answer(limit, request, move |bytes| {
        let (api, method) = (api.clone(), method.clone());
        async move { methods::call(&api, &method, bytes, true).await.map_err(|error| status(&error)) }
    })
    .await
}

pub(crate) fn status(error: &ApiError) -> Status {
    Status::new(tonic::Code::from(error.code.number()), error.message.clone())
}
