//! Errors as the person reads them who must act.

use std::error::Error;
use std::fmt;

/// Advice that goes on a `hint:` line of its own; put it anywhere in an error's source chain.
#[derive(Debug, thiserror::Error)]
#[error("{source}")]
pub struct Hint {
    /// What to do, as one sentence without a full stop.
    pub hint: String,
    /// What went wrong.
    #[source]
    pub source: Box<dyn Error + Send + Sync>,
}

impl Hint {
    /// Adds advice to an error.
    pub fn new(source: impl Into<Box<dyn Error + Send + Sync>>, hint: impl fmt::Display) -> Self {
        Self { hint: hint.to_string(), source: source.into() }
    }
}

/// The lines for stderr: `error:` with the chain of causes, then each hint on its own line.
///
/// A cause whose text the line has already is left out.
pub fn describe(error: &(dyn Error + 'static)) -> String {
    let mut line = format!("error: {}", words::with_causes(error));
    let mut hints = Vec::new();
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(hint) = cause.downcast_ref::<Hint>() {
            hints.push(hint.hint.clone());
        }
        next = cause.source();
    }
    for hint in hints {
        line.push_str("\nhint: ");
        line.push_str(&hint);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot read `a`")]
    struct Outer(#[source] Hint);

    #[test]
    fn a_chain_is_one_line_and_hints_follow() {
        let error = Outer(Hint::new("no such file", "create it"));
        assert_eq!(describe(&error), "error: cannot read `a`: no such file\nhint: create it");
    }
}
