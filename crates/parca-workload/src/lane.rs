//! One lane per kind of API call.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A kind of API call, in the order of the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lane {
    /// All label names, into a shared map whose entries expire.
    Labels,
    /// The values of a label of that map.
    Values,
    /// All profile types, into a shared map whose entries expire.
    ProfileTypes,
    /// Every type over each span.
    QueryRange,
    /// One profile at a random time of a known series.
    QuerySingle,
    /// Each series, merged over each span.
    QueryMerge,
}

impl Lane {
    /// Every lane.
    pub const ALL: [Self; 6] = [
        Self::Labels,
        Self::Values,
        Self::ProfileTypes,
        Self::QueryRange,
        Self::QuerySingle,
        Self::QueryMerge,
    ];

    /// The lane's name, as flags and tables have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Labels => "labels",
            Self::Values => "values",
            Self::ProfileTypes => "profile-types",
            Self::QueryRange => "query-range",
            Self::QuerySingle => "query-single",
            Self::QueryMerge => "query-merge",
        }
    }

    /// The pace that the original's README promises.
    pub fn default_interval(self) -> Duration {
        Duration::from_secs(match self {
            Self::Labels | Self::Values => 5,
            Self::ProfileTypes | Self::QuerySingle => 10,
            Self::QueryRange | Self::QueryMerge => 15,
        })
    }

    /// Whether its first call needs what other lanes learn.
    pub(crate) fn depends_on_others(self) -> bool {
        !matches!(self, Self::Labels | Self::ProfileTypes)
    }

    /// Discovery is tried again within its interval, queries never are: as in the original.
    pub(crate) fn is_retried(self) -> bool {
        matches!(self, Self::Labels | Self::Values | Self::ProfileTypes)
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Lane {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|lane| lane.name() == name).ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|lane| lane.name()).collect();
            format!("expected one of {}, found `{name}`", names.join(", "))
        })
    }
}
