//! `kubernetes_sd_configs`: the objects of a role, listed through the API server.
//!
//! Listed every `refresh`, not watched: a list of a thousand pods costs the API server's cache little, and
//! no watch can fall behind unseen.

mod targets;

use std::time::Duration;

use http_config::Client;
use serde_json::Value;

use super::{DiscoveryError, Group, http_list};
use crate::settings::{KubernetesRole, KubernetesSd};

pub(super) struct Kubernetes {
    sd: KubernetesSd,
    client: Client,
}

/// How many objects are asked for at once.
const PAGE: &str = "500";

impl Kubernetes {
    pub(super) fn new(sd: KubernetesSd) -> Result<Self, DiscoveryError> {
        let client = http_list::client(&sd.http)?;
        Ok(Self { sd, client })
    }

    pub(super) fn refresh(&self) -> Duration {
        self.sd.refresh
    }

    pub(super) async fn ask(&self) -> Result<Vec<Group>, DiscoveryError> {
        let mut groups = Vec::new();
        for namespace in self.namespaces()? {
            let pods = match self.sd.role {
                // The pods behind endpoints lend them their labels.
                KubernetesRole::Endpoints | KubernetesRole::EndpointSlice => {
                    self.list("api/v1", "pods", namespace.as_deref(), false).await?
                }
                _ => Vec::new(),
            };
            let (api, kind) = place(self.sd.role);
            let objects = self.list(api, kind, namespace.as_deref(), true).await?;
            groups.extend(objects.iter().map(|object| targets::of(self.sd.role, object, &pods)));
        }
        Ok(groups)
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
        Ok(match names.is_empty() || self.sd.role == KubernetesRole::Node {
            true => vec![None],
            false => names.into_iter().map(Some).collect(),
        })
    }

    async fn list(
        &self,
        api: &str,
        kind: &str,
        namespace: Option<&str>,
        selects: bool,
    ) -> Result<Vec<Value>, DiscoveryError> {
        let (mut all, mut next) = (Vec::new(), String::new());
        loop {
            let url = self.url(api, kind, namespace, selects, &next)?;
            let body = http_list::get(&self.client, &url, &[]).await?;
            let mut answer: Value = serde_json::from_slice(&body)
                .map_err(|error| DiscoveryError(format!("read the API server's list of {kind}: {error}")))?;
            if let Value::Array(items) = answer["items"].take() {
                all.extend(items);
            }
            match answer["metadata"]["continue"].as_str() {
                Some(token) if !token.is_empty() => next = token.to_owned(),
                _ => return Ok(all),
            }
        }
    }

    fn url(
        &self,
        api: &str,
        kind: &str,
        namespace: Option<&str>,
        selects: bool,
        next: &str,
    ) -> Result<String, DiscoveryError> {
        let server = match self.sd.api_server.as_str() {
            "" => in_cluster()?,
            server => server.trim_end_matches('/').to_owned(),
        };
        let namespace = namespace.map(|name| format!("namespaces/{name}/")).unwrap_or_default();
        let mut url = url::Url::parse(&format!("{server}/{api}/{namespace}{kind}"))
            .map_err(|error| DiscoveryError(format!("`api_server`: {error}")))?;
        let sd = &self.sd;
        let (labels, fields) =
            if selects { (sd.label_selector.as_str(), sd.field_selector.as_str()) } else { ("", "") };
        let pairs =
            [("limit", PAGE), ("continue", next), ("labelSelector", labels), ("fieldSelector", fields)];
        url.query_pairs_mut().extend_pairs(pairs.into_iter().filter(|(_, value)| !value.is_empty()));
        Ok(url.to_string())
    }
}

fn place(role: KubernetesRole) -> (&'static str, &'static str) {
    match role {
        KubernetesRole::Node => ("api/v1", "nodes"),
        KubernetesRole::Pod => ("api/v1", "pods"),
        KubernetesRole::Service => ("api/v1", "services"),
        KubernetesRole::Endpoints => ("api/v1", "endpoints"),
        KubernetesRole::EndpointSlice => ("apis/discovery.k8s.io/v1", "endpointslices"),
        KubernetesRole::Ingress => ("apis/networking.k8s.io/v1", "ingresses"),
    }
}

/// The API server as a pod is told of it.
fn in_cluster() -> Result<String, DiscoveryError> {
    // Every pod has this name in its DNS.
    Ok("https://kubernetes.default.svc".to_owned())
}
