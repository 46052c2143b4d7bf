use std::collections::BTreeMap;
use std::path::PathBuf;

use http::Uri;
use serde::{Deserialize, Serialize};

use super::mistake::{Report, Under};
use super::proxy::ProxyKeys;
use super::{ProxyUrl, TlsConfig, path, secret, text};
use crate::Secret;

/// The grant's name on the wire and in `grant_type`.
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const CLIENT_CREDENTIALS: &str = "client_credentials";

/// `oauth2`: tokens from a token server, with the client-credentials or the JWT grant.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct OAuth2 {
    /// Who asks; required.
    pub client_id: String,
    /// The client's secret, for the client-credentials grant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<Secret>,
    /// A file with it; a change fetches a new token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret_file: Option<PathBuf>,
    /// Known to Prometheus, not supported here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret_ref: Option<String>,
    /// An RSA key (PEM, PKCS#1 or PKCS#8), for the JWT grant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_certificate_key: Option<Secret>,
    /// A file with it; a change fetches a new token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_certificate_key_file: Option<PathBuf>,
    /// Known to Prometheus, not supported here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_certificate_key_ref: Option<String>,
    /// The key's name in the JWT's header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_certificate_key_id: Option<String>,
    /// `client_credentials` (default) or `urn:ietf:params:oauth:grant-type:jwt-bearer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant_type: Option<String>,
    /// RS256 (default), RS384 or RS512.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature_algorithm: Option<String>,
    /// The JWT's issuer; `client_id` by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// The JWT's audience; `token_url` by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// Further claims of the JWT; they win over the usual ones.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub claims: BTreeMap<String, serde_json::Value>,
    /// Asked for, joined by spaces.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// Where tokens are; required.
    pub token_url: String,
    /// Further parameters of the token request. `grant_type` may be replaced, other parameters may not.
    /// Often holds a password, hence not shown.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub endpoint_params: BTreeMap<String, Secret>,
    /// TLS for the token server alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_config: Option<TlsConfig>,
    /// The proxy for the token server alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy_url: Option<ProxyUrl>,
    /// As at the top.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_proxy: Option<String>,
    /// As at the top.
    pub proxy_from_environment: bool,
    /// As at the top.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub proxy_connect_header: BTreeMap<String, Vec<Secret>>,
}

/// How a token is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grant {
    ClientCredentials,
    Jwt(JwtAlgorithm),
}

impl Grant {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ClientCredentials => CLIENT_CREDENTIALS,
            Self::Jwt(_) => JWT_BEARER,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JwtAlgorithm {
    Rs256,
    Rs384,
    Rs512,
}

impl JwtAlgorithm {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
        }
    }
}

impl OAuth2 {
    /// The grant, or the mistake in the keys that name it.
    pub(crate) fn grant(&self) -> Result<Grant, (&'static str, String)> {
        match text(&self.grant_type) {
            None | Some(CLIENT_CREDENTIALS) => Ok(Grant::ClientCredentials),
            Some(JWT_BEARER) => self.algorithm().map(Grant::Jwt),
            Some(other) => {
                let message = format!("expected `{CLIENT_CREDENTIALS}` or `{JWT_BEARER}`, found `{other}`");
                Err(("grant_type", message))
            }
        }
    }

    fn algorithm(&self) -> Result<JwtAlgorithm, (&'static str, String)> {
        match text(&self.signature_algorithm) {
            None | Some("RS256") => Ok(JwtAlgorithm::Rs256),
            Some("RS384") => Ok(JwtAlgorithm::Rs384),
            Some("RS512") => Ok(JwtAlgorithm::Rs512),
            Some(other) => {
                Err(("signature_algorithm", format!("expected RS256, RS384 or RS512, found `{other}`")))
            }
        }
    }

    pub(crate) fn proxy_keys(&self) -> ProxyKeys<'_> {
        ProxyKeys {
            url: self.proxy_url.as_ref(),
            no_proxy: self.no_proxy.as_deref().filter(|list| !list.is_empty()),
            from_environment: self.proxy_from_environment,
            connect_header: &self.proxy_connect_header,
        }
    }

    pub(super) fn check(&self, mistakes: &mut Under<'_>) {
        if self.client_id.is_empty() {
            mistakes.add("client_id", "required".to_owned());
        }
        self.check_token_url(mistakes);
        match self.grant() {
            Ok(Grant::ClientCredentials) => self.check_secret(mistakes),
            Ok(Grant::Jwt(_)) => self.check_key(mistakes),
            Err((key, message)) => mistakes.add(key, message),
        }
        mistakes.unsupported(&[
            ("client_secret_ref", &self.client_secret_ref),
            ("client_certificate_key_ref", &self.client_certificate_key_ref),
        ]);
        if let Some(tls) = &self.tls_config {
            tls.check(&mut mistakes.under("tls_config"));
        }
        self.proxy_keys().check(mistakes);
    }

    fn check_token_url(&self, mistakes: &mut impl Report) {
        if self.token_url.is_empty() {
            mistakes.add("token_url", "required".to_owned());
            return;
        }
        let url = self.token_url.parse::<Uri>().ok();
        let known = url.is_some_and(|url| matches!(url.scheme_str(), Some("http" | "https")));
        if !known {
            mistakes.add("token_url", "expected an http or https URL".to_owned());
        }
    }

    fn check_secret(&self, mistakes: &mut impl Report) {
        mistakes.at_most_one(&[
            ("client_secret", secret(&self.client_secret).is_some()),
            ("client_secret_file", path(&self.client_secret_file).is_some()),
            ("client_secret_ref", text(&self.client_secret_ref).is_some()),
        ]);
    }

    fn check_key(&self, mistakes: &mut impl Report) {
        let keys = [
            ("client_certificate_key", secret(&self.client_certificate_key).is_some()),
            ("client_certificate_key_file", path(&self.client_certificate_key_file).is_some()),
            ("client_certificate_key_ref", text(&self.client_certificate_key_ref).is_some()),
        ];
        mistakes.at_most_one(&keys);
        if keys.iter().all(|(_, set)| !set) {
            mistakes.add("client_certificate_key", "required by this `grant_type`, or its file".to_owned());
        }
    }
}
