use std::fmt;
use std::io;
use std::path::PathBuf;

/// What is wrong in a configuration, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigMistake {
    /// The line, from 1; 0 where there is no file.
    pub line: usize,
    /// What was expected, and what was found; never a secret.
    pub message: String,
}

impl ConfigMistake {
    pub(super) fn new(line: usize, message: impl Into<String>) -> Self {
        Self { line, message: message.into() }
    }
}

impl fmt::Display for ConfigMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.message),
            line => write!(f, "line {line}: {}", self.message),
        }
    }
}

/// Why there is no deployment.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// There is no file.
    #[error("no configuration file `{}`", .0.display())]
    Missing(PathBuf),
    /// The file cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is neither TOML nor what the scripts took for it.
    #[error("expected TOML; {}", list(.0))]
    Syntax(Vec<ConfigMistake>),
    /// The deployment that was asked for is described wrongly.
    #[error("deployment `{name}`: {}", list(mistakes))]
    Mistakes {
        /// The deployment's name.
        name: String,
        /// All of them; there is at least one.
        mistakes: Vec<ConfigMistake>,
    },
    /// There is no deployment of this name.
    #[error("expected a deployment, found `{name}`; {}", there_are(known))]
    Unknown {
        /// What was asked for.
        name: String,
        /// The deployments there are.
        known: Vec<String>,
        /// The one that may have been meant.
        nearest: Option<String>,
    },
    /// Both a Pyroscope and a Parca have this name.
    #[error("`{0}` is the name of a Pyroscope and of a Parca")]
    Ambiguous(String),
    /// Variables that cannot be used.
    #[error("environment: {}", list(.0))]
    Environment(Vec<ConfigMistake>),
}

impl ConfigError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Missing(path) => Some(format!(
                "write `[pyroscope.deployments.NAME]` with `url = \"https://...\"` into `{}`, or give --url",
                path.display()
            )),
            Self::Unknown { nearest: Some(nearest), .. } => Some(format!("did you mean `{nearest}`?")),
            Self::Ambiguous(_) => Some("say which with --backend pyroscope or --backend parca".to_owned()),
            _ => None,
        }
    }
}

fn list(mistakes: &[ConfigMistake]) -> String {
    mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn there_are(known: &[String]) -> String {
    match known {
        [] => "there are none".to_owned(),
        known => format!("there are {}", known.join(", ")),
    }
}
