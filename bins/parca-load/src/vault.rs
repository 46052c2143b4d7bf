//! The bearer token from Vault: Kubernetes auth, KV v2, renewed while the process runs.

mod api;

use std::time::Duration;

use backoff::{Backoff, Policy};
use http_config::Environment;
use ops::Hint;
use parca_client::{Secret, SharedToken};
use tokio_util::sync::CancellationToken;

use self::api::{Api, Lease};
use crate::args::VaultConfig;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// Where secrets are mounted, as in the original.
const MOUNT: &str = "secret";
/// How soon a failed renewal is tried again at first, and at the latest.
const FIRST_RETRY: Duration = Duration::from_secs(1);
const LAST_RETRY: Duration = Duration::from_secs(30);

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
    api: Api,
    lease: Lease,
}

impl Session {
    async fn login(config: VaultConfig) -> Result<Self, Error> {
        let environment: Environment = ops::environment().collect();
        let api = Api::new(&config.url, &environment)?;
        let lease = login(&api, &config).await?;
        tracing::info!(url = %config.url, role = config.role, lease = ?lease.length, "logged in to Vault");
        Ok(Self { config, api, lease })
    }

    async fn read_token(&self) -> Result<Secret, Error> {
        let path = &self.config.token_path;
        self.api.read(&self.lease, MOUNT, path, "token").await.map_err(|error| {
            let hint =
                format!("the role needs `read` on `{MOUNT}/data/{path}`, and the secret a key `token`");
            Hint::new(format!("cannot read `{MOUNT}/{path}` from Vault: {error}"), hint).into()
        })
    }

    /// Renews at two thirds of the lease, and logs in again where it cannot be renewed.
    async fn keep_fresh(mut self, token: &SharedToken) {
        let mut wait = self.lease.length * 2 / 3;
        let mut retries: Option<Backoff> = None;
        loop {
            tokio::time::sleep(wait).await;
            wait = match self.refresh(token).await {
                Ok(()) => {
                    retries = None;
                    self.lease.length * 2 / 3
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot renew the token from Vault; trying again");
                    // A third of the lease is left: several attempts fit in.
                    let longest = LAST_RETRY.min(self.lease.length / 10).max(Duration::from_millis(100));
                    let policy = Policy::doubling(FIRST_RETRY, longest);
                    let retries = retries.get_or_insert_with(|| Backoff::unseeded(policy));
                    retries.wait(Duration::ZERO).unwrap_or(longest)
                }
            };
        }
    }

    async fn refresh(&mut self, token: &SharedToken) -> Result<(), Error> {
        let renewed = match self.lease.renewable {
            true => self.api.renew(&self.lease).await.ok(),
            false => None,
        };
        self.lease = match renewed {
            Some(lease) => lease,
            None => login(&self.api, &self.config).await?,
        };
        token.set(self.read_token().await?)?;
        tracing::debug!(lease = ?self.lease.length, "renewed the token from Vault");
        Ok(())
    }
}

async fn login(api: &Api, config: &VaultConfig) -> Result<Lease, Error> {
    let file = config.jwt_file.display();
    let jwt = tokio::fs::read_to_string(&config.jwt_file).await.map_err(|error| {
        Hint::new(
            format!("cannot read the service account's token `{file}`: {error}"),
            "outside Kubernetes, name the file with -vault-jwt-file",
        )
    })?;
    let login = api.login("kubernetes", &config.role, &Secret::new(jwt.trim())).await;
    Ok(login.map_err(|error| {
        format!("cannot log in to Vault at `{}` as `{}`: {error}", config.url, config.role)
    })?)
}
