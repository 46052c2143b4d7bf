//! Ways to authenticate that clouds have of their own: signatures for AWS, tokens of Microsoft Entra ID.

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::Full;

use super::aws::Signer;
use super::azure::AzureTokens;
use crate::{ConfigError, CredentialError, Environment, HttpClientConfig, Secret};

pub(super) enum Cloud {
    SigV4(Box<Signer>),
    Azure(Box<AzureTokens>),
}

impl Cloud {
    /// Nothing if the settings ask for none of them.
    pub(super) fn new(
        config: &HttpClientConfig,
        environment: &Environment,
    ) -> Result<Option<Self>, ConfigError> {
        if let Some(sigv4) = &config.sigv4 {
            return Ok(Some(Self::SigV4(Box::new(Signer::new(sigv4, environment)?))));
        }
        let Some(azuread) = &config.azuread else { return Ok(None) };
        Ok(Some(Self::Azure(Box::new(AzureTokens::new(azuread, environment)?))))
    }

    /// The header's value, where it is one that does not depend on the request.
    pub(super) async fn authorization(&self) -> Result<Option<Secret>, CredentialError> {
        match self {
            Self::SigV4(_) => Ok(None),
            Self::Azure(tokens) => tokens.authorization().await.map(Some),
        }
    }

    /// Signs what is otherwise ready to go, where signatures are asked for.
    pub(super) async fn sign(
        &self,
        request: &mut Request<Full<Bytes>>,
        body: &Bytes,
    ) -> Result<(), CredentialError> {
        match self {
            Self::SigV4(signer) => signer.sign(request, body).await,
            Self::Azure(_) => Ok(()),
        }
    }

    /// After a refusal: drops what was fetched, and says whether there was something. AWS says 403 where others say 401.
    pub(super) async fn forget(&self, status: StatusCode) -> bool {
        match self {
            Self::Azure(tokens) => status == StatusCode::UNAUTHORIZED && tokens.forget().await,
            Self::SigV4(signer) => {
                matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) && signer.forget().await
            }
        }
    }
}
