//! What stands in for the clouds' ways to authenticate in a build without them: settings that ask for one are refused.

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::Full;

use crate::config::{Mistakes, Report};
use crate::{ConfigError, CredentialError, Environment, HttpClientConfig, Secret};

pub(super) enum Cloud {}

impl Cloud {
    pub(super) fn new(
        config: &HttpClientConfig,
        _environment: &Environment,
    ) -> Result<Option<Self>, ConfigError> {
        let mut mistakes = Mistakes::default();
        for (key, is_set) in [("sigv4", config.sigv4.is_some()), ("azuread", config.azuread.is_some())] {
            if is_set {
                mistakes.add(
                    key,
                    "this program was built without it (feature `cloud` of http-config)".to_owned(),
                );
            }
        }
        if mistakes.iter().next().is_some() {
            return Err(ConfigError::Invalid(mistakes));
        }
        Ok(None)
    }

    pub(super) async fn authorization(&self) -> Result<Option<Secret>, CredentialError> {
        match *self {}
    }

    pub(super) async fn sign(
        &self,
        _request: &mut Request<Full<Bytes>>,
        _body: &Bytes,
    ) -> Result<(), CredentialError> {
        match *self {}
    }

    pub(super) async fn forget(&self, _status: StatusCode) -> bool {
        match *self {}
    }
}
