use std::collections::BTreeMap;

use crate::Secret;

/// The environment variables that count, handed in: this library reads none itself.
///
/// Values may hold credentials (`HTTP_PROXY=http://user:password@host`), so none is printed.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    variables: BTreeMap<String, Secret>,
}

impl Environment {
    /// No variable at all.
    pub fn empty() -> Self {
        Self::default()
    }

    /// A variable that is set and not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(Secret::expose).filter(|value| !value.is_empty())
    }

    /// The variable in capitals or, failing that, in small letters.
    pub(crate) fn either_case(&self, name: &str) -> Option<&str> {
        self.get(name).or_else(|| self.get(&name.to_ascii_lowercase()))
    }
}

/// From pairs of name and value, such as `std::env::vars()`.
impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        let variables = variables.into_iter();
        Self { variables: variables.map(|(name, value)| (name.into(), Secret::new(value))).collect() }
    }
}
