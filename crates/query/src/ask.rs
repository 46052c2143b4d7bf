use pql::Matcher;
use profile_model::TimeRange;

/// Which profiles are wanted: of which service and type, with which labels, and when.
///
/// It means the same to a Pyroscope and to a Parca: regular expressions have to match a whole value, and the span
/// is half-open, so that a profile on the border of two spans is in one of them only.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Ask {
    /// The service: a value of the deployment's service label. All services if there is none.
    pub service: Option<String>,
    /// The profile type: a full id or a short name. Without one it is CPU time, and where the selection has none of
    /// that, what it has.
    pub type_name: Option<String>,
    /// What else the labels must be.
    pub matchers: Vec<Matcher>,
    /// From the start up to the end, the latter excluded.
    pub range: TimeRange,
    /// The labels of the series that are told apart.
    pub group_by: Vec<String>,
}

impl Ask {
    /// All services, and whatever type there is.
    pub fn new(range: TimeRange) -> Self {
        Self { service: None, type_name: None, matchers: Vec::new(), range, group_by: Vec::new() }
    }

    /// Only profiles of this type.
    #[must_use]
    pub fn of_type(mut self, name: impl Into<String>) -> Self {
        self.type_name = Some(name.into());
        self
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
    pub(crate) fn all_matchers(&self, service_label: &str) -> Vec<Matcher> {
        let service = self.service.as_ref().map(|service| Matcher::equal(service_label, service));
        service.into_iter().chain(self.matchers.iter().cloned()).collect()
    }
}
