use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use credentials::Secret;
use http::HeaderValue;

use super::bearer::bearer;

/// A bearer token that changes while clients use it, as one with a lease does. Clones share it.
#[derive(Clone)]
pub struct SharedToken(Arc<RwLock<HeaderValue>>);

/// A token that cannot be sent. The message does not show it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadToken(String);

impl SharedToken {
    /// A token to begin with.
    ///
    /// # Errors
    /// The text cannot be part of a header.
    pub fn new(token: Secret) -> Result<Self, BadToken> {
        Ok(Self(Arc::new(RwLock::new(header(&token)?))))
    }

    /// The token of every call from now on.
    ///
    /// # Errors
    /// The text cannot be part of a header; the token before stays.
    pub fn set(&self, token: Secret) -> Result<(), BadToken> {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = header(&token)?;
        Ok(())
    }

    pub(crate) fn header(&self) -> HeaderValue {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn header(token: &Secret) -> Result<HeaderValue, BadToken> {
    bearer(token.expose()).map_err(BadToken)
}

impl fmt::Debug for SharedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedToken(..)")
    }
}
