use std::time::SystemTime;

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde::Deserialize;

use crate::{Environment, Secret};

/// What requests are signed with.
#[derive(Clone)]
pub(super) struct Keys {
    pub(super) id: String,
    pub(super) key: Secret,
    pub(super) session_token: Option<Secret>,
    /// None for keys that last: they are looked up each time, files may change.
    pub(super) ends: Option<SystemTime>,
}

impl Keys {
    pub(super) fn lasting(id: &str, key: &str, session_token: Option<&str>) -> Self {
        Self {
            id: id.to_owned(),
            key: Secret::new(key),
            session_token: session_token.map(Secret::new),
            ends: None,
        }
    }

    pub(super) fn from_environment(environment: &Environment) -> Option<Self> {
        let id = environment.get("AWS_ACCESS_KEY_ID").or_else(|| environment.get("AWS_ACCESS_KEY"))?;
        let key = environment.get("AWS_SECRET_ACCESS_KEY").or_else(|| environment.get("AWS_SECRET_KEY"))?;
        Some(Self::lasting(id, key, environment.get("AWS_SESSION_TOKEN")))
    }
}

/// Keys as STS and the container write them.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Written {
    pub(super) access_key_id: Secret,
    pub(super) secret_access_key: Secret,
    #[serde(alias = "SessionToken")]
    pub(super) token: Option<Secret>,
    pub(super) expiration: Option<String>,
}

impl Written {
    /// None for a time that is none, and for empty keys.
    pub(super) fn read(self) -> Option<Keys> {
        if self.access_key_id.expose().is_empty() || self.secret_access_key.expose().is_empty() {
            return None;
        }
        let ends = match &self.expiration {
            Some(text) => Some(SystemTime::try_from(DateTime::from_str(text, Format::DateTime).ok()?).ok()?),
            None => None,
        };
        let id = self.access_key_id.expose().to_owned();
        Some(Keys { id, key: self.secret_access_key, session_token: self.token, ends })
    }
}
