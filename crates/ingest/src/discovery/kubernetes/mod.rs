//! `kubernetes_sd_configs`: the objects of a role, listed once and watched from then on.
//!
//! The protocol is that of <https://kubernetes.io/docs/reference/using-api/api-concepts/>: a list has a version, a watch
//! from that version tells each change with a newer one, bookmarks tell versions without a change, and a version that is
//! too old is answered with 410, after which everything is listed anew.

mod api;
mod by_name;
mod event;
mod feed;
mod known;
mod lines;
mod objects;
mod targets;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod double;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use http_config::Environment;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::{DiscoveryError, Finding};
use crate::settings::{KubernetesRole, KubernetesSd};
use api::{Api, Scope};
use feed::{Feed, Times};
use known::Known;

/// Changes that come within this are told together: a thousand pods that start need not be a thousand reloads.
const TOGETHER: Duration = Duration::from_millis(100);
/// How many things that were heard may wait; whoever hears more waits for room.
const HEARD: usize = 64;

pub(super) struct Kubernetes {
    sd: KubernetesSd,
    api: Arc<Api>,
    times: Times,
}

impl Kubernetes {
    pub(super) fn new(sd: KubernetesSd, environment: &Environment) -> Result<Self, DiscoveryError> {
        let api = Arc::new(Api::new(&sd, environment)?);
        let times = Times { refresh: sd.refresh, ..Times::default() };
        Ok(Self { sd, api, times })
    }

    /// Keeps `found` up to date; ends with its future.
    pub(super) async fn run(self, found: &watch::Sender<Finding>) {
        let scopes = match self.scopes() {
            Ok(scopes) => scopes,
            Err(error) => return super::fail(found, error).await,
        };
        let mut known = Known::new(self.sd.role, scopes.clone());
        let (tell, mut told) = mpsc::channel(HEARD);
        // Those who ask end with this.
        let mut asking = JoinSet::new();
        for (at, scope) in scopes.into_iter().enumerate() {
            let feed = Feed::new(Arc::clone(&self.api), scope, self.times, at, tell.clone());
            asking.spawn(feed.run());
        }
        while let Some((at, said)) = told.recv().await {
            known.hear(at, said);
            tokio::time::sleep(TOGETHER).await;
            while let Ok((at, said)) = told.try_recv() {
                known.hear(at, said);
            }
            known.tell(found);
        }
    }

    /// What is followed: the role's objects, and those that lend them labels.
    fn scopes(&self) -> Result<Vec<Scope>, DiscoveryError> {
        let namespaces = self.namespaces()?;
        let kinds = [self.sd.role].into_iter().chain(lenders(self.sd.role, self.sd.attach_nodes));
        let scope = |kind| {
            let within = |namespace: &Option<String>| Scope { kind, namespace: namespace.clone() };
            match kind {
                KubernetesRole::Node => vec![Scope { kind, namespace: None }],
                _ => namespaces.iter().map(within).collect(),
            }
        };
        Ok(kinds.flat_map(scope).collect())
    }

    /// `None` stands for all of them.
    fn namespaces(&self) -> Result<Vec<Option<String>>, DiscoveryError> {
        let mut names: Vec<String> = self.sd.namespaces.clone();
        if self.sd.own_namespace {
            let path = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";
            let own =
                std::fs::read_to_string(path).map_err(|error| DiscoveryError(format!("{path}: {error}")))?;
            names.push(own.trim().to_owned());
        }
        names.sort();
        names.dedup();
        Ok(if names.is_empty() { vec![None] } else { names.into_iter().map(Some).collect() })
    }
}

/// The kinds whose labels targets of a role have besides their own.
fn lenders(role: KubernetesRole, with_nodes: bool) -> Vec<KubernetesRole> {
    use KubernetesRole::{EndpointSlice, Endpoints, Node, Pod, Service};
    let mut kinds = match role {
        Endpoints | EndpointSlice => vec![Pod, Service],
        _ => Vec::new(),
    };
    if with_nodes && matches!(role, Pod | Endpoints | EndpointSlice) {
        kinds.push(Node);
    }
    kinds
}
