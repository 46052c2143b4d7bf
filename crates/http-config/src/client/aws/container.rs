//! Keys that ECS and EKS hand to their containers.

use std::net::IpAddr;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{Request, Uri};
use http_body_util::Full;

use super::keys::{Keys, Written};
use super::{MAX_ANSWER_BYTES, Signer, failed};
use crate::CredentialError;
use crate::client::header_value;
use crate::client::source::Source;
use crate::error::shown;

/// Where ECS has its keys.
const ECS: &str = "http://169.254.170.2";
/// The addresses beside loopback that plain http may go to: ECS and EKS.
const PLAIN: &[&str] = &["169.254.170.2", "169.254.170.23", "fd00:ec2::23"];

impl Signer {
    /// None when this is no such container.
    pub(super) async fn container(&self) -> Result<Option<Keys>, CredentialError> {
        let environment = &self.environment;
        let url = match environment.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") {
            Some(path) => format!("{ECS}{path}"),
            None => match environment.get("AWS_CONTAINER_CREDENTIALS_FULL_URI") {
                Some(url) => url.to_owned(),
                None => return Ok(None),
            },
        };
        let uri: Uri =
            url.parse().map_err(|_| failed("expected a URL for the container's keys".to_owned()))?;
        if !may_ask(&uri) {
            let shown = shown(&uri);
            return Err(failed(format!("expected https or a container's own address, found `{shown}`")));
        }
        let mut request = Request::new(Full::<Bytes>::default());
        if let Some(token) = self.container_token().await? {
            let value = header_value::header(token.expose(), "AWS_CONTAINER_AUTHORIZATION_TOKEN")?;
            request.headers_mut().insert(AUTHORIZATION, value);
        }
        let url = shown(&uri);
        *request.uri_mut() = uri;
        let answer = self.inside.send(request, MAX_ANSWER_BYTES).await;
        let answer = answer
            .map_err(|source| CredentialError::TokenServer { url: url.clone(), source: Box::new(source) })?;
        if !answer.status().is_success() {
            return Err(failed(format!("`{url}` gives no keys: status {}", answer.status())));
        }
        let keys = serde_json::from_slice::<Written>(answer.body()).ok().and_then(Written::read);
        keys.map(Some)
            .ok_or_else(|| failed(format!("`{url}` gives no keys: expected them, found something else")))
    }

    async fn container_token(&self) -> Result<Option<crate::Secret>, CredentialError> {
        if let Some(file) = self.environment.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
            let key = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE".to_owned();
            return Source::File { key, path: file.into() }.read().await.map(Some);
        }
        Ok(self.environment.get("AWS_CONTAINER_AUTHORIZATION_TOKEN").map(crate::Secret::new))
    }
}

fn may_ask(uri: &Uri) -> bool {
    if uri.scheme_str() == Some("https") {
        return true;
    }
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let loopback = host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    host == "localhost" || loopback || PLAIN.contains(&host)
}
