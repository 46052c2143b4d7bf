use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_config::{Authorization, BasicAuth, Environment, HttpClientConfig, Secret, TlsConfig};
use parca_client::{HttpVersion, Protocol as ParcaProtocol, Token};
use pyroscope_client::{Access, AccessCommand};

use super::{Backend, BackendError, Server};
use crate::deployments::{Deployment, Kind, Protocol};

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
        None => Access::Http { config: Box::new(http(deployment)), environment },
    };
    pyroscope_client::Client::new(&settings).map_err(|error| settings_error(deployment, error))
}

fn http(deployment: &Deployment) -> HttpClientConfig {
    let mut config = HttpClientConfig::default();
    config.proxy_from_environment = true;
    if deployment.token.is_some() || deployment.token_file.is_some() {
        let mut authorization = Authorization::default();
        authorization.credentials.clone_from(&deployment.token);
        authorization.credentials_file.clone_from(&deployment.token_file);
        config.authorization = Some(authorization);
    } else if let Some(username) = &deployment.username {
        let mut basic = BasicAuth::default();
        basic.username = Some(username.clone());
        basic.password.clone_from(&deployment.password);
        basic.password_file.clone_from(&deployment.password_file);
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
    config
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
    if let Some(token) = &deployment.token {
        settings.token = Token::Value(token.clone());
    } else if let Some(path) = &deployment.token_file {
        settings.token = Token::File(path.clone());
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

/// The password for a header that is written here.
fn password(deployment: &Deployment) -> Result<Option<Secret>, BackendError> {
    match (&deployment.password, &deployment.password_file) {
        (Some(password), _) => Ok(Some(password.clone())),
        (None, None) => Ok(None),
        (None, Some(path)) => credentials::read_secret(path).map(Some).map_err(|source| {
            let error = format!("`password_file`: cannot read `{}`: {source}", path.display());
            settings_error(deployment, std::io::Error::new(source.kind(), error))
        }),
    }
}

fn settings_error(
    deployment: &Deployment,
    source: impl std::error::Error + Send + Sync + 'static,
) -> BackendError {
    BackendError::Settings { name: deployment.name.clone(), source: Box::new(source) }
}
