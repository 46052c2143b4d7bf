//! Requests to an API server.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, StatusCode};
use http_config::{Client, Environment, SendError};
use serde::Deserialize;

use super::super::{DiscoveryError, http_list};
use super::lines::Lines;
use super::objects::{self, Listed, Object};
use crate::settings::{KubernetesRole, KubernetesSd};

/// How many objects are asked for at once.
const PAGE: &str = "500";
/// How long a watch may last, in seconds: a server ends it then, and its connection is made anew.
const LONGEST_WATCH: &str = "300";

/// The objects of a kind, in a namespace or in all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Scope {
    pub(super) kind: KubernetesRole,
    pub(super) namespace: Option<String>,
}

/// Why a list or a watch is not to be had.
#[derive(Debug)]
pub(super) enum ApiError {
    /// The version that was asked about is no longer known.
    Expired,
    /// Asking again changes nothing until somebody mends something.
    Refused(String),
    /// A failure that may pass.
    Failed(String),
}

/// What is at a version.
pub(super) struct Snapshot {
    pub(super) objects: Vec<Object>,
    pub(super) version: String,
}

pub(super) struct Api {
    client: Client,
    server: String,
    /// Label and field selectors of kinds.
    selectors: Vec<(KubernetesRole, String, String)>,
}

/// How an API server says that something is wrong.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Status {
    message: String,
}

impl Api {
    pub(super) fn new(sd: &KubernetesSd, environment: &Environment) -> Result<Self, DiscoveryError> {
        let server = match sd.api_server.as_str() {
            "" => in_cluster(environment),
            server => server.trim_end_matches('/').to_owned(),
        };
        let selectors = sd.selectors.iter().map(|one| (one.role, one.label.clone(), one.field.clone()));
        let client = http_list::client(&sd.http, environment)?;
        Ok(Self { client, server, selectors: selectors.collect() })
    }

    /// All objects, page by page.
    pub(super) async fn list(&self, scope: &Scope) -> Result<Snapshot, ApiError> {
        let (mut objects, mut next) = (Vec::new(), String::new());
        loop {
            let url = self.url(scope, &[("limit", PAGE), ("continue", &next)])?;
            let request = get(&url)?;
            let deadline = Instant::now() + http_list::DEADLINE;
            let answer =
                self.client.send(request, deadline).await.map_err(|error| failed("list", scope, &error))?;
            if answer.status() != StatusCode::OK {
                return Err(refusal("list", scope, answer.status(), answer.body()));
            }
            let page: Listed = objects::read_list(scope.kind, answer.body())
                .map_err(|error| ApiError::Failed(format!("list {scope}: expected a list: {error}")))?;
            objects.extend(page.objects);
            if page.next.is_empty() {
                return Ok(Snapshot { objects, version: page.version });
            }
            next = page.next;
        }
    }

    /// The changes since a version, as lines.
    pub(super) async fn watch(&self, scope: &Scope, version: &str) -> Result<Lines, ApiError> {
        let pairs = [
            ("watch", "1"),
            ("allowWatchBookmarks", "true"),
            ("resourceVersion", version),
            ("timeoutSeconds", LONGEST_WATCH),
        ];
        let request = get(&self.url(scope, &pairs)?)?;
        let deadline = Instant::now() + http_list::DEADLINE;
        let answer =
            self.client.open(request, deadline).await.map_err(|error| failed("watch", scope, &error))?;
        let status = answer.status();
        if status != StatusCode::OK {
            const WORDS: usize = 64 << 10;
            let body = answer.into_body().start(WORDS, Duration::from_secs(5)).await;
            return Err(refusal("watch", scope, status, &body));
        }
        Ok(Lines::new(answer.into_body()))
    }

    fn url(&self, scope: &Scope, pairs: &[(&str, &str)]) -> Result<String, ApiError> {
        let (api, kind) = place(scope.kind);
        let namespace =
            scope.namespace.as_ref().map(|name| format!("namespaces/{name}/")).unwrap_or_default();
        let mut url = url::Url::parse(&format!("{}/{api}/{namespace}{kind}", self.server))
            .map_err(|error| ApiError::Refused(format!("`api_server`: {error}")))?;
        let selectors = self.selectors.iter().filter(|(of, ..)| *of == scope.kind);
        let selectors = selectors.flat_map(|(_, label, field)| {
            [("labelSelector", label.as_str()), ("fieldSelector", field.as_str())]
        });
        let pairs = pairs.iter().copied().chain(selectors).filter(|(_, value)| !value.is_empty());
        url.query_pairs_mut().extend_pairs(pairs);
        Ok(url.to_string())
    }
}

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(place(self.kind).1)?;
        match &self.namespace {
            Some(name) => write!(f, " of namespace `{name}`"),
            None => Ok(()),
        }
    }
}

fn get(url: &str) -> Result<Request<Bytes>, ApiError> {
    let request = Request::get(url).header("accept", "application/json").body(Bytes::new());
    request.map_err(|error| ApiError::Refused(format!("`api_server`: {error}")))
}

fn failed(verb: &str, scope: &Scope, error: &SendError) -> ApiError {
    ApiError::Failed(format!("{verb} {scope}: {}", words::with_causes(error)))
}

/// What an answer other than 200 means.
fn refusal(verb: &str, scope: &Scope, status: StatusCode, body: &[u8]) -> ApiError {
    if status == StatusCode::GONE {
        return ApiError::Expired;
    }
    let said = match serde_json::from_slice::<Status>(body) {
        Ok(said) if !said.message.is_empty() => words::short(&said.message, 300),
        _ => profile_codec::file::excerpt(body),
    };
    let words = format!("{verb} {scope}: expected 200, found {status}: `{said}`");
    // 401 is a token that is being rotated, or none; 408 and 429 ask for patience.
    let may_pass = matches!(status.as_u16(), 401 | 408 | 429) || status.is_server_error();
    match may_pass && status != StatusCode::NOT_IMPLEMENTED {
        true => ApiError::Failed(words),
        false => ApiError::Refused(words),
    }
}

/// The API and the plural that stand in a URL.
fn place(kind: KubernetesRole) -> (&'static str, &'static str) {
    match kind {
        KubernetesRole::Node => ("api/v1", "nodes"),
        KubernetesRole::Pod => ("api/v1", "pods"),
        KubernetesRole::Service => ("api/v1", "services"),
        KubernetesRole::Endpoints => ("api/v1", "endpoints"),
        KubernetesRole::EndpointSlice => ("apis/discovery.k8s.io/v1", "endpointslices"),
        KubernetesRole::Ingress => ("apis/networking.k8s.io/v1", "ingresses"),
    }
}

/// The API server as a pod is told of it: by variables, and by a name in its DNS.
fn in_cluster(environment: &Environment) -> String {
    let variable = |name: &str| environment.get(&format!("KUBERNETES_SERVICE_{name}"));
    match (variable("HOST"), variable("PORT")) {
        (Some(host), Some(port)) => format!("https://{}", super::super::joined(host, port)),
        _ => "https://kubernetes.default.svc".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_say_whether_to_ask_again() {
        let scope = Scope { kind: KubernetesRole::Pod, namespace: Some("shop".to_owned()) };
        let check = |status: u16, body: &str, expect: &str| {
            let status = StatusCode::from_u16(status).unwrap_or_default();
            let found = format!("{:?}", refusal("watch", &scope, status, body.as_bytes()));
            assert_eq!(found.replace('"', ""), expect, "{status}");
        };
        check(410, "", "Expired");
        let said = r#"{"kind":"Status","status":"Failure","message":"pods is forbidden","code":403}"#;
        let words = "watch pods of namespace `shop`: expected 200, found";
        check(403, said, &format!("Refused({words} 403 Forbidden: `pods is forbidden`)"));
        check(404, "<html>", &format!("Refused({words} 404 Not Found: `<html>`)"));
        check(501, "no", &format!("Refused({words} 501 Not Implemented: `no`)"));
        check(401, "no", &format!("Failed({words} 401 Unauthorized: `no`)"));
        check(429, "no", &format!("Failed({words} 429 Too Many Requests: `no`)"));
        check(502, "no", &format!("Failed({words} 502 Bad Gateway: `no`)"));
    }

    #[test]
    fn a_pod_finds_its_api_server() {
        let check = |pairs: &[(&str, &str)], expect: &str| {
            assert_eq!(in_cluster(&pairs.iter().copied().collect()), expect);
        };
        check(&[], "https://kubernetes.default.svc");
        check(
            &[("KUBERNETES_SERVICE_HOST", "10.0.0.1"), ("KUBERNETES_SERVICE_PORT", "443")],
            "https://10.0.0.1:443",
        );
        check(
            &[("KUBERNETES_SERVICE_HOST", "fd00::1"), ("KUBERNETES_SERVICE_PORT", "443")],
            "https://[fd00::1]:443",
        );
    }
}
