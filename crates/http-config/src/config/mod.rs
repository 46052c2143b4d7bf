//! The keys of the settings, as they are written, and the rules between them.

mod auth;
mod azuread;
mod headers;
mod mistake;
#[cfg(feature = "yaml")]
mod nodes;
mod oauth2;
mod parse;
mod paths;
mod proxy;
mod secrets;
mod sigv4;
mod tls;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use auth::{Authorization, BasicAuth};
pub use azuread::{AzureAd, AzureCloud, AzureManagedIdentity, AzureOAuth, AzureWorkloadIdentity};
pub use headers::HeaderSources;
#[cfg(not(feature = "cloud"))]
pub(crate) use mistake::Report;
pub use mistake::{Mistake, Mistakes};
#[cfg(feature = "yaml")]
pub use nodes::from_config;
pub use oauth2::OAuth2;
pub(crate) use oauth2::{Grant, JwtAlgorithm};
pub use parse::ParseError;
pub(crate) use proxy::ProxyKeys;
pub use proxy::{ProxyUrl, ProxyUrlError};
pub use secrets::is_secret;
pub use sigv4::SigV4;
pub use tls::{TlsConfig, TlsVersion};

use crate::Secret;

/// The HTTP client keys of a Prometheus-style block.
///
/// Keys, defaults and exclusions are those of prometheus/common's `HTTPClientConfig`, plus
/// `headers`, `sigv4` and `azuread` of `remote_write`. An empty text counts as not set, as there.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct HttpClientConfig {
    /// User and password in each request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub basic_auth: Option<BasicAuth>,
    /// A scheme and credentials in each request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization: Option<Authorization>,
    /// Older spelling of `authorization` with type `Bearer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bearer_token: Option<Secret>,
    /// Older spelling of `authorization` with type `Bearer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bearer_token_file: Option<PathBuf>,
    /// Tokens fetched from a token server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oauth2: Option<OAuth2>,
    /// Signatures for AWS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sigv4: Option<SigV4>,
    /// Tokens of Microsoft Entra ID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub azuread: Option<AzureAd>,
    /// Trust, client certificate, versions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_config: Option<TlsConfig>,
    /// Whether redirects are followed; true by default.
    pub follow_redirects: bool,
    /// Whether HTTP/2 is offered over TLS. Not set means true, but Prometheus' `remote_write`
    /// means false by it: such a caller fills it in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable_http2: Option<bool>,
    /// The proxy for every request that `no_proxy` does not name: http, https or socks5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy_url: Option<ProxyUrl>,
    /// Addresses, networks and domains that are reached directly, separated by commas.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_proxy: Option<String>,
    /// Whether HTTP_PROXY, HTTPS_PROXY and NO_PROXY of the [`Environment`](crate::Environment) count.
    pub proxy_from_environment: bool,
    /// Headers for the proxy, sent with CONNECT only.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub proxy_connect_header: BTreeMap<String, Vec<Secret>>,
    /// Headers added to those that a request has.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub http_headers: BTreeMap<String, HeaderSources>,
    /// Headers that replace those that a request has (`headers` of `remote_write`). Their values
    /// are often keys, so they are kept as secrets.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, Secret>,
}

impl Default for HttpClientConfig {
    fn default() -> Self {
        Self {
            basic_auth: None,
            authorization: None,
            bearer_token: None,
            bearer_token_file: None,
            oauth2: None,
            sigv4: None,
            azuread: None,
            tls_config: None,
            follow_redirects: true,
            enable_http2: None,
            proxy_url: None,
            no_proxy: None,
            proxy_from_environment: false,
            proxy_connect_header: BTreeMap::new(),
            http_headers: BTreeMap::new(),
            headers: BTreeMap::new(),
        }
    }
}

impl HttpClientConfig {
    /// The names of all keys at the top of the block, for callers that inline it into one of theirs.
    pub const KEYS: &[&str] = &[
        "basic_auth",
        "authorization",
        "bearer_token",
        "bearer_token_file",
        "oauth2",
        "sigv4",
        "azuread",
        "tls_config",
        "follow_redirects",
        "enable_http2",
        "proxy_url",
        "no_proxy",
        "proxy_from_environment",
        "proxy_connect_header",
        "http_headers",
        "headers",
    ];

    /// Every rule that the settings break, in the order of the keys; empty when there is none.
    ///
    /// Files are not read and nothing is resolved: that is [`Client::new`](crate::Client::new)'s work.
    pub fn validate(&self) -> Vec<Mistake> {
        let mut mistakes = Mistakes::default();
        auth::check(self, &mut mistakes);
        if let Some(oauth2) = &self.oauth2 {
            oauth2.check(&mut mistakes.under("oauth2"));
        }
        if let Some(sigv4) = &self.sigv4 {
            sigv4.check(&mut mistakes.under("sigv4"));
        }
        if let Some(azuread) = &self.azuread {
            azuread.check(&mut mistakes.under("azuread"));
        }
        if let Some(tls) = &self.tls_config {
            tls.check(&mut mistakes.under("tls_config"));
        }
        self.proxy_keys().check(&mut mistakes);
        headers::check(self, &mut mistakes);
        mistakes.into()
    }

    /// What works, but not as it seems to: for a warning in the log.
    pub fn warnings(&self) -> Vec<Mistake> {
        let mut warnings = Mistakes::default();
        if let Some(tls) = &self.tls_config {
            tls.warn(&mut warnings.under("tls_config"));
        }
        if let Some(tls) = self.oauth2.as_ref().and_then(|oauth2| oauth2.tls_config.as_ref()) {
            tls.warn(&mut warnings.under("oauth2.tls_config"));
        }
        warnings.into()
    }

    pub(crate) fn proxy_keys(&self) -> ProxyKeys<'_> {
        ProxyKeys {
            url: self.proxy_url.as_ref(),
            no_proxy: self.no_proxy.as_deref().filter(|list| !list.is_empty()),
            from_environment: self.proxy_from_environment,
            connect_header: &self.proxy_connect_header,
        }
    }
}

/// A text that is set and not empty.
pub(crate) fn text(value: &Option<String>) -> Option<&str> {
    value.as_deref().filter(|text| !text.is_empty())
}

/// A secret that is set and not empty.
pub(crate) fn secret(value: &Option<Secret>) -> Option<&Secret> {
    value.as_ref().filter(|secret| !secret.expose().is_empty())
}

/// A path that is set and not empty.
pub(crate) fn path(value: &Option<PathBuf>) -> Option<&PathBuf> {
    value.as_ref().filter(|path| !path.as_os_str().is_empty())
}
