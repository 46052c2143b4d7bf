use pql::ProfileType;

use super::{Nothing, TypeError};
use crate::report::Form;

/// Why there is no answer. The server's words are kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackendError {
    /// The settings of the deployment cannot be used.
    #[error("deployment `{name}`")]
    Settings {
        /// The deployment's name.
        name: String,
        /// What is wrong.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A Pyroscope failed or could not be reached.
    #[error(transparent)]
    Pyroscope(#[from] pyroscope_client::Error),
    /// A Parca failed or could not be reached.
    #[error(transparent)]
    Parca(#[from] parca_client::Error),
    /// A server's own answer says that it failed.
    #[error("{url}: {code}: {message}")]
    Refused {
        /// What was asked.
        url: String,
        /// The status of HTTP, where there is one.
        status: Option<u16>,
        /// The server's code.
        code: String,
        /// The server's words.
        message: String,
    },
    /// The profile type is none, or several.
    #[error(transparent)]
    Type(#[from] TypeError),
    /// The question makes no sense here.
    #[error("{0}")]
    Usage(String),
    /// A form that shows one profile was asked for where there are several.
    #[error("expected one profile type for a report of type `{form}`, found {} with data", types.len())]
    OneOnly {
        /// The form.
        form: Form,
        /// The types that have data.
        types: Vec<ProfileType>,
    },
    /// A label to group by that none of the profiles has.
    #[error("expected a label that the profiles have, found `{label}`")]
    NoSuchLabel {
        /// What was asked for.
        label: String,
        /// The labels that there are, sorted.
        known: Vec<String>,
    },
    /// Nothing matched, and why.
    #[error("no data: {0}")]
    Nothing(Box<Nothing>),
    /// The server answered with something else than what was asked for.
    #[error("expected a profile, found something else")]
    Answer(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What a failure means for whoever asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// What failed while it ran.
    Failed,
    /// What was asked wrongly.
    Usage,
    /// There is nothing.
    NoData,
    /// No or wrong credentials.
    Auth,
}

impl BackendError {
    /// Whether what answered does not speak as a server of its kind does: another program, a proxy, a page.
    pub fn is_foreign(&self) -> bool {
        let is_odd = matches!(self.http_status(), Some(404 | 405 | 415)) || self.code() == "unimplemented";
        is_odd
            || matches!(self, Self::Pyroscope(error) if error.kind() == pyroscope_client::ErrorKind::NotPyroscope)
    }

    /// What it means.
    pub fn class(&self) -> Class {
        match self {
            Self::Settings { .. }
            | Self::Type(_)
            | Self::Usage(_)
            | Self::OneOnly { .. }
            | Self::NoSuchLabel { .. } => Class::Usage,
            Self::Nothing(_) => Class::NoData,
            Self::Pyroscope(error) if error.kind() == pyroscope_client::ErrorKind::Auth => Class::Auth,
            Self::Pyroscope(error) if error.kind() == pyroscope_client::ErrorKind::Request => Class::Usage,
            Self::Parca(error) if error.is_no_data() => Class::NoData,
            Self::Refused { status: Some(401 | 403), .. } => Class::Auth,
            _ if matches!(self.code(), "unauthenticated" | "permission_denied") => Class::Auth,
            _ => Class::Failed,
        }
    }

    /// The code of the failure in the vocabulary of gRPC and Connect.
    pub fn code(&self) -> &str {
        match self {
            Self::Settings { .. }
            | Self::Type(_)
            | Self::Usage(_)
            | Self::OneOnly { .. }
            | Self::NoSuchLabel { .. } => "invalid_argument",
            Self::Pyroscope(error) => error.code().as_str(),
            Self::Parca(error) => error.code().as_str(),
            Self::Refused { code, .. } => code,
            Self::Nothing(_) => "not_found",
            Self::Answer(_) => "internal",
        }
    }

    /// The status of the HTTP answer, where there was one and it is known.
    pub fn http_status(&self) -> Option<u16> {
        match self {
            Self::Pyroscope(error) => error.http_status(),
            Self::Refused { status, .. } => *status,
            _ => None,
        }
    }

    /// The URL that was asked, without credentials.
    pub fn url(&self) -> Option<&str> {
        match self {
            Self::Pyroscope(error) => error.url(),
            Self::Parca(error) => error.url(),
            Self::Refused { url, .. } => Some(url),
            _ => None,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Pyroscope(error) => error.hint().map(str::to_owned),
            Self::Parca(error) => error.hint().map(str::to_owned),
            Self::Type(error) => error.hint(),
            Self::OneOnly { types, .. } => Some(format!("there are {}", words::listed(types, 20))),
            Self::NoSuchLabel { label, known } => {
                Some(match words::nearest(label, known.iter().map(String::as_str)) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => format!("they have {}", words::listed(known, 20)),
                })
            }
            Self::Nothing(nothing) => nothing.hint(),
            _ => None,
        }
    }
}
