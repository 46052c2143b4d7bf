use std::fmt;

/// One broken rule: where, and what is wrong there.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mistake {
    /// The key, with dots: `oauth2.tls_config.ca_file`.
    pub path: String,
    /// What was expected, then what was found; no secret in it.
    pub message: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.path, self.message)
    }
}

/// All broken rules, one a line when printed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mistakes(Vec<Mistake>);

impl Mistakes {
    /// A view in which paths start with `key`.
    pub(crate) fn under(&mut self, key: &str) -> Under<'_> {
        Under { mistakes: self, prefix: format!("{key}.") }
    }

    /// One after the other, in the order of the keys.
    pub fn iter(&self) -> impl Iterator<Item = &Mistake> {
        self.0.iter()
    }
}

impl From<Vec<Mistake>> for Mistakes {
    fn from(mistakes: Vec<Mistake>) -> Self {
        Self(mistakes)
    }
}

impl From<Mistakes> for Vec<Mistake> {
    fn from(mistakes: Mistakes) -> Self {
        mistakes.0
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{mistake}")?;
        }
        Ok(())
    }
}

/// Where mistakes go, at any depth of the block.
pub(crate) trait Report {
    fn add(&mut self, key: &str, message: String);

    /// At most one of the keys may be set; the later ones of those that are get the mistake.
    fn at_most_one(&mut self, keys: &[(&str, bool)]) {
        let set: Vec<&str> = keys.iter().filter(|(_, set)| *set).map(|(key, _)| *key).collect();
        if let [first, others @ ..] = set.as_slice() {
            for other in others {
                self.add(other, format!("at most one of these may be set, but `{first}` is set too"));
            }
        }
    }

    /// Keys that need Prometheus' secret manager, which there is none of here.
    fn unsupported(&mut self, keys: &[(&str, &Option<String>)]) {
        for (key, value) in keys {
            if super::text(value).is_some() {
                self.add(key, "references to a secret manager are not supported".to_owned());
            }
        }
    }
}

impl Report for Mistakes {
    fn add(&mut self, key: &str, message: String) {
        self.0.push(Mistake { path: key.to_owned(), message });
    }
}

pub(crate) struct Under<'a> {
    mistakes: &'a mut Mistakes,
    prefix: String,
}

impl Under<'_> {
    pub(crate) fn under(&mut self, key: &str) -> Under<'_> {
        Under { prefix: format!("{}{key}.", self.prefix), mistakes: self.mistakes }
    }
}

impl Report for Under<'_> {
    fn add(&mut self, key: &str, message: String) {
        self.mistakes.add(&format!("{}{key}", self.prefix), message);
    }
}
