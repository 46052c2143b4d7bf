//! The three calls to Vault's HTTP API (v1) that a token takes: log in by Kubernetes, read from KV v2, renew.

use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderValue, Method, Request};
use http_config::{Client, Environment, HttpClientConfig, TlsConfig};
use parca_client::Secret;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use url::Url;

use super::Error;

const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// What a login without a lease lives; then it is made anew.
const UNKNOWN_LEASE: Duration = Duration::from_secs(3600);

/// Vault at one address.
pub(super) struct Api {
    base: String,
    http: Client,
    namespace: Option<HeaderValue>,
}

/// A login, and how long it is good for.
pub(super) struct Lease {
    token: Secret,
    pub(super) length: Duration,
    pub(super) renewable: bool,
}

#[derive(Deserialize)]
struct Login {
    auth: Auth,
}

#[derive(Deserialize)]
struct Auth {
    client_token: Secret,
    #[serde(default)]
    lease_duration: u64,
    #[serde(default)]
    renewable: bool,
}

#[derive(Deserialize)]
struct Refusal {
    #[serde(default)]
    errors: Vec<String>,
}

impl Api {
    /// `VAULT_CACERT`, `VAULT_CAPATH`, `VAULT_CLIENT_CERT`, `VAULT_CLIENT_KEY`, `VAULT_TLS_SERVER_NAME`,
    /// `VAULT_SKIP_VERIFY` and `VAULT_NAMESPACE` mean what they mean to Vault's own command.
    pub(super) fn new(url: &Url, environment: &Environment) -> Result<Self, Error> {
        let mut config = HttpClientConfig::default();
        config.proxy_from_environment = true;
        config.tls_config = Some(tls(environment)?);
        let namespace = environment.get("VAULT_NAMESPACE").map(HeaderValue::from_str);
        Ok(Self {
            base: url.as_str().trim_end_matches('/').to_owned(),
            http: Client::new(&config, environment)?,
            namespace: namespace.transpose().map_err(|_| "VAULT_NAMESPACE: expected printable ASCII")?,
        })
    }

    /// Logs in by a Kubernetes service account.
    pub(super) async fn login(&self, mount: &str, role: &str, jwt: &Secret) -> Result<Lease, Error> {
        let body = json!({"role": role, "jwt": jwt.expose()});
        self.call(Method::POST, &format!("auth/{mount}/login"), None, Some(&body)).await.map(Login::lease)
    }

    /// Makes a login last longer.
    pub(super) async fn renew(&self, lease: &Lease) -> Result<Lease, Error> {
        let body = json!({});
        self.call(Method::POST, "auth/token/renew-self", Some(lease), Some(&body)).await.map(Login::lease)
    }

    /// One key of the newest version of a secret.
    pub(super) async fn read(
        &self,
        lease: &Lease,
        mount: &str,
        path: &str,
        key: &str,
    ) -> Result<Secret, Error> {
        let answer: Value =
            self.call(Method::GET, &format!("{mount}/data/{path}"), Some(lease), None).await?;
        match &answer["data"]["data"][key] {
            Value::String(text) => Ok(Secret::new(text.as_str())),
            Value::Null => Err(format!("the secret has no key `{key}`").into()),
            _ => Err(format!("expected a text as `{key}` of the secret, found something else").into()),
        }
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        lease: Option<&Lease>,
        body: Option<&Value>,
    ) -> Result<T, Error> {
        let mut request = Request::builder().method(method).uri(format!("{}/v1/{path}", self.base));
        if let Some(lease) = lease {
            let mut token = HeaderValue::from_str(lease.token.expose())?;
            token.set_sensitive(true);
            request = request.header("x-vault-token", token);
        }
        if let Some(namespace) = &self.namespace {
            request = request.header("x-vault-namespace", namespace);
        }
        let body = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
        let request = request.header("x-vault-request", "true").body(body)?;
        let answer = self.http.send(request, Instant::now() + CALL_TIMEOUT).await;
        let answer = answer.map_err(|error| words::with_causes(&error))?;
        if answer.status().is_success() {
            // The cause would quote what is not as expected, which may be the secret.
            return serde_json::from_slice(answer.body())
                .map_err(|_| "it answered with no JSON of Vault's".into());
        }
        let refusal: Option<Refusal> = serde_json::from_slice(answer.body()).ok();
        let errors = refusal.map(|refusal| refusal.errors.join(" ")).unwrap_or_default();
        let errors = errors.split_whitespace().collect::<Vec<_>>().join(" ");
        Err(format!("it answered {}: {errors}", answer.status().as_u16()).into())
    }
}

impl Login {
    fn lease(self) -> Lease {
        let length = match self.auth.lease_duration {
            0 => UNKNOWN_LEASE,
            seconds => Duration::from_secs(seconds),
        };
        Lease { token: self.auth.client_token, length, renewable: self.auth.renewable }
    }
}

fn tls(environment: &Environment) -> Result<TlsConfig, Error> {
    let mut tls = TlsConfig::default();
    let file = |name| environment.get(name).map(Into::into);
    tls.ca_file = file("VAULT_CACERT");
    if let (None, Some(folder)) = (&tls.ca_file, environment.get("VAULT_CAPATH")) {
        tls.ca = Some(
            authorities(Path::new(folder)).map_err(|error| format!("VAULT_CAPATH `{folder}`: {error}"))?,
        );
    }
    tls.cert_file = file("VAULT_CLIENT_CERT");
    tls.key_file = file("VAULT_CLIENT_KEY");
    tls.server_name = environment.get("VAULT_TLS_SERVER_NAME").map(str::to_owned);
    tls.insecure_skip_verify = environment
        .get("VAULT_SKIP_VERIFY")
        .is_some_and(|text| matches!(text, "1" | "t" | "T" | "true" | "TRUE" | "True"));
    Ok(tls)
}

/// All certificates of a folder, one after the other.
fn authorities(folder: &Path) -> std::io::Result<String> {
    let mut all = String::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_file() {
            all.push_str(credentials::read_secret(&path)?.expose());
            all.push('\n');
        }
    }
    Ok(all)
}
