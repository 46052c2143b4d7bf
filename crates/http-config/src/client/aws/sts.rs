//! Roles: keys for keys, and keys for a token.

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response, Uri};
use http_body_util::Full;
use url::form_urlencoded::Serializer;

use super::keys::{Keys, Written};
use super::{MAX_ANSWER_BYTES, Signer, failed, sign};
use crate::client::source::Source;
use crate::error::shown;
use crate::{CredentialError, Secret};

/// STS' only version.
const VERSION: &str = "2011-06-15";
/// How long the keys of a role hold: the AWS SDK for Go's value.
const DURATION_SECONDS: &str = "900";

impl Signer {
    /// AssumeRole, signed with the keys that there are.
    pub(super) async fn assume_role(
        &self,
        region: &str,
        keys: &Keys,
        role: &str,
        external_id: Option<&str>,
    ) -> Result<Keys, CredentialError> {
        let session = session_name();
        let mut fields = vec![
            ("Action", "AssumeRole"),
            ("RoleArn", role),
            ("RoleSessionName", &session),
            ("DurationSeconds", DURATION_SECONDS),
        ];
        fields.extend(external_id.map(|id| ("ExternalId", id)));
        let (mut request, body) = self.request(region, &fields)?;
        let scope = sign::Scope { region, service: "sts", time: SystemTime::now() };
        sign::sign(&mut request, &body, keys, &scope)?;
        self.ask(request, role).await
    }

    /// AssumeRoleWithWebIdentity; the token in the file is the only proof.
    pub(super) async fn web_identity(
        &self,
        region: &str,
        file: &str,
        role: &str,
        session: Option<&str>,
    ) -> Result<Keys, CredentialError> {
        let source = Source::File { key: "AWS_WEB_IDENTITY_TOKEN_FILE".to_owned(), path: file.into() };
        let token = source.read().await?;
        let session = session.map_or_else(session_name, str::to_owned);
        let fields = [
            ("Action", "AssumeRoleWithWebIdentity"),
            ("RoleArn", role),
            ("RoleSessionName", &session),
            ("WebIdentityToken", token.expose()),
        ];
        let (request, _) = self.request(region, &fields)?;
        self.ask(request, role).await
    }

    fn request(
        &self,
        region: &str,
        fields: &[(&str, &str)],
    ) -> Result<(Request<Full<Bytes>>, Bytes), CredentialError> {
        let mut form = Serializer::new(String::new());
        form.extend_pairs(fields).append_pair("Version", VERSION);
        let body = Bytes::from(form.finish());
        let mut request = Request::new(Full::new(body.clone()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.endpoint(region)?;
        let form = HeaderValue::from_static("application/x-www-form-urlencoded; charset=utf-8");
        request.headers_mut().insert(CONTENT_TYPE, form);
        Ok((request, body))
    }

    fn endpoint(&self, region: &str) -> Result<Uri, CredentialError> {
        let ignored = self.environment.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") == Some("true");
        let given = ["AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"]
            .into_iter()
            .find_map(|name| self.environment.get(name));
        let url = match given.filter(|_| !ignored) {
            Some(url) => format!("{}/", url.trim_end_matches('/')),
            None => {
                let name = if self.settings.use_fips_sts_endpoint { "sts-fips" } else { "sts" };
                let china = if region.starts_with("cn-") { ".cn" } else { "" };
                format!("https://{name}.{region}.amazonaws.com{china}/")
            }
        };
        url.parse().map_err(|_| failed("expected a URL for STS, found none".to_owned()))
    }

    async fn ask(&self, request: Request<Full<Bytes>>, role: &str) -> Result<Keys, CredentialError> {
        let url = shown(request.uri());
        let answer = self.outside.send(request, MAX_ANSWER_BYTES).await;
        let answer = answer
            .map_err(|source| CredentialError::TokenServer { url: url.clone(), source: Box::new(source) })?;
        read(&answer).map_err(|reason| failed(format!("`{url}` gives no keys for role `{role}`: {reason}")))
    }
}

/// The keys in STS' XML, or its error code.
fn read(answer: &Response<Bytes>) -> Result<Keys, String> {
    let text = std::str::from_utf8(answer.body()).unwrap_or_default();
    let document = roxmltree::Document::parse(text).ok();
    let find = |name: &str| {
        let found = document.as_ref()?.descendants().find(|node| node.tag_name().name() == name);
        found.and_then(|node| node.text()).map(|text| text.trim().to_owned())
    };
    if !answer.status().is_success() {
        let code: String = find("Code").unwrap_or_default().chars().take(64).collect();
        return Err(format!("status {} {code}", answer.status()).trim_end().to_owned());
    }
    let secret = |name: &str| find(name).map(Secret::new);
    let written = match (secret("AccessKeyId"), secret("SecretAccessKey")) {
        (Some(access_key_id), Some(secret_access_key)) => {
            let (token, expiration) = (secret("SessionToken"), find("Expiration"));
            Some(Written { access_key_id, secret_access_key, token, expiration })
        }
        _ => None,
    };
    written.and_then(Written::read).ok_or_else(|| "expected keys, found something else".to_owned())
}

fn session_name() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("http-config-{}", now.as_nanos())
}
