//! The bearer token from Vault: Kubernetes auth, KV v2, renewed while the process runs.

use std::error::Error as _;
use std::time::Duration;

use backoff::{Backoff, Policy};
use ops::Hint;
use parca_client::SharedToken;
use secrecy::SecretString;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;
use url::Url;
use vaultrs::api::AuthInfo;
use vaultrs::client::{Client, VaultClient, VaultClientSettingsBuilder};
use vaultrs::error::ClientError;

use crate::args::VaultConfig;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// Where secrets are mounted, as in the original.
const MOUNT: &str = "secret";
/// What a login without a lease lives; then it is made anew.
const UNKNOWN_LEASE: Duration = Duration::from_secs(3600);
/// How soon a failed renewal is tried again at first, and at the latest.
const FIRST_RETRY: Duration = Duration::from_secs(1);
const LAST_RETRY: Duration = Duration::from_secs(30);
const CALL_TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Deserialize)]
struct Secret {
    token: SecretString,
}

/// Logs in, reads the token, and keeps both fresh until `stop`.
///
/// # Errors
/// Vault refuses or cannot be reached now. Later failures are logged and tried again; the token
/// that was read last stays in use.
pub(crate) async fn start(config: VaultConfig, stop: CancellationToken) -> Result<SharedToken, Error> {
    let session = Session::login(config).await?;
    let token = SharedToken::new(session.read_token().await?)?;
    tokio::spawn({
        let token = token.clone();
        async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = session.keep_fresh(&token) => {}
            }
        }
    });
    Ok(token)
}

struct Session {
    config: VaultConfig,
    client: VaultClient,
    lease: Duration,
    renewable: bool,
}

impl Session {
    async fn login(config: VaultConfig) -> Result<Self, Error> {
        let mut client = client(&config.url)?;
        let auth = login(&client, &config).await?;
        client.set_token(&auth.client_token);
        let (lease, renewable) = lease(&auth);
        tracing::info!(url = %config.url, role = config.role, ?lease, "logged in to Vault");
        Ok(Self { config, client, lease, renewable })
    }

    async fn read_token(&self) -> Result<SecretString, Error> {
        let path = &self.config.token_path;
        let secret: Secret = vaultrs::kv2::read(&self.client, MOUNT, path).await.map_err(|error| {
            let hint =
                format!("the role needs `read` on `{MOUNT}/data/{path}`, and the secret a key `token`");
            Hint::new(format!("cannot read `{MOUNT}/{path}` from Vault: {}", words(&error)), hint)
        })?;
        Ok(secret.token)
    }

    /// Renews at two thirds of the lease, and logs in again where it cannot be renewed.
    async fn keep_fresh(mut self, token: &SharedToken) {
        let mut wait = self.lease * 2 / 3;
        let mut retries: Option<Backoff> = None;
        loop {
            tokio::time::sleep(wait).await;
            wait = match self.refresh(token).await {
                Ok(()) => {
                    retries = None;
                    self.lease * 2 / 3
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot renew the token from Vault; trying again");
                    // A third of the lease is left: several attempts fit in.
                    let longest = LAST_RETRY.min(self.lease / 10).max(Duration::from_millis(100));
                    let policy = Policy::doubling(FIRST_RETRY, longest);
                    let retries = retries.get_or_insert_with(|| Backoff::unseeded(policy));
                    retries.wait(Duration::ZERO).unwrap_or(longest)
                }
            };
        }
    }

    async fn refresh(&mut self, token: &SharedToken) -> Result<(), Error> {
        let renewed = match self.renewable {
            true => vaultrs::token::renew_self(&self.client, None).await.ok(),
            false => None,
        };
        let auth = match renewed {
            Some(auth) => auth,
            None => {
                let auth = login(&self.client, &self.config).await?;
                self.client.set_token(&auth.client_token);
                auth
            }
        };
        (self.lease, self.renewable) = lease(&auth);
        token.set(self.read_token().await?)?;
        tracing::debug!(lease = ?self.lease, "renewed the token from Vault");
        Ok(())
    }
}

fn client(url: &Url) -> Result<VaultClient, Error> {
    // The library takes the process' default. Fails where there is one already, which is as good.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    let settings = VaultClientSettingsBuilder::default()
        .address(url.clone())
        .token("")
        .timeout(Some(CALL_TIMEOUT))
        .build()
        .map_err(|error| format!("-vault-url: {error}"))?;
    Ok(VaultClient::new(settings)?)
}

async fn login(client: &VaultClient, config: &VaultConfig) -> Result<AuthInfo, Error> {
    let file = config.jwt_file.display();
    let jwt = tokio::fs::read_to_string(&config.jwt_file).await.map_err(|error| {
        Hint::new(
            format!("cannot read the service account's token `{file}`: {error}"),
            "outside Kubernetes, name the file with -vault-jwt-file",
        )
    })?;
    let login = vaultrs::auth::kubernetes::login(client, "kubernetes", &config.role, jwt.trim()).await;
    Ok(login.map_err(|error| {
        format!("cannot log in to Vault at `{}` as `{}`: {}", config.url, config.role, words(&error))
    })?)
}

fn lease(auth: &AuthInfo) -> (Duration, bool) {
    let lease =
        if auth.lease_duration == 0 { UNKNOWN_LEASE } else { Duration::from_secs(auth.lease_duration) };
    (lease, auth.renewable)
}

/// What Vault said, or why it could not be asked.
fn words(error: &ClientError) -> String {
    match error {
        ClientError::APIError { code, errors } => {
            let errors: Vec<&str> = errors.iter().flat_map(|error| error.split_whitespace()).collect();
            format!("it answered {code}: {}", errors.join(" "))
        }
        // The cause quotes what is not as expected, which may be the secret.
        ClientError::JsonParseError { .. } => error.to_string(),
        _ => {
            let causes = std::iter::successors(error.source(), |&cause| cause.source());
            causes.fold(error.to_string(), |words, cause| format!("{words}: {cause}"))
        }
    }
}
