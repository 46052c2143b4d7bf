//! The Authorization header.

use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderMap, USER_AGENT};
use http::{Request, StatusCode};
use http_body_util::Full;

use super::cloud::Cloud;
use super::header_value::{basic, header};
use super::oauth2::TokenSource;
use super::source::Source;
use crate::config::{Authorization, BasicAuth, path, secret};
use crate::{ConfigError, CredentialError, Environment, HttpClientConfig, Secret};

pub(super) enum Auth {
    None,
    Basic { username: Source, password: Source },
    Scheme { scheme: String, credentials: Source },
    OAuth2(Box<TokenSource>),
    Cloud(Cloud),
}

impl Auth {
    /// The one way that valid settings have.
    pub(super) fn new(config: &HttpClientConfig, environment: &Environment) -> Result<Self, ConfigError> {
        if let Some(basic_auth) = &config.basic_auth {
            return Ok(Self::basic(basic_auth));
        }
        if let Some(authorization) = &config.authorization {
            return Ok(Self::scheme(authorization));
        }
        if let Some(oauth2) = &config.oauth2 {
            return Ok(Self::OAuth2(Box::new(TokenSource::new(oauth2, environment)?)));
        }
        if let Some(cloud) = Cloud::new(config, environment)? {
            return Ok(Self::Cloud(cloud));
        }
        let (token, file) = (secret(&config.bearer_token), path(&config.bearer_token_file));
        if token.is_none() && file.is_none() {
            return Ok(Self::None);
        }
        let credentials = Source::new(token, "bearer_token_file", file);
        Ok(Self::Scheme { scheme: "Bearer".to_owned(), credentials })
    }

    fn basic(basic_auth: &BasicAuth) -> Self {
        let username = basic_auth.username.clone().filter(|name| !name.is_empty()).map(Secret::new);
        let (username_file, password_file) =
            (path(&basic_auth.username_file), path(&basic_auth.password_file));
        Self::Basic {
            username: Source::new(username.as_ref(), "basic_auth.username_file", username_file),
            password: Source::new(secret(&basic_auth.password), "basic_auth.password_file", password_file),
        }
    }

    fn scheme(authorization: &Authorization) -> Self {
        let file = path(&authorization.credentials_file);
        let credentials =
            Source::new(secret(&authorization.credentials), "authorization.credentials_file", file);
        Self::Scheme { scheme: authorization.scheme().to_owned(), credentials }
    }

    /// Adds the header unless the request has one.
    pub(super) async fn apply(&self, headers: &mut HeaderMap) -> Result<(), CredentialError> {
        if headers.contains_key(AUTHORIZATION) {
            return Ok(());
        }
        let value = match self {
            Self::None => return Ok(()),
            Self::Basic { username, password } => {
                basic(username.read().await?.expose(), password.read().await?.expose())
            }
            Self::Scheme { scheme, credentials } => {
                header(&format!("{scheme} {}", credentials.read().await?.expose()), "authorization")?
            }
            Self::OAuth2(tokens) => {
                let user_agent = headers.get(USER_AGENT).cloned();
                header(tokens.authorization(user_agent).await?.expose(), "oauth2")?
            }
            Self::Cloud(cloud) => match cloud.authorization().await? {
                Some(value) => header(value.expose(), "azuread")?,
                // A signature comes last, over all headers.
                None => return Ok(()),
            },
        };
        headers.insert(AUTHORIZATION, value);
        Ok(())
    }

    /// Signs what is otherwise ready to go, where signatures are asked for.
    pub(super) async fn sign(
        &self,
        request: &mut Request<Full<Bytes>>,
        body: &Bytes,
    ) -> Result<(), CredentialError> {
        match self {
            Self::Cloud(cloud) => cloud.sign(request, body).await,
            _ => Ok(()),
        }
    }

    /// After a refusal: drops what was fetched. True if there was something, so that trying again
    /// makes sense.
    pub(super) async fn forget(&self, status: StatusCode) -> bool {
        match self {
            Self::OAuth2(tokens) => status == StatusCode::UNAUTHORIZED && tokens.forget().await,
            Self::Cloud(cloud) => cloud.forget(status).await,
            // Files were read for the very request that failed.
            Self::None | Self::Basic { .. } | Self::Scheme { .. } => false,
        }
    }
}
