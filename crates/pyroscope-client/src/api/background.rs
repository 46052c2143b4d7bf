//! Queries that the server runs on its own while we ask how far it is (experimental there).

use std::time::{Duration, Instant};

use bytes::Bytes;
use parca_proto::pyroscope::querier as wire;
use prost::Message;
use wire::{AsyncQueryRequest, AsyncQueryResponse, AsyncQueryStatus, AsyncQueryType};

use crate::method::Method;
use crate::{Client, Code, Error, ErrorKind};

/// The first pause between two questions; each is twice the one before, up to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LAST_PAUSE: Duration = Duration::from_secs(1);

/// `SelectMergeStacktracesResponse`, of which only the state of the query is read.
#[derive(Clone, PartialEq, Message)]
struct State {
    #[prost(message, optional, tag = "4")]
    query: Option<AsyncQueryResponse>,
}

impl Client {
    /// Calls `SelectMergeStacktraces`: in one go, or in the background with so much time. A server that
    /// has no such queries does not know the field and answers at once, or says so.
    pub(super) async fn stacktraces<A: Message + Default>(
        &self,
        mut request: wire::SelectMergeStacktracesRequest,
        background: Option<Duration>,
    ) -> Result<A, Error> {
        let Some(patience) = background else { return self.call(Method::STACKTRACES, &request).await };
        request.r#async = Some(forced(String::new()));
        let bytes = match self.call_bytes(Method::STACKTRACES, &request).await {
            Err(error) if error.code() == Code::Unimplemented => {
                request.r#async = None;
                self.call_bytes(Method::STACKTRACES, &request).await?
            }
            answer => self.wait(answer?, &mut request, Instant::now() + patience).await?,
        };
        A::decode(bytes).map_err(|error| self.of_call(unreadable(error), &Method::STACKTRACES.path()))
    }

    /// Asks again until there is a result.
    async fn wait(
        &self,
        mut bytes: Bytes,
        request: &mut wire::SelectMergeStacktracesRequest,
        deadline: Instant,
    ) -> Result<Bytes, Error> {
        let path = Method::STACKTRACES.path();
        let mut pause = FIRST_PAUSE;
        loop {
            let state =
                State::decode(bytes.clone()).map_err(|error| self.of_call(unreadable(error), &path))?;
            let Some(query) = state.query else { return Ok(bytes) };
            match query.status() {
                AsyncQueryStatus::Success => return Ok(bytes),
                AsyncQueryStatus::Failure => {
                    let error = Error::new(ErrorKind::Server, Code::Unknown, query.error_message);
                    return Err(self.of_call(error, &path));
                }
                AsyncQueryStatus::Unknown | AsyncQueryStatus::InProgress => {}
            }
            if Instant::now() + pause > deadline {
                let message = "the query in the background did not end in time";
                let error = Error::new(ErrorKind::Deadline, Code::DeadlineExceeded, message);
                return Err(self.of_call(error, &path));
            }
            tokio::time::sleep(pause).await;
            pause = (2 * pause).min(LAST_PAUSE);
            request.r#async = Some(forced(query.request_id));
            bytes = self.call_bytes(Method::STACKTRACES, request).await?;
        }
    }
}

fn forced(request_id: String) -> AsyncQueryRequest {
    AsyncQueryRequest { request_id, r#type: AsyncQueryType::Force.into() }
}

fn unreadable(error: prost::DecodeError) -> Error {
    Error::answer("expected a protobuf message, found something else").with_source(error)
}
