use std::pin::Pin;
use std::sync::Arc;
use std::time::SystemTime;

use ops::Peer;
use parca_proto::profilestore::agents_service_server::AgentsService;
use parca_proto::profilestore::profile_store_service_server::ProfileStoreService;
use parca_proto::profilestore::{
    AgentsRequest, AgentsResponse, WriteArrowRequest, WriteArrowResponse, WriteRawRequest, WriteRawResponse,
    WriteRequest, WriteResponse,
};
use profile_store::{Invalid, NewWrite, Refused, Store};
use tokio_stream::Stream;
use tonic::{Request, Response, Status, Streaming};

use crate::agents::Agents;
use crate::ingest::{ingest, invalid, refused};
use crate::metrics::Metrics;

/// `parca.profilestore.v1alpha1.ProfileStoreService`.
pub(crate) struct ProfileStoreApi {
    pub(crate) store: Store,
    pub(crate) agents: Arc<Agents>,
    pub(crate) metrics: Metrics,
}

#[tonic::async_trait]
impl ProfileStoreService for ProfileStoreApi {
    async fn write_raw(
        &self,
        request: Request<WriteRawRequest>,
    ) -> Result<Response<WriteRawResponse>, Status> {
        let peer = request.extensions().get::<Peer>().map(|peer| peer.0.ip().to_string());
        let key = request.metadata().get("idempotency-key").map(|key| key.as_bytes().to_vec());
        let request = request.into_inner();
        let started = SystemTime::now();
        let node = node(&request);
        let work = self.write(request, key.unwrap_or_default());
        let answer = self.metrics.timed("WriteRaw", work).await;
        if let Some(id) = node.or(peer) {
            let error = answer
                .as_ref()
                .err()
                .map(|status| format!("rpc error: code = {:?} desc = {}", status.code(), status.message()));
            self.agents.note(id, started, started.elapsed().unwrap_or_default(), error.unwrap_or_default());
        }
        answer
    }

    type WriteStream = Pin<Box<dyn Stream<Item = Result<WriteResponse, Status>> + Send>>;

    async fn write(
        &self,
        _request: Request<Streaming<WriteRequest>>,
    ) -> Result<Response<Self::WriteStream>, Status> {
        Err(Status::unimplemented("Write is not served yet by parca-embedded: use WriteRaw"))
    }

    async fn write_arrow(
        &self,
        _request: Request<WriteArrowRequest>,
    ) -> Result<Response<WriteArrowResponse>, Status> {
        Err(Status::unimplemented("WriteArrow is not served yet by parca-embedded: use WriteRaw"))
    }
}

/// Why a write was not stored: what was sent, or how the store does.
#[derive(Debug, thiserror::Error)]
enum NotStored {
    #[error(transparent)]
    Invalid(#[from] Invalid),
    #[error(transparent)]
    Refused(#[from] Refused),
}

impl NotStored {
    fn reason(&self) -> &'static str {
        match self {
            Self::Invalid(error) => error.reason(),
            Self::Refused(error) => error.reason(),
        }
    }

    fn status(&self) -> Status {
        match self {
            Self::Invalid(error) => invalid(error),
            Self::Refused(error) => refused(error),
        }
    }
}

impl ProfileStoreApi {
    /// Checks a request on a thread for blocking work, and waits for the disk without one.
    async fn write(
        &self,
        request: WriteRawRequest,
        key: Vec<u8>,
    ) -> Result<Response<WriteRawResponse>, Status> {
        let (done, outcome) = tokio::sync::oneshot::channel();
        let store = self.store.clone();
        tokio::task::spawn_blocking(move || match checked(&request, &key) {
            Ok(write) => {
                store.submit(write, move |written| drop(done.send(written.map_err(NotStored::from))))
            }
            Err(error) => drop(done.send(Err(error))),
        });
        let Ok(outcome) = outcome.await else {
            return Err(Status::internal("the request was given up"));
        };
        outcome.map(|_| Response::new(WriteRawResponse {})).map_err(|error| {
            self.metrics.refused("WriteRaw", error.reason(), &error);
            error.status()
        })
    }
}

fn checked(request: &WriteRawRequest, key: &[u8]) -> Result<NewWrite, NotStored> {
    Ok(NewWrite::new(ingest(request)?).with_key(&String::from_utf8_lossy(key))?)
}

/// Agents name their node in a label.
fn node(request: &WriteRawRequest) -> Option<String> {
    let labels =
        request.series.iter().filter_map(|series| series.labels.as_ref()).flat_map(|set| &set.labels);
    labels.into_iter().find(|label| label.name == "node").map(|label| label.value.clone())
}

/// `parca.profilestore.v1alpha1.AgentsService`.
pub(crate) struct AgentsApi {
    pub(crate) agents: Arc<Agents>,
}

#[tonic::async_trait]
impl AgentsService for AgentsApi {
    async fn agents(&self, _request: Request<AgentsRequest>) -> Result<Response<AgentsResponse>, Status> {
        Ok(Response::new(self.agents.list()))
    }
}
