use std::fmt;

/// What is wrong with a parameter of a question.
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
    pub fn with_candidates(mut self, candidates: impl IntoIterator<Item = impl ToString>) -> Self {
        self.candidates = candidates.into_iter().map(|candidate| candidate.to_string()).collect();
        self
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.parameter, self.message)
    }
}
