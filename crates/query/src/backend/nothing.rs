use std::fmt;

use pql::{Matcher, ProfileType};
use profile_model::{TimeRange, Timestamp};

use crate::rfc3339;
use crate::shown::span;

/// The most names that are shown.
const MAX_NAMED: usize = 10;

/// Why nothing was found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Nothing {
    /// The server never got a profile.
    NeverAny,
    /// Data, but not in the window.
    OutsideWindow {
        /// What was asked for.
        asked: String,
        /// The window.
        range: TimeRange,
        /// When the selection has its first profile, if that is known; on a Parca to the minute.
        oldest: Option<Timestamp>,
        /// When it has its last one, if that is known; on a Parca the end of the minute that it is in.
        newest: Option<Timestamp>,
    },
    /// The service is not there in the window.
    UnknownService {
        /// The label that services are told apart by.
        label: String,
        /// What was asked for.
        service: String,
        /// One that is called nearly so.
        nearest: Option<String>,
        /// The names there are.
        known: Vec<String>,
    },
    /// The service has other profile types only.
    NoSuchType {
        /// The service; nothing where all were meant.
        service: Option<String>,
        /// What was asked for.
        profile_type: String,
        /// The types that the service has.
        types: Vec<ProfileType>,
    },
    /// Service and type are there, but nothing with such labels.
    NoMatch {
        /// What was asked for.
        asked: String,
        /// The matchers.
        matchers: Vec<Matcher>,
        /// The labels that there are.
        labels: Vec<String>,
    },
}

impl Nothing {
    /// What it is called where programs read it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NeverAny => "never_any",
            Self::OutsideWindow { .. } => "outside_window",
            Self::UnknownService { .. } => "unknown_service",
            Self::NoSuchType { .. } => "no_such_type",
            Self::NoMatch { .. } => "no_match",
        }
    }

    /// What was asked for, with the type in full, where that is known.
    pub fn asked(&self) -> Option<&str> {
        match self {
            Self::OutsideWindow { asked, .. } | Self::NoMatch { asked, .. } => Some(asked),
            _ => None,
        }
    }

    /// What there is instead.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NeverAny => Some("send profiles first; `profile-query upload` can".to_owned()),
            Self::OutsideWindow { oldest: Some(oldest), newest: Some(newest), .. } => {
                Some(format!("there is data from {} to {}", rfc3339(*oldest), rfc3339(*newest)))
            }
            Self::OutsideWindow { .. } => None,
            Self::UnknownService { nearest: Some(nearest), .. } => Some(format!("did you mean `{nearest}`?")),
            Self::UnknownService { label, known, .. } if known.is_empty() => {
                Some(format!("no profile has the label `{label}`; --service-label names another"))
            }
            Self::UnknownService { label, known, .. } => {
                let known = words::listed(known.iter().map(|one| words::safe(one)), MAX_NAMED);
                Some(format!("values of `{label}` are {known}"))
            }
            Self::NoSuchType { types, .. } => Some(format!("there are {}", words::listed(types, MAX_NAMED))),
            Self::NoMatch { labels, .. } if labels.is_empty() => {
                Some("`profile-query labels` lists what there is".to_owned())
            }
            Self::NoMatch { labels, .. } => Some(format!(
                "labels are {}",
                words::listed(labels.iter().map(|one| words::safe(one)), MAX_NAMED)
            )),
        }
    }
}

impl fmt::Display for Nothing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeverAny => f.write_str("the server has never got a profile"),
            Self::OutsideWindow { range, asked, .. } => {
                write!(f, "nothing for {asked} from {}", span(*range))
            }
            Self::UnknownService { label, service, .. } => {
                write!(f, "no service `{service}` in this window (label `{label}`)")
            }
            Self::NoSuchType { service: Some(service), profile_type, .. } => {
                write!(f, "`{service}` has no profiles of type `{profile_type}` in this window")
            }
            Self::NoSuchType { service: None, profile_type, .. } => {
                write!(f, "there are no profiles of type `{profile_type}` in this window")
            }
            Self::NoMatch { matchers, .. } => {
                let selector = pql::Selector { metric_name: None, matchers: matchers.clone() };
                write!(f, "service and type are there, but nothing matches {selector}")
            }
        }
    }
}
