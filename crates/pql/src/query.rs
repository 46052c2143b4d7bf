use std::fmt;

use crate::{Matcher, NAME_LABEL, ParseError, ProfileType, ProfileTypeError, Selector};

/// What a Parca query asks for: one profile type, and matchers on labels.
///
/// `Display` prints text that the server takes; a profile type that is no legal metric name goes
/// into the quoted form `{"...", ...}`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Query {
    /// The profile type.
    pub profile_type: ProfileType,
    /// Matchers, none of them on `__name__`.
    pub matchers: Vec<Matcher>,
}

/// Why a text is no query. `Display` gives the details; [`server_text`](QueryError::server_text)
/// what a Parca server answers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// The text is no selector.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// The selector has no name.
    #[error("query must contain a profile-type selection")]
    NoProfileType,
    /// The name is no profile type.
    #[error(transparent)]
    ProfileType(#[from] ProfileTypeError),
}

impl QueryError {
    /// The text of the server's `INVALID_ARGUMENT` answer; it never tells a position or reason.
    pub fn server_text(&self) -> String {
        match self {
            QueryError::Parse(_) => "failed to parse query".to_owned(),
            QueryError::NoProfileType | QueryError::ProfileType(_) => self.to_string(),
        }
    }

    /// For people: the message, and for parse errors the source line with a caret.
    pub fn report(&self) -> String {
        match self {
            QueryError::Parse(error) => error.report(),
            QueryError::NoProfileType | QueryError::ProfileType(_) => self.to_string(),
        }
    }
}

impl Query {
    /// Everything of one type.
    pub fn all(profile_type: ProfileType) -> Self {
        Self { profile_type, matchers: Vec::new() }
    }

    /// The query with every regular expression anchored, see [`Matcher::anchored`].
    pub fn anchored(&self) -> Self {
        Self {
            profile_type: self.profile_type.clone(),
            matchers: self.matchers.iter().map(Matcher::anchored).collect(),
        }
    }
}

impl TryFrom<Selector> for Query {
    type Error = QueryError;

    fn try_from(selector: Selector) -> Result<Self, QueryError> {
        let name = selector.winning_name().ok_or(QueryError::NoProfileType)?;
        let profile_type = name.parse()?;
        let mut matchers = selector.matchers;
        matchers.retain(|matcher| matcher.name() != NAME_LABEL);
        Ok(Self { profile_type, matchers })
    }
}

impl From<Query> for Selector {
    fn from(query: Query) -> Self {
        Self { metric_name: Some(query.profile_type.to_string()), matchers: query.matchers }
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Selector::from(self.clone()).fmt(f)
    }
}
