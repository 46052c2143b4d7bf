//! Tokens of Microsoft Entra ID.
//!
//! Each way is one request. `azure_identity` would do, but it brings an HTTP client of its own, which
//! knows no address but Azure's for the machine's identity, so that no test could reach it.

use std::net::IpAddr;
use std::path::PathBuf;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Method, Request, Uri};
use http_body_util::Full;
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::form_urlencoded::Serializer;

use super::header_value;
use super::proxies::Proxies;
use super::source::Source;
use super::token_answer::{MAX_ANSWER_BYTES, TokenAnswer};
use super::transport::Transport;
use crate::config::{AzureAd, AzureOAuth, AzureWorkloadIdentity, Mistake, TlsConfig, path, text};
use crate::error::shown;
use crate::{ConfigError, CredentialError, Environment, Secret};

const IMDS: &str = "http://169.254.169.254";
const TOKEN_FILE: &str = "/var/run/secrets/azure/tokens/azure-identity-token";
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

pub(super) struct AzureTokens {
    way: Way,
    url: Uri,
    transport: Transport,
    /// The header's value, and when half of its life is over. Held across the fetch on purpose: one
    /// request at a time asks, the others take its answer.
    kept: Mutex<Option<(Secret, Instant)>>,
}

enum Way {
    /// A GET with one header.
    Identity { header: HeaderName, value: HeaderValue },
    /// A POST with these fields, and one that may change.
    Form { fields: Vec<(&'static str, String)>, last: (&'static str, Source) },
}

impl AzureTokens {
    pub(super) fn new(azure: &AzureAd, environment: &Environment) -> Result<Self, ConfigError> {
        let (authority, scope) = azure.cloud.unwrap_or_default().places();
        let scope = text(&azure.scope).unwrap_or(scope);
        let given = text(&azure.authority_host).or_else(|| environment.get("AZURE_AUTHORITY_HOST"));
        let authority = given.unwrap_or(authority).trim_end_matches('/');
        let token_url = |tenant: &str| format!("{authority}/{tenant}/oauth2/v2.0/token");
        let (way, key, url) = if let Some(workload) = &azure.workload_identity {
            (workload_way(workload, scope, environment), "authority_host", token_url(&workload.tenant_id))
        } else if let Some(oauth) = &azure.oauth {
            (oauth_way(oauth, scope), "authority_host", token_url(&oauth.tenant_id))
        } else {
            let (way, url) = identity(azure, scope, environment)?;
            (way, "imds_endpoint", url)
        };
        let url: Uri = url.parse().map_err(|_| invalid(key, "expected an http or https URL"))?;
        let proxies = match way {
            Way::Identity { .. } => Proxies::default(),
            Way::Form { .. } if secure(&url) => Proxies::of_environment(environment)?,
            Way::Form { .. } => return Err(invalid(key, "expected https, or http on a loopback address")),
        };
        let transport = Transport::new("azuread", &TlsConfig::default(), proxies, true)?;
        Ok(Self { way, url, transport, kept: Mutex::new(None) })
    }

    /// The value of the Authorization header; renewed at half of a token's life, as Prometheus does.
    pub(super) async fn authorization(&self) -> Result<Secret, CredentialError> {
        let mut kept = self.kept.lock().await;
        if let Some((value, _)) = kept.as_ref().filter(|(_, half)| Instant::now() < *half) {
            return Ok(value.clone());
        }
        let token = self.fetch().await?;
        let lifetime = token.lifetime().ok_or_else(|| CredentialError::NoToken { url: shown(&self.url) })?;
        let value = token.authorization();
        *kept = Instant::now().checked_add(lifetime / 2).map(|half| (value.clone(), half));
        Ok(value)
    }

    /// Drops the token; false if there was none.
    pub(super) async fn forget(&self) -> bool {
        self.kept.lock().await.take().is_some()
    }

    async fn fetch(&self) -> Result<TokenAnswer, CredentialError> {
        let mut request = match &self.way {
            Way::Identity { header, value } => {
                let mut request = Request::new(Full::default());
                request.headers_mut().insert(header, value.clone());
                request
            }
            Way::Form { fields, last: (name, source) } => {
                // Before the form, which may not be kept over an await: futures here are `Send`.
                let last = source.read().await?;
                let mut form = Serializer::new(String::new());
                form.extend_pairs(fields).append_pair(name, last.expose());
                let mut request = Request::new(Full::new(Bytes::from(form.finish())));
                let form = HeaderValue::from_static("application/x-www-form-urlencoded");
                request.headers_mut().insert(CONTENT_TYPE, form);
                *request.method_mut() = Method::POST;
                request
            }
        };
        *request.uri_mut() = self.url.clone();
        let url = shown(&self.url);
        match self.transport.send(request, MAX_ANSWER_BYTES).await {
            Ok(answer) => TokenAnswer::read(url, &answer),
            Err(source) => Err(CredentialError::TokenServer { url, source: Box::new(source) }),
        }
    }
}

fn workload_way(workload: &AzureWorkloadIdentity, scope: &str, environment: &Environment) -> Way {
    let named = || environment.get("AZURE_FEDERATED_TOKEN_FILE").unwrap_or(TOKEN_FILE).into();
    let file: PathBuf = path(&workload.token_file_path).cloned().unwrap_or_else(named);
    let mut fields = fields(&workload.client_id, scope);
    fields.push(("client_assertion_type", ASSERTION_TYPE.to_owned()));
    let key = "azuread.workload_identity.token_file_path".to_owned();
    Way::Form { fields, last: ("client_assertion", Source::File { key, path: file }) }
}

fn oauth_way(oauth: &AzureOAuth, scope: &str) -> Way {
    let secret = Source::new(oauth.client_secret.as_ref(), "azuread.oauth.client_secret", None);
    Way::Form { fields: fields(&oauth.client_id, scope), last: ("client_secret", secret) }
}

fn fields(client_id: &str, scope: &str) -> Vec<(&'static str, String)> {
    let grant = ("grant_type", "client_credentials".to_owned());
    vec![grant, ("client_id", client_id.to_owned()), ("scope", scope.to_owned())]
}

/// The identity of an App Service where there is one, else of a virtual machine.
fn identity(azure: &AzureAd, scope: &str, environment: &Environment) -> Result<(Way, String), ConfigError> {
    let service = (environment.get("IDENTITY_ENDPOINT"), environment.get("IDENTITY_HEADER"));
    let (base, version, header, value) = match service {
        (Some(url), Some(secret)) => {
            let value = header_value::header(secret, "IDENTITY_HEADER");
            let value =
                value.map_err(|_| invalid("managed_identity", "expected a header in IDENTITY_HEADER"))?;
            (url.to_owned(), "2019-08-01", HeaderName::from_static("x-identity-header"), value)
        }
        _ => {
            let host = text(&azure.imds_endpoint).unwrap_or(IMDS).trim_end_matches('/');
            let url = format!("{host}/metadata/identity/oauth2/token");
            (url, "2018-02-01", HeaderName::from_static("metadata"), HeaderValue::from_static("true"))
        }
    };
    let mut query = Serializer::new(String::new());
    query.append_pair("api-version", version);
    query.append_pair("resource", scope.strip_suffix("/.default").unwrap_or(scope));
    if let Some(id) = azure.managed_identity.as_ref().and_then(|identity| text(&identity.client_id)) {
        query.append_pair("client_id", id);
    }
    Ok((Way::Identity { header, value }, format!("{base}?{}", query.finish())))
}

/// Secrets go in the clear to this machine at most.
fn secure(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let loopback = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    uri.scheme_str() == Some("https") || loopback
}

fn invalid(key: &str, message: &str) -> ConfigError {
    let mistake = Mistake { path: format!("azuread.{key}"), message: message.to_owned() };
    ConfigError::Invalid(vec![mistake].into())
}
