//! Requests signed for AWS.
//!
//! The signature is made by AWS' own `aws-sigv4`. Where keys come from is written here: `aws-config`
//! brings 145 crates and a second TLS provider, and reqsign's providers fix the address of STS.

mod container;
mod keys;
mod machine;
mod profile;
mod sign;
mod sts;

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{Request, Uri};
use http_body_util::Full;
use tokio::sync::{Mutex, OnceCell};

use super::proxies::Proxies;
use super::transport::Transport;
use crate::config::{SigV4, TlsConfig, text};
use crate::{ConfigError, CredentialError, Environment};
use keys::Keys;

/// Keys are renewed this long before they end: the AWS SDK for Go's value.
const EARLY: Duration = Duration::from_secs(30);
/// The longest answer that keys are read from.
const MAX_ANSWER_BYTES: usize = 1 << 20;

pub(super) struct Signer {
    settings: SigV4,
    environment: Environment,
    /// To STS: through the environment's proxies.
    outside: Transport,
    /// To the container's and the machine's own addresses, never through a proxy.
    inside: Transport,
    /// Held across the fetch on purpose, as for tokens: one request at a time asks.
    kept: Mutex<Option<Keys>>,
    /// The machine's region, which is asked for over the network and does not change.
    machine_region: OnceCell<String>,
}

impl Signer {
    pub(super) fn new(settings: &SigV4, environment: &Environment) -> Result<Self, ConfigError> {
        let proxies = Proxies::of_environment(environment)?;
        let transport = |proxies| Transport::new("sigv4", &TlsConfig::default(), proxies, false);
        Ok(Self {
            settings: settings.clone(),
            environment: environment.clone(),
            outside: transport(proxies)?,
            inside: transport(Proxies::default())?,
            kept: Mutex::new(None),
            machine_region: OnceCell::new(),
        })
    }

    /// Signs a request as it will go out; nothing may change in it afterwards.
    pub(super) async fn sign(
        &self,
        request: &mut Request<Full<Bytes>>,
        body: &Bytes,
    ) -> Result<(), CredentialError> {
        if request.headers().contains_key(AUTHORIZATION) {
            return Ok(());
        }
        let region = self.region(request.uri()).await?;
        let keys = self.keys(&region).await?;
        let scope = sign::Scope {
            region: &region,
            service: text(&self.settings.service_name).unwrap_or("aps"),
            time: SystemTime::now(),
        };
        sign::sign(request, body, &keys, &scope)
    }

    /// Drops keys that were fetched; false if there were none.
    pub(super) async fn forget(&self) -> bool {
        self.kept.lock().await.take().is_some_and(|keys| keys.ends.is_some())
    }

    async fn keys(&self, region: &str) -> Result<Keys, CredentialError> {
        let mut kept = self.kept.lock().await;
        let now = SystemTime::now();
        if let Some(keys) = kept.as_ref().filter(|keys| keys.ends.is_some_and(|ends| now + EARLY < ends)) {
            return Ok(keys.clone());
        }
        let mut keys = self.base(region).await?;
        if let Some(role) = text(&self.settings.role_arn) {
            let external_id = text(&self.settings.external_id);
            keys = self.assume_role(region, &keys, role, external_id).await?;
        }
        *kept = Some(keys.clone());
        Ok(keys)
    }

    /// The first of the AWS SDK's sources that has keys.
    async fn base(&self, region: &str) -> Result<Keys, CredentialError> {
        let environment = &self.environment;
        if let (Some(id), Some(key)) = (text(&self.settings.access_key), &self.settings.secret_key) {
            return Ok(Keys::lasting(id, key.expose(), None));
        }
        if let Some(name) = text(&self.settings.profile) {
            return self
                .profile(region, name)
                .await?
                .ok_or_else(|| failed(format!("no keys in profile `{name}`")));
        }
        if let Some(keys) = Keys::from_environment(environment) {
            return Ok(keys);
        }
        if let (Some(file), Some(role)) =
            (environment.get("AWS_WEB_IDENTITY_TOKEN_FILE"), environment.get("AWS_ROLE_ARN"))
        {
            return self.web_identity(region, file, role, environment.get("AWS_ROLE_SESSION_NAME")).await;
        }
        if let Some(keys) = self.profile(region, self.default_profile()).await? {
            return Ok(keys);
        }
        if let Some(keys) = self.container().await? {
            return Ok(keys);
        }
        let nowhere =
            "no keys in the settings, the environment, the shared files, the container or the machine";
        self.machine().await?.ok_or_else(|| failed(nowhere.to_owned()))
    }

    fn default_profile(&self) -> &str {
        self.environment.get("AWS_PROFILE").unwrap_or("default")
    }

    async fn region(&self, uri: &Uri) -> Result<String, CredentialError> {
        let environment = &self.environment;
        let named = text(&self.settings.region)
            .or_else(|| environment.get("AWS_REGION"))
            .or_else(|| environment.get("AWS_DEFAULT_REGION"));
        if let Some(region) = named {
            return Ok(region.to_owned());
        }
        let profile = text(&self.settings.profile).unwrap_or_else(|| self.default_profile());
        if let Some(region) = self.read_profiles().await.get(profile, "region") {
            return Ok(region.to_owned());
        }
        // `aps-workspaces.<region>.amazonaws.com`
        let mut labels = uri.host().unwrap_or_default().split('.');
        if let (Some("aps-workspaces"), Some(region), Some("amazonaws")) =
            (labels.next(), labels.next(), labels.next())
        {
            return Ok(region.to_owned());
        }
        let ask = async || {
            self.ask_region().await?.ok_or_else(|| failed("no region: set `sigv4.region`".to_owned()))
        };
        self.machine_region.get_or_try_init(ask).await.cloned()
    }
}

/// No keys, for a reason without a cause of its own.
fn failed(reason: String) -> CredentialError {
    CredentialError::Aws { reason }
}
