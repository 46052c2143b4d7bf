use pql::{Matcher, ProfileType};
use profile_model::TimeRange;

use super::{Backend, BackendError, default_type, resolve_type};
use crate::deployments::Kind;

/// Which stacks are wanted.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Ask {
    /// The service: a value of the deployment's service label. All if there is none.
    pub service: Option<String>,
    /// The profile type: a full id or a short name.
    pub type_name: String,
    /// What else the labels must be.
    pub matchers: Vec<Matcher>,
    /// When.
    pub range: TimeRange,
}

impl Ask {
    /// All services.
    pub fn new(type_name: impl Into<String>, range: TimeRange) -> Self {
        Self { service: None, type_name: type_name.into(), matchers: Vec::new(), range }
    }

    /// Only this service.
    #[must_use]
    pub fn of_service(mut self, service: impl Into<String>) -> Self {
        self.service = Some(service.into());
        self
    }

    /// Only where these match, too.
    #[must_use]
    pub fn matching(mut self, matchers: Vec<Matcher>) -> Self {
        self.matchers = matchers;
        self
    }

    /// All matchers, that for the service first.
    pub(super) fn all_matchers(&self, service_label: &str) -> Vec<Matcher> {
        let service = self.service.as_ref().map(|service| Matcher::equal(service_label, service));
        service.into_iter().chain(self.matchers.iter().cloned()).collect()
    }
}

impl Backend {
    /// The profile type that is meant. On a Pyroscope, full ids and the scripts' short names need no
    /// look at the server.
    pub(super) async fn type_of(&self, ask: &Ask) -> Result<ProfileType, BackendError> {
        if self.kind() == Kind::Pyroscope
            && let Some(profile_type) = default_type(&ask.type_name)
        {
            return Ok(profile_type);
        }
        // Which of its types a service has takes a Parca a call for each.
        self.looked_up_type(ask, self.kind() == Kind::Pyroscope).await
    }

    /// The profile type that is meant, among those that there are, or only those that the service has.
    pub(super) async fn looked_up_type(
        &self,
        ask: &Ask,
        of_service: bool,
    ) -> Result<ProfileType, BackendError> {
        let service = ask.service.as_deref().filter(|_| of_service);
        let mut known = self.profile_types(service, ask.range).await?;
        if known.is_empty() && service.is_some() {
            known = self.profile_types(None, ask.range).await?;
        }
        if known.is_empty() {
            return match default_type(&ask.type_name) {
                Some(profile_type) => Ok(profile_type),
                None => Err(BackendError::Nothing(Box::new(self.why_there_is_none(ask, None).await?))),
            };
        }
        Ok(resolve_type(&ask.type_name, &known)?)
    }
}
