use std::fs::File;
use std::io::Read;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_config::{Authorization, BasicAuth, Environment, HttpClientConfig, Secret, TlsConfig};
use parca_client::{HttpVersion, Protocol as ParcaProtocol, Token};
use pyroscope_client::{Access, AccessCommand};

use super::{Backend, BackendError, Server};
use crate::deployments::{Deployment, Kind, Protocol};

/// The most of a file with a token that is read.
const MAX_SECRET_BYTES: u64 = 64 * 1024;

impl Backend {
    /// Checks the settings of a deployment and reads the files that they name. Nothing is sent.
    ///
    /// # Errors
    /// What is wrong with the settings.
    pub fn connect(deployment: &Deployment) -> Result<Self, BackendError> {
        Self::connect_through(deployment, Environment::empty())
    }

    /// As [`connect`](Self::connect), over the proxies that variables name (`HTTPS_PROXY` and its like).
    /// A Parca is reached directly.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub fn connect_through(deployment: &Deployment, environment: Environment) -> Result<Self, BackendError> {
        let server = match deployment.kind {
            Kind::Pyroscope => Server::Pyroscope(pyroscope(deployment, environment)?),
            Kind::Parca => Server::Parca(parca(deployment)?),
        };
        Ok(Self { deployment: deployment.clone(), server })
    }
}

impl Backend {
    /// A Parca that is reached by a client of its own settings.
    pub fn of_parca(client: parca_client::Client) -> Self {
        let deployment = Deployment::new(client.url(), Kind::Parca, client.url());
        Self { deployment, server: Server::Parca(client) }
    }
}

fn pyroscope(
    deployment: &Deployment,
    environment: Environment,
) -> Result<pyroscope_client::Client, BackendError> {
    let mut settings = pyroscope_client::Settings::new(&deployment.url);
    settings.tenant.clone_from(&deployment.tenant);
    settings.timeout = deployment.timeout.unwrap_or(Deployment::DEFAULT_TIMEOUT);
    settings.max_response_bytes = deployment.max_answer_bytes.unwrap_or(Deployment::DEFAULT_MAX_ANSWER_BYTES);
    settings.access = match &deployment.access_command {
        Some(command) => {
            Access::Command(AccessCommand::parse(command).map_err(|error| settings_error(deployment, error))?)
        }
        None => Access::Http { config: Box::new(http(deployment)?), environment },
    };
    pyroscope_client::Client::new(&settings).map_err(|error| settings_error(deployment, error))
}

fn http(deployment: &Deployment) -> Result<HttpClientConfig, BackendError> {
    let mut config = HttpClientConfig::default();
    config.proxy_from_environment = true;
    if let Some(token) = token(deployment)? {
        let mut authorization = Authorization::default();
        authorization.credentials = Some(token);
        config.authorization = Some(authorization);
    } else if let Some(username) = &deployment.username {
        let mut basic = BasicAuth::default();
        basic.username = Some(username.clone());
        basic.password = password(deployment)?;
        config.basic_auth = Some(basic);
    }
    config.headers = headers(deployment).map(|(name, value)| (name.to_owned(), value.clone())).collect();
    let mut tls = TlsConfig::default();
    tls.ca_file.clone_from(&deployment.ca_file);
    tls.cert_file.clone_from(&deployment.cert_file);
    tls.key_file.clone_from(&deployment.key_file);
    tls.server_name.clone_from(&deployment.server_name);
    tls.insecure_skip_verify = deployment.insecure_skip_verify;
    if tls != TlsConfig::default() {
        config.tls_config = Some(tls);
    }
    Ok(config)
}

fn parca(deployment: &Deployment) -> Result<parca_client::Client, BackendError> {
    let mut settings = parca_client::Settings::new(&deployment.url);
    settings.protocol = match deployment.protocol {
        Protocol::GrpcWeb => ParcaProtocol::GrpcWeb(HttpVersion::Http1),
        Protocol::Grpc => ParcaProtocol::Grpc,
    };
    settings.timeout = deployment.timeout.unwrap_or(Deployment::DEFAULT_TIMEOUT);
    settings.max_message_bytes = deployment.max_answer_bytes.unwrap_or(Deployment::DEFAULT_MAX_ANSWER_BYTES);
    settings.headers =
        headers(deployment).map(|(name, value)| (name.to_owned(), value.expose().to_owned())).collect();
    if let Some(token) = token(deployment)? {
        settings.token = Token::Value(token.expose().to_owned().into());
    } else if let Some(username) = &deployment.username {
        let password = password(deployment)?;
        let pair = format!("{username}:{}", password.as_ref().map_or("", Secret::expose));
        settings.headers.push(("authorization".to_owned(), format!("Basic {}", STANDARD.encode(pair))));
    }
    if let Some(tenant) = &deployment.tenant {
        settings.headers.push(("x-scope-orgid".to_owned(), tenant.clone()));
    }
    settings.tls.ca_file.clone_from(&deployment.ca_file);
    settings.tls.cert_file.clone_from(&deployment.cert_file);
    settings.tls.key_file.clone_from(&deployment.key_file);
    settings.tls.server_name.clone_from(&deployment.server_name);
    settings.tls.insecure_skip_verify = deployment.insecure_skip_verify;
    parca_client::Client::new(&settings).map_err(|error| settings_error(deployment, error))
}

/// The headers that were set, and Cloudflare's: they go beside a token, as behind it there may be a
/// server that wants one.
fn headers(deployment: &Deployment) -> impl Iterator<Item = (&str, &Secret)> {
    let cloudflare = [
        ("CF-Access-Client-Id", &deployment.cf_access_client_id),
        ("CF-Access-Client-Secret", &deployment.cf_access_client_secret),
    ];
    let has_both = cloudflare.iter().all(|(_, secret)| secret.is_some());
    let cloudflare = cloudflare.into_iter().filter_map(|(name, secret)| Some((name, secret.as_ref()?)));
    let own = deployment.headers.iter().map(|(name, value)| (name.as_str(), value));
    own.chain(cloudflare.filter(move |_| has_both))
}

fn token(deployment: &Deployment) -> Result<Option<Secret>, BackendError> {
    one_of(deployment, "token_file", &deployment.token, deployment.token_file.as_deref())
}

fn password(deployment: &Deployment) -> Result<Option<Secret>, BackendError> {
    one_of(deployment, "password_file", &deployment.password, deployment.password_file.as_deref())
}

fn one_of(
    deployment: &Deployment,
    key: &str,
    value: &Option<Secret>,
    file: Option<&Path>,
) -> Result<Option<Secret>, BackendError> {
    match (value, file) {
        (Some(value), _) => Ok(Some(value.clone())),
        (None, None) => Ok(None),
        (None, Some(path)) => read(path).map(Some).map_err(|source| {
            let error = format!("`{key}`: cannot read `{}`: {source}", path.display());
            settings_error(deployment, std::io::Error::new(source.kind(), error))
        }),
    }
}

fn read(path: &Path) -> std::io::Result<Secret> {
    let mut text = String::new();
    File::open(path)?.take(MAX_SECRET_BYTES).read_to_string(&mut text)?;
    Ok(Secret::new(text.trim()))
}

fn settings_error(
    deployment: &Deployment,
    source: impl std::error::Error + Send + Sync + 'static,
) -> BackendError {
    BackendError::Settings { name: deployment.name.clone(), source: Box::new(source) }
}
