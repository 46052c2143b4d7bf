//! `Write`: samples, the ids of their stacks, the stacks; then the server ends the stream, as agents wait for that.

use std::time::Duration;

use bytes::Bytes;
use parca_proto::profilestore::{WriteRequest, WriteResponse};
use profile_codec::arrow::{AgentError, AgentSamples};
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt};
use tonic::{Response, Status, Streaming};

use crate::ingest::{agent_limits, agent_write};
use crate::writes::{NotStored, Writes, once};

/// How long an exchange may take, as there.
const LONGEST: Duration = Duration::from_secs(5);

/// What the server says to a stream of requests.
pub(super) fn answers(
    writes: Writes,
    requests: Streaming<WriteRequest>,
    key: Vec<u8>,
) -> impl Stream<Item = Result<WriteResponse, Status>> + Send + use<> {
    let (say, said) = tokio::sync::mpsc::channel(1);
    tokio::spawn(async move {
        let exchange = async {
            let done = tokio::time::timeout(LONGEST, converse(&writes, requests, key, &say)).await;
            done.unwrap_or_else(|_| Err(Status::deadline_exceeded("deadline exceeded"))).map(Response::new)
        };
        if let Err(status) = writes.metrics.timed("Write", exchange).await {
            // A client that is gone needs no answer.
            let _ = say.send(Err(status)).await;
        }
    });
    ReceiverStream::new(said)
}

type Say = tokio::sync::mpsc::Sender<Result<WriteResponse, Status>>;

async fn converse(
    writes: &Writes,
    mut requests: Streaming<WriteRequest>,
    key: Vec<u8>,
    say: &Say,
) -> Result<(), Status> {
    let samples = next(&mut requests).await?;
    let (read, samples) = super::blocking(move || Ok((wanted(&samples), samples))).await?.into_inner();
    let record = read.map_err(|error| {
        writes.refused("Write", &error);
        match error {
            NotStored::Agent(_, AgentError::Missing("stacktrace_id")) => {
                Status::internal("failed to check unknown stacktrace IDs: missing stacktrace IDs column")
            }
            error => error.status(),
        }
    })?;
    // A client that is gone shows at the next message.
    let _ = say.send(Ok(WriteResponse { record })).await;
    let stacks = next(&mut requests).await?;
    let stored = writes.take("Write", move || {
        let limits = agent_limits();
        let batch =
            AgentSamples::read(&samples, &limits).and_then(|mut read| read.profiles(&stacks, &limits));
        let batch = batch.map_err(|error| NotStored::Agent("failed to add locations record: ", error))?;
        once(agent_write(batch)?, &key, &[&samples, &stacks])
    });
    stored.await.map(drop).map_err(|error| error.status())
}

/// The answer to samples.
fn wanted(samples: &Bytes) -> Result<Bytes, NotStored> {
    let read = AgentSamples::read(samples, &agent_limits()).map_err(|error| match error {
        AgentError::Stream(_) => NotStored::Agent("failed to create reader: ", error),
        AgentError::NoRecord => NotStored::Agent("", error),
        AgentError::Missing("stacktrace_id") => NotStored::Agent("", error),
        AgentError::Missing(_) => NotStored::Agent("validate record reader: ", error),
        other => NotStored::Agent("failed to add sample record: ", other),
    })?;
    // More bytes of ids than Arrow addresses are more than a message has.
    read.wanted().map_err(|_| NotStored::GivenUp)
}

async fn next(requests: &mut Streaming<WriteRequest>) -> Result<Bytes, Status> {
    match requests.next().await {
        Some(request) => request.map(|request| request.record),
        None => Err(Status::invalid_argument("failed to receive request: EOF")),
    }
}
