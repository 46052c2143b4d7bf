//! Which profile types a question means.

use pql::ProfileType;

use super::names::{DEFAULT_TYPE, TypeError, default_type, resolve_type, resolve_types, sorted};
use super::{Backend, BackendError};
use crate::Ask;
use crate::deployments::Kind;

impl Backend {
    /// The profile type that is meant. On a Pyroscope, full ids and the scripts' short names need no look at the
    /// server.
    pub(super) async fn type_of(&self, ask: &Ask) -> Result<ProfileType, BackendError> {
        let name = ask.type_name.as_deref().unwrap_or(DEFAULT_TYPE);
        if self.kind() == Kind::Pyroscope
            && let Some(profile_type) = default_type(name)
        {
            return Ok(profile_type);
        }
        if ask.type_name.is_some() {
            return self.looked_up_type(ask).await;
        }
        // Whether the selection has any is found out by asking for it.
        match self.looked_up_type(ask).await {
            Err(BackendError::Type(error)) => default_type(name).ok_or(BackendError::Type(error)),
            other => other,
        }
    }

    /// The profile type that is meant among those that the selection has.
    pub(super) async fn looked_up_type(&self, ask: &Ask) -> Result<ProfileType, BackendError> {
        let name = ask.type_name.as_deref().unwrap_or(DEFAULT_TYPE);
        let known = self.known_types(ask).await?;
        match resolve_type(name, &known) {
            // Which of several types a service has takes a Parca a call for each, so only those are asked about.
            Err(TypeError::Several { types, name }) if ask.service.is_some() => {
                let service = ask.service.as_deref().unwrap_or_default();
                let own = self.types_of_service(&types, service, ask.range).await?;
                match <[ProfileType; 1]>::try_from(own) {
                    Ok([one]) => Ok(one),
                    Err(own) => {
                        Err(TypeError::Several { types: if own.is_empty() { types } else { own }, name }
                            .into())
                    }
                }
            }
            found => Ok(found?),
        }
    }

    /// All profile types that a name may mean, or all there are without one.
    pub(super) async fn types_of(&self, ask: &Ask) -> Result<Vec<ProfileType>, BackendError> {
        let known = self.known_types(ask).await?;
        match &ask.type_name {
            None => Ok(sorted(known)),
            Some(name) => Ok(resolve_types(name, &known)?),
        }
    }

    /// The types that there are in the window, or where it has none at all, at any time.
    async fn known_types(&self, ask: &Ask) -> Result<Vec<ProfileType>, BackendError> {
        let service = ask.service.as_deref().filter(|_| self.kind() == Kind::Pyroscope);
        let mut known = self.profile_types(service, ask.range).await?;
        if known.is_empty() {
            known = self.profile_types(None, super::window::EVER).await?;
        }
        if known.is_empty() {
            return Err(BackendError::Nothing(Box::new(self.why_there_is_none(ask, None).await?)));
        }
        Ok(known)
    }
}
