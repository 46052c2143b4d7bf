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
use tokio_stream::Stream;
use tonic::{Request, Response, Status, Streaming};

use super::blocking;
use crate::agents::Agents;
use crate::ingest::ingest;
use crate::metrics::Metrics;
use crate::store::Store;

/// `parca.profilestore.v1alpha1.ProfileStoreService`.
pub(crate) struct ProfileStoreApi {
    pub(crate) store: Arc<Store>,
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
        let request = request.into_inner();
        let started = SystemTime::now();
        let node = node(&request);
        let store = Arc::clone(&self.store);
        let work = blocking(move || {
            store.append(&ingest(&request)?);
            Ok(WriteRawResponse {})
        });
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
