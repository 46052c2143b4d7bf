//! As much of Vault as a program needs that gets a secret: Kubernetes login, KV version 2, renewal.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// What a [`Vault`] expects and hands out.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct VaultSettings {
    /// The one role that may log in. Default `parca-load`.
    pub role: String,
    /// The service account's token that goes with it.
    pub jwt: String,
    /// The one path under `secret/` that the role may read. Default `parca-load/token`.
    pub path: String,
    /// What the secret's key `token` is at first.
    pub secret: String,
    /// How long a login lives without renewal. Default an hour.
    pub lease: Duration,
    /// Whether a login may be renewed.
    pub renewable: bool,
}

impl VaultSettings {
    /// The defaults of parca-load, with these two secrets.
    pub fn new(jwt: &str, secret: &str) -> Self {
        Self {
            role: "parca-load".to_owned(),
            jwt: jwt.to_owned(),
            path: "parca-load/token".to_owned(),
            secret: secret.to_owned(),
            lease: Duration::from_secs(3600),
            renewable: true,
        }
    }
}

/// What a [`Vault`] was asked, refusals apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VaultCounts {
    /// Logins that succeeded.
    pub logins: u64,
    /// Renewals that succeeded.
    pub renewals: u64,
    /// Reads of the secret that succeeded.
    pub reads: u64,
    /// Whatever was refused.
    pub refusals: u64,
}

/// A server that speaks as Vault does, on a free port until dropped.
#[derive(Debug)]
pub struct Vault {
    address: SocketAddr,
    state: Shared,
    serving: JoinHandle<()>,
}

#[derive(Debug)]
struct Inner {
    settings: VaultSettings,
    counts: VaultCounts,
    session: Option<Session>,
    refuses_renewals: bool,
}

/// The last login; the ones before it are forgotten.
#[derive(Debug)]
struct Session {
    client_token: String,
    until: Instant,
}

type Shared = Arc<Mutex<Inner>>;
type Answer = (StatusCode, Json<Value>);

impl Vault {
    /// Listens on a free port.
    ///
    /// # Panics
    /// There is none.
    pub async fn start(settings: VaultSettings) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
        let address = listener.local_addr().expect("a listener has an address");
        let inner =
            Inner { settings, counts: VaultCounts::default(), session: None, refuses_renewals: false };
        let state = Arc::new(Mutex::new(inner));
        let router = Router::new()
            .route("/v1/auth/kubernetes/login", post(login))
            .route("/v1/secret/data/{*path}", get(read))
            .route("/v1/auth/token/renew-self", post(renew))
            .with_state(Arc::clone(&state));
        let serving = tokio::spawn(async move {
            axum::serve(listener, router).await.unwrap_or_else(|error| panic!("the Vault ended: {error}"));
        });
        Self { address, state, serving }
    }

    /// `http://host:port`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What was asked so far.
    pub fn counts(&self) -> VaultCounts {
        lock(&self.state).counts
    }

    /// Changes the secret; who reads it from now on gets this one.
    pub fn rotate(&self, secret: &str) {
        lock(&self.state).settings.secret = secret.to_owned();
    }

    /// From now on answers renewals with 403, as for a login that has reached its greatest age.
    pub fn refuse_renewals(&self) {
        lock(&self.state).refuses_renewals = true;
    }

    /// What the last login was given, to look for where it must not be.
    pub fn client_token(&self) -> Option<String> {
        lock(&self.state).session.as_ref().map(|session| session.client_token.clone())
    }
}

impl Drop for Vault {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn lock(state: &Shared) -> MutexGuard<'_, Inner> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Inner {
    fn refuse(&mut self, status: StatusCode, words: &str) -> Answer {
        self.counts.refusals += 1;
        (status, Json(json!({ "errors": [words] })))
    }

    fn is_logged_in(&self, headers: &HeaderMap) -> bool {
        let given = headers.get("x-vault-token").and_then(|value| value.to_str().ok());
        let session = self.session.as_ref().filter(|session| Instant::now() < session.until);
        session.is_some_and(|session| given == Some(&session.client_token))
    }

    fn grant(&mut self, client_token: String) -> Answer {
        let auth = json!({
            "client_token": client_token,
            "accessor": "accessor",
            "policies": ["default"],
            "token_policies": ["default"],
            "metadata": { "role": self.settings.role },
            "lease_duration": self.settings.lease.as_secs(),
            "renewable": self.settings.renewable,
            "entity_id": "entity",
            "token_type": "service",
            "orphan": true,
        });
        self.session = Some(Session { client_token, until: Instant::now() + self.settings.lease });
        answer("auth", auth)
    }
}

/// Vault's envelope.
fn answer(field: &str, content: Value) -> Answer {
    let mut body = json!({
        "request_id": "8e2dd2b1", "lease_id": "", "renewable": false, "lease_duration": 0,
        "data": null, "wrap_info": null, "warnings": null, "auth": null,
    });
    body[field] = content;
    (StatusCode::OK, Json(body))
}

/// As the real one, it asks for no content type.
async fn login(State(state): State<Shared>, body: String) -> Answer {
    let mut vault = lock(&state);
    let body: Value = serde_json::from_str(&body).unwrap_or_default();
    if body["role"] != vault.settings.role.as_str() {
        let words = format!("invalid role name {}", body["role"]);
        return vault.refuse(StatusCode::BAD_REQUEST, &words);
    }
    if body["jwt"] != vault.settings.jwt.as_str() {
        return vault.refuse(StatusCode::FORBIDDEN, "permission denied");
    }
    vault.counts.logins += 1;
    let client_token = format!("hvs.login-{}", vault.counts.logins);
    vault.grant(client_token)
}

async fn read(State(state): State<Shared>, Path(path): Path<String>, headers: HeaderMap) -> Answer {
    let mut vault = lock(&state);
    if !vault.is_logged_in(&headers) || path != vault.settings.path {
        return vault.refuse(StatusCode::FORBIDDEN, "1 error occurred:\n\t* permission denied\n\n");
    }
    vault.counts.reads += 1;
    let metadata = json!({
        "created_time": "2026-11-21T12:00:00.000000000Z", "custom_metadata": null,
        "deletion_time": "", "destroyed": false, "version": vault.counts.reads,
    });
    answer("data", json!({ "data": { "token": vault.settings.secret }, "metadata": metadata }))
}

async fn renew(State(state): State<Shared>, headers: HeaderMap) -> Answer {
    let mut vault = lock(&state);
    if !vault.is_logged_in(&headers) || vault.refuses_renewals || !vault.settings.renewable {
        return vault.refuse(StatusCode::FORBIDDEN, "permission denied");
    }
    vault.counts.renewals += 1;
    let client_token = vault.session.as_ref().map(|session| session.client_token.clone()).unwrap_or_default();
    vault.grant(client_token)
}
