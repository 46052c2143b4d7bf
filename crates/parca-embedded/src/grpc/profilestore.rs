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
use profile_store::NewWrite;
use tokio_stream::Stream;
use tonic::{Request, Response, Status, Streaming};

use crate::agents::Agents;
use crate::ingest::{agent_batch, ingest};
use crate::writes::{NotStored, Writes, once};

/// `parca.profilestore.v1alpha1.ProfileStoreService`.
pub(crate) struct ProfileStoreApi {
    pub(crate) writes: Writes,
    pub(crate) agents: Arc<Agents>,
}

#[tonic::async_trait]
impl ProfileStoreService for ProfileStoreApi {
    async fn write_raw(
        &self,
        request: Request<WriteRawRequest>,
    ) -> Result<Response<WriteRawResponse>, Status> {
        let peer = peer(&request);
        let key = key(&request);
        let request = request.into_inner();
        let started = SystemTime::now();
        let node = node(&request);
        let work = self.writes.take("WriteRaw", move || checked(&request, &key));
        let answer = self.writes.metrics.timed("WriteRaw", answered(work, WriteRawResponse {})).await;
        self.agents.note(node.or(peer), started, &answer);
        answer
    }

    type WriteStream = Pin<Box<dyn Stream<Item = Result<WriteResponse, Status>> + Send>>;

    async fn write(
        &self,
        request: Request<Streaming<WriteRequest>>,
    ) -> Result<Response<Self::WriteStream>, Status> {
        let key = key(&request);
        let answers = super::exchange::answers(self.writes.clone(), request.into_inner(), key);
        Ok(Response::new(Box::pin(answers)))
    }

    async fn write_arrow(
        &self,
        request: Request<WriteArrowRequest>,
    ) -> Result<Response<WriteArrowResponse>, Status> {
        let peer = peer(&request);
        let key = key(&request);
        let ipc = request.into_inner().ipc_buffer;
        let started = SystemTime::now();
        let work = self.writes.take("WriteArrow", move || once(agent_batch(&ipc)?, &key, &[&ipc]));
        let answer = self.writes.metrics.timed("WriteArrow", answered(work, WriteArrowResponse {})).await;
        self.agents.note(peer, started, &answer);
        answer
    }
}

async fn answered<T>(
    work: impl Future<Output = Result<profile_store::Written, NotStored>>,
    answer: T,
) -> Result<Response<T>, Status> {
    work.await.map(|_| Response::new(answer)).map_err(|error| error.status())
}

fn checked(request: &WriteRawRequest, key: &[u8]) -> Result<NewWrite, NotStored> {
    Ok(NewWrite::new(ingest(request)?).with_key(&String::from_utf8_lossy(key))?)
}

fn peer<T>(request: &Request<T>) -> Option<String> {
    request.extensions().get::<Peer>().map(|peer| peer.0.ip().to_string())
}

/// The sender's name for the request, by which it is recognised when it comes again.
fn key<T>(request: &Request<T>) -> Vec<u8> {
    request.metadata().get("idempotency-key").map(|key| key.as_bytes().to_vec()).unwrap_or_default()
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
