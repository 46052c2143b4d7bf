use bytes::Bytes;
use parca_proto::{health, profilestore, scrape};
use prost::Message as _;

use crate::answer::{Agent, ServingStatus, Target, agents, serving_status, targets};
use crate::call::{message, wire::Wire};
use crate::{Call, Error, Method};

/// Asks for scrape targets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TargetsRequest {
    /// Which ones.
    pub state: TargetState,
}

/// Which scrape targets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TargetState {
    /// Targets that are scraped and those that relabelling dropped.
    #[default]
    Any,
    /// Targets that are scraped.
    Active,
    /// Targets that relabelling dropped.
    Dropped,
}

/// Asks who wrote raw profiles lately.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AgentsRequest;

/// gRPC's health check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HealthRequest {
    /// A service's name; empty for the server itself, the only one that Parca knows.
    pub service: String,
}

impl Wire for TargetsRequest {
    fn encode(&self) -> Result<Vec<u8>, Error> {
        use scrape::targets_request::State;
        let state = match self.state {
            TargetState::Any => State::AnyUnspecified,
            TargetState::Active => State::Active,
            TargetState::Dropped => State::Dropped,
        };
        Ok(scrape::TargetsRequest { state: state as i32 }.encode_to_vec())
    }
}

impl Call for TargetsRequest {
    type Answer = Vec<Target>;
    const METHOD: Method = Method::Targets;

    fn decode(bytes: Bytes) -> Result<Self::Answer, Error> {
        Ok(targets(message(bytes)?))
    }
}

impl Wire for AgentsRequest {
    fn encode(&self) -> Result<Vec<u8>, Error> {
        Ok(profilestore::AgentsRequest {}.encode_to_vec())
    }
}

impl Call for AgentsRequest {
    type Answer = Vec<Agent>;
    const METHOD: Method = Method::Agents;

    fn decode(bytes: Bytes) -> Result<Self::Answer, Error> {
        Ok(agents(message(bytes)?))
    }
}

impl Wire for HealthRequest {
    fn encode(&self) -> Result<Vec<u8>, Error> {
        Ok(health::HealthCheckRequest { service: self.service.clone() }.encode_to_vec())
    }
}

impl Call for HealthRequest {
    type Answer = ServingStatus;
    const METHOD: Method = Method::Health;

    fn decode(bytes: Bytes) -> Result<Self::Answer, Error> {
        Ok(serving_status(message(bytes)?))
    }
}
