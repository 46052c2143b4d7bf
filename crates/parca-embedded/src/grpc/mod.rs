//! The gRPC services: from the wire to a function over the store, and back.

mod debuginfo;
mod exchange;
mod profilestore;
mod query;
mod scrape;

pub(crate) use debuginfo::DebuginfoApi;
pub(crate) use profilestore::{AgentsApi, ProfileStoreApi};
pub(crate) use query::QueryApi;
pub(crate) use scrape::ScrapeApi;

use tonic::Status;

/// Runs work that may take milliseconds of CPU apart from the threads that serve connections.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Status> + Send + 'static,
) -> Result<tonic::Response<T>, Status> {
    match tokio::task::spawn_blocking(work).await {
        Ok(answer) => answer.map(tonic::Response::new),
        Err(error) => Err(Status::internal(format!("the request was given up: {error}"))),
    }
}
