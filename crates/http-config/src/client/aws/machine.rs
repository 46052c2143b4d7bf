//! Keys of an EC2 machine (IMDS, version 2).

use std::time::Duration;

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue};
use http::{Method, Request, Uri};
use http_body_util::Full;

use super::keys::{Keys, Written};
use super::{MAX_ANSWER_BYTES, Signer, failed};
use crate::CredentialError;
use crate::client::header_value;

const IMDS: &str = "http://169.254.169.254";
const TTL: HeaderName = HeaderName::from_static("x-aws-ec2-metadata-token-ttl-seconds");
const TOKEN: HeaderName = HeaderName::from_static("x-aws-ec2-metadata-token");
/// Where there is no such service nobody refuses the connection, so the wait is short.
const PATIENCE: Duration = Duration::from_secs(2);
const ROLES: &str = "/latest/meta-data/iam/security-credentials/";

impl Signer {
    /// None where there is no such service, or the machine has no role.
    pub(super) async fn machine(&self) -> Result<Option<Keys>, CredentialError> {
        let Some(token) = self.machine_token().await? else { return Ok(None) };
        let Some(roles) = self.metadata(ROLES, &token).await? else { return Ok(None) };
        let Some(role) = roles.lines().next().map(str::trim).filter(|role| !role.is_empty()) else {
            return Ok(None);
        };
        let keys = self.metadata(&format!("{ROLES}{role}"), &token).await?;
        let keys = keys.and_then(|text| serde_json::from_str::<Written>(&text).ok()).and_then(Written::read);
        keys.map(Some).ok_or_else(|| failed(format!("the machine gives no keys for its role `{role}`")))
    }

    /// The region that the machine stands in.
    pub(super) async fn ask_region(&self) -> Result<Option<String>, CredentialError> {
        let Some(token) = self.machine_token().await? else { return Ok(None) };
        let region = self.metadata("/latest/meta-data/placement/region", &token).await?;
        Ok(region.map(|region| region.trim().to_owned()).filter(|region| !region.is_empty()))
    }

    async fn machine_token(&self) -> Result<Option<HeaderValue>, CredentialError> {
        if self
            .environment
            .get("AWS_EC2_METADATA_DISABLED")
            .is_some_and(|text| text.eq_ignore_ascii_case("true"))
        {
            return Ok(None);
        }
        let token =
            self.ask_machine(Method::PUT, "/latest/api/token", TTL, HeaderValue::from_static("300")).await?;
        token.map(|token| header_value::header(token.trim(), "AWS_EC2_METADATA_SERVICE_ENDPOINT")).transpose()
    }

    async fn metadata(&self, path: &str, token: &HeaderValue) -> Result<Option<String>, CredentialError> {
        self.ask_machine(Method::GET, path, TOKEN, token.clone()).await
    }

    /// The text of an answer; none when there is nobody or nothing there.
    async fn ask_machine(
        &self,
        method: Method,
        path: &str,
        name: HeaderName,
        value: HeaderValue,
    ) -> Result<Option<String>, CredentialError> {
        let host =
            self.environment.get("AWS_EC2_METADATA_SERVICE_ENDPOINT").unwrap_or(IMDS).trim_end_matches('/');
        let uri: Result<Uri, _> = format!("{host}{path}").parse();
        let mut request = Request::new(Full::<Bytes>::default());
        *request.method_mut() = method;
        *request.uri_mut() = uri.map_err(|_| failed("expected a URL for the machine's keys".to_owned()))?;
        request.headers_mut().insert(name, value);
        let sending = self.inside.send(request, MAX_ANSWER_BYTES);
        match tokio::time::timeout(PATIENCE, sending).await {
            Ok(Ok(answer)) if answer.status().is_success() => {
                Ok(Some(String::from_utf8_lossy(answer.body()).into_owned()))
            }
            _ => Ok(None),
        }
    }
}
