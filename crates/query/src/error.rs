use std::fmt;

use pql::ProfileType;
use profile_model::TimeRange;

/// What is wrong with a parameter.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Mistake {
    /// The parameter's name.
    pub parameter: String,
    /// What was expected, and what was found.
    pub message: String,
    /// The text of a query with a caret below the place of the mistake.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caret: Option<String>,
    /// What may have been meant.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<String>,
}

impl Mistake {
    /// A mistake without candidates.
    pub fn new(parameter: impl Into<String>, message: impl Into<String>) -> Self {
        Self { parameter: parameter.into(), message: message.into(), caret: None, candidates: Vec::new() }
    }

    /// With what may have been meant.
    #[must_use]
    pub fn or(mut self, candidates: impl IntoIterator<Item = impl ToString>) -> Self {
        self.candidates = candidates.into_iter().map(|candidate| candidate.to_string()).collect();
        self
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.parameter, self.message)
    }
}

/// Where nothing was found, and when there is something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Searched {
    /// The queries that were asked.
    pub queries: Vec<String>,
    /// The span.
    pub range: TimeRange,
    /// When the same queries have data, ends included, exact to the minute; nothing if never, or if
    /// the server did not say.
    pub data: Option<TimeRange>,
    /// Labels that the types have, where it is the matchers that nothing matched.
    pub labels: Vec<String>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AskError {
    /// The question cannot be asked of this server.
    #[error("{0}")]
    Mistake(Mistake),
    /// Nothing matched.
    #[error("no data for {}", .0.queries.join(", "))]
    Nothing(Box<Searched>),
    /// The server has no profiles at all.
    #[error("the Parca has no profiles yet")]
    Empty,
    /// The server failed or could not be reached.
    #[error("the Parca did not answer")]
    Server(#[from] parca_client::Error),
    /// The server answered with something that is not a report.
    #[error("expected a report on `{profile_type}`, found something else")]
    Answer {
        /// What was asked about.
        profile_type: Box<ProfileType>,
        /// What is wrong with it.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
