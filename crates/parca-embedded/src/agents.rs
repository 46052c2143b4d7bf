//! Who wrote lately: the `AgentsService`.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use parca_proto::profilestore::{Agent, AgentsResponse};
use tonic::{Response, Status};

/// How long a silent writer stays on the list.
const REMEMBERED: Duration = Duration::from_secs(5 * 60);
/// More writers than this are not listed: the list is for people.
const MOST: usize = 10_000;
/// Characters of a name or an error that are listed.
const MOST_TEXT: usize = 256;

#[derive(Debug, Default)]
pub(crate) struct Agents {
    seen: Mutex<BTreeMap<String, Push>>,
}

#[derive(Debug)]
struct Push {
    at: SystemTime,
    took: Duration,
    error: String,
}

impl Agents {
    /// Notes a write by the node of this name or address, if it has one.
    pub(crate) fn note<T>(&self, id: Option<String>, at: SystemTime, answer: &Result<Response<T>, Status>) {
        let Some(id) = id.map(|id| words::short(&id, MOST_TEXT)) else { return };
        let words = |status: &Status| {
            let words = words::short(status.message(), MOST_TEXT);
            format!("rpc error: code = {:?} desc = {words}", status.code())
        };
        let error = answer.as_ref().err().map(words).unwrap_or_default();
        let took = at.elapsed().unwrap_or_default();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.retain(|_, push| at.duration_since(push.at).unwrap_or_default() < REMEMBERED);
        if seen.len() < MOST || seen.contains_key(&id) {
            seen.insert(id, Push { at, took, error });
        }
    }

    pub(crate) fn list(&self) -> AgentsResponse {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let agents = seen.iter().map(|(id, push)| Agent {
            id: id.clone(),
            last_error: push.error.clone(),
            last_push: Some(push.at.into()),
            last_push_duration: prost_types::Duration::try_from(push.took).ok(),
        });
        AgentsResponse { agents: agents.collect() }
    }
}
