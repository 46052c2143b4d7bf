use std::fmt;

/// A method of Parca's services that this client calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Method {
    /// Values over time.
    QueryRange,
    /// One profile, merged or not, as a report.
    Query,
    /// The profile types that exist.
    ProfileTypes,
    /// The label names that exist.
    Labels,
    /// The values of one label.
    Values,
    /// Whether there is any data.
    HasProfileData,
    /// Storing pprof profiles.
    WriteRaw,
    /// Storing a batch of an agent's.
    WriteArrow,
    /// The targets that the server scrapes.
    Targets,
    /// Who wrote profiles lately.
    Agents,
    /// gRPC's health check.
    Health,
}

impl Method {
    /// Every method, in the order of the declaration.
    pub const ALL: [Self; 11] = [
        Self::QueryRange,
        Self::Query,
        Self::ProfileTypes,
        Self::Labels,
        Self::Values,
        Self::HasProfileData,
        Self::WriteRaw,
        Self::WriteArrow,
        Self::Targets,
        Self::Agents,
        Self::Health,
    ];

    /// The method's own name, such as `QueryRange`.
    pub fn as_str(self) -> &'static str {
        self.path().rsplit_once('/').map_or("", |(_, name)| name)
    }

    /// The path on the wire: `/<package>.<service>/<method>`.
    pub fn path(self) -> &'static str {
        match self {
            Self::QueryRange => "/parca.query.v1alpha1.QueryService/QueryRange",
            Self::Query => "/parca.query.v1alpha1.QueryService/Query",
            Self::ProfileTypes => "/parca.query.v1alpha1.QueryService/ProfileTypes",
            Self::Labels => "/parca.query.v1alpha1.QueryService/Labels",
            Self::Values => "/parca.query.v1alpha1.QueryService/Values",
            Self::HasProfileData => "/parca.query.v1alpha1.QueryService/HasProfileData",
            Self::WriteRaw => "/parca.profilestore.v1alpha1.ProfileStoreService/WriteRaw",
            Self::WriteArrow => "/parca.profilestore.v1alpha1.ProfileStoreService/WriteArrow",
            Self::Targets => "/parca.scrape.v1alpha1.ScrapeService/Targets",
            Self::Agents => "/parca.profilestore.v1alpha1.AgentsService/Agents",
            Self::Health => "/grpc.health.v1.Health/Check",
        }
    }

    /// Whether a second execution changes nothing. Writes are summed, so they count twice.
    pub fn is_idempotent(self) -> bool {
        !matches!(self, Self::WriteRaw | Self::WriteArrow)
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
