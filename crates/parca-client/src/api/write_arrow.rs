use bytes::Bytes;
use parca_proto::profilestore as wire;
use prost::Message as _;

use crate::call::{message, wire::Wire};
use crate::{Call, Error, Method};

/// Asks the server to store a batch of an agent's.
///
/// Nothing in it is checked here, and a Parca ends at some faults of such a batch: send what an agent wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct WriteArrowRequest {
    /// An Arrow IPC stream of the agents' schema v2.
    pub ipc: Bytes,
}

impl WriteArrowRequest {
    /// One batch.
    pub fn new(ipc: impl Into<Bytes>) -> Self {
        Self { ipc: ipc.into() }
    }
}

impl Wire for WriteArrowRequest {
    fn encode(&self) -> Result<Vec<u8>, Error> {
        Ok(wire::WriteArrowRequest { ipc_buffer: self.ipc.clone() }.encode_to_vec())
    }
}

impl Call for WriteArrowRequest {
    type Answer = ();
    const METHOD: Method = Method::WriteArrow;

    fn decode(bytes: Bytes) -> Result<(), Error> {
        message::<wire::WriteArrowResponse>(bytes).map(drop)
    }
}
