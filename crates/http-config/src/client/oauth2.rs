//! Tokens: fetched, kept, renewed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body_util::Full;
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::form_urlencoded::{Serializer, byte_serialize};

use super::proxies::Proxies;
use super::source::Source;
use super::token_answer::{MAX_ANSWER_BYTES, TokenAnswer};
use super::transport::Transport;
use super::{header_value, jwt};
use crate::config::{Grant, Mistake, OAuth2, path, secret};
use crate::error::shown;
use crate::{ConfigError, CredentialError, Environment, Secret, SendError};

/// A token is renewed this long before it ends: Go's value.
const EARLY: Duration = Duration::from_secs(10);

pub(super) struct TokenSource {
    oauth2: OAuth2,
    grant: Grant,
    url: Uri,
    credential: Source,
    transport: Transport,
    /// Whether this server wants id and secret in the form instead of the header.
    in_form: AtomicBool,
    /// Held across the fetch on purpose: one request at a time asks, the others take its answer.
    /// The deadline of each covers its waiting.
    kept: Mutex<Option<Token>>,
}

struct Token {
    authorization: Secret,
    /// What it was got with; another secret needs another token.
    credential: Secret,
    /// None without an end, as Go takes an answer that does not tell.
    ends: Option<Instant>,
}

impl TokenSource {
    pub(super) fn new(oauth2: &OAuth2, environment: &Environment) -> Result<Self, ConfigError> {
        let invalid = |(key, message): (&str, String)| {
            ConfigError::Invalid(vec![Mistake { path: format!("oauth2.{key}"), message }].into())
        };
        let grant = oauth2.grant().map_err(invalid)?;
        let url =
            oauth2.token_url.parse().map_err(|_| invalid(("token_url", "expected a URL".to_owned())))?;
        let tls = oauth2.tls_config.clone().unwrap_or_default();
        let proxies = Proxies::new(&oauth2.proxy_keys(), environment)?;
        Ok(Self {
            grant,
            url,
            credential: credential(oauth2, grant),
            transport: Transport::new("oauth2.tls_config", &tls, proxies, true)?,
            oauth2: oauth2.clone(),
            in_form: AtomicBool::new(false),
            kept: Mutex::new(None),
        })
    }

    /// The value of the Authorization header, from a token that still holds or a new one.
    pub(super) async fn authorization(
        &self,
        user_agent: Option<HeaderValue>,
    ) -> Result<Secret, CredentialError> {
        let credential = self.credential.read().await?;
        let mut kept = self.kept.lock().await;
        if let Some(token) = kept.as_ref()
            && token.credential == credential
            && token.ends.is_none_or(|ends| Instant::now() < ends)
        {
            return Ok(token.authorization.clone());
        }
        let token = self.fetch(credential, user_agent).await?;
        let authorization = token.authorization.clone();
        *kept = Some(token);
        Ok(authorization)
    }

    /// Drops the token; false if there was none.
    pub(super) async fn forget(&self) -> bool {
        self.kept.lock().await.take().is_some()
    }

    async fn fetch(
        &self,
        credential: Secret,
        user_agent: Option<HeaderValue>,
    ) -> Result<Token, CredentialError> {
        let answer = match self.grant {
            Grant::Jwt(algorithm) => {
                let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                let assertion = jwt::assertion(&self.oauth2, algorithm, credential.expose(), now)?;
                let form = self.form(&[("assertion", &assertion)]);
                self.ask(form, None, &user_agent).await?
            }
            Grant::ClientCredentials => self.ask_either_way(&credential, &user_agent).await?,
        };
        self.token(answer, credential)
    }

    /// Servers differ in where they want id and secret: the header first, then the form, and what
    /// worked is remembered (as in Go's `AuthStyleAutoDetect`).
    async fn ask_either_way(
        &self,
        secret: &Secret,
        user_agent: &Option<HeaderValue>,
    ) -> Result<Response<Bytes>, CredentialError> {
        let id = &self.oauth2.client_id;
        if !self.in_form.load(Ordering::Relaxed) {
            let encode = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
            let header = header_value::basic(&encode(id), &encode(secret.expose()));
            let answer = self.ask(self.form(&[]), Some(header), user_agent).await?;
            if !matches!(answer.status(), StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED) {
                return Ok(answer);
            }
        }
        let mut fields = vec![("client_id", id.as_str())];
        if !secret.expose().is_empty() {
            fields.push(("client_secret", secret.expose()));
        }
        let answer = self.ask(self.form(&fields), None, user_agent).await?;
        self.in_form.store(answer.status().is_success(), Ordering::Relaxed);
        Ok(answer)
    }

    /// The form with `endpoint_params`, which replace the grant's name but nothing else.
    fn form(&self, fields: &[(&str, &str)]) -> String {
        let params = &self.oauth2.endpoint_params;
        let scope = self.oauth2.scopes.join(" ");
        let grant = params.get("grant_type").map_or(self.grant.name(), Secret::expose);
        let mut form = Serializer::new(String::new());
        form.append_pair("grant_type", grant);
        if !scope.is_empty() {
            form.append_pair("scope", &scope);
        }
        form.extend_pairs(fields);
        let taken = |name: &str| {
            let scope_set = name == "scope" && !scope.is_empty();
            name == "grant_type" || scope_set || fields.iter().any(|(field, _)| *field == name)
        };
        for (name, value) in params.iter().filter(|(name, _)| !taken(name)) {
            form.append_pair(name, value.expose());
        }
        form.finish()
    }

    async fn ask(
        &self,
        form: String,
        authorization: Option<HeaderValue>,
        user_agent: &Option<HeaderValue>,
    ) -> Result<Response<Bytes>, CredentialError> {
        let mut request = Request::new(Full::new(Bytes::from(form)));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.url.clone();
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.extend(authorization.map(|value| (AUTHORIZATION, value)));
        headers.extend(user_agent.clone().map(|value| (USER_AGENT, value)));
        let answer = self.transport.send(request, MAX_ANSWER_BYTES).await;
        answer.map_err(|source: SendError| CredentialError::TokenServer {
            url: shown(&self.url),
            source: Box::new(source),
        })
    }

    fn token(&self, answer: Response<Bytes>, credential: Secret) -> Result<Token, CredentialError> {
        let answer = TokenAnswer::read(shown(&self.url), &answer)?;
        let kept = answer.lifetime().map(|lifetime| lifetime.saturating_sub(EARLY));
        let ends = kept.and_then(|kept| Instant::now().checked_add(kept));
        Ok(Token { authorization: answer.authorization(), credential, ends })
    }
}

fn credential(oauth2: &OAuth2, grant: Grant) -> Source {
    match grant {
        Grant::ClientCredentials => {
            let file = path(&oauth2.client_secret_file);
            Source::new(secret(&oauth2.client_secret), "oauth2.client_secret_file", file)
        }
        Grant::Jwt(_) => {
            let file = path(&oauth2.client_certificate_key_file);
            let key = secret(&oauth2.client_certificate_key);
            Source::new(key, "oauth2.client_certificate_key_file", file)
        }
    }
}
