use std::fmt;

use pql::{Matcher, ProfileType};
use profile_model::{TimeRange, Timestamp};

use super::catalog::Stats;
use super::{Ask, Backend, BackendError};
use crate::nearest::nearest;
use crate::rfc3339;

/// The most names that are shown.
const MAX_NAMED: usize = 10;
/// From how many types it is first found out when there is data: people wait for this.
const STATS_TYPES: usize = 4;

/// Why nothing was found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Nothing {
    /// The server never got a profile.
    NeverAny,
    /// There is data, but not in the window.
    OutsideWindow {
        /// The window.
        range: TimeRange,
        /// The time of the oldest profile, if that is known.
        oldest: Option<Timestamp>,
        /// The time of the newest profile, if that is known.
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
        /// Those there are.
        known: Vec<String>,
    },
    /// The service has other profile types only.
    NoSuchType {
        /// The service; nothing where all were meant.
        service: Option<String>,
        /// What was asked for.
        profile_type: String,
        /// Those that it has.
        types: Vec<ProfileType>,
    },
    /// Service and type are there, but nothing with such labels.
    NoMatch {
        /// The matchers.
        matchers: Vec<Matcher>,
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

    /// What there is instead.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NeverAny => Some("send profiles first; `profile-query upload` can".to_owned()),
            Self::OutsideWindow { oldest: Some(oldest), newest: Some(newest), .. } => {
                Some(format!("there is data from {} to {}", rfc3339(*oldest), rfc3339(*newest)))
            }
            Self::UnknownService { nearest: Some(nearest), .. } => Some(format!("did you mean `{nearest}`?")),
            Self::UnknownService { label, known, .. } if known.is_empty() => {
                Some(format!("no profile has the label `{label}`; --service-label names another"))
            }
            Self::UnknownService { label, known, .. } => {
                Some(format!("values of `{label}` are {}", named(known)))
            }
            Self::NoSuchType { types, .. } => Some(format!("there are {}", named(types))),
            Self::OutsideWindow { .. } => None,
            Self::NoMatch { .. } => Some("`profile-query labels` lists what there is".to_owned()),
        }
    }
}

impl fmt::Display for Nothing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeverAny => f.write_str("the server has never got a profile"),
            Self::OutsideWindow { range, .. } => write!(
                f,
                "the server has profiles, but none from {} to {}",
                rfc3339(range.start),
                rfc3339(range.end)
            ),
            Self::UnknownService { label, service, .. } => {
                write!(f, "no service `{service}` in this window (label `{label}`)")
            }
            Self::NoSuchType { service: Some(service), profile_type, .. } => {
                write!(f, "`{service}` has no profiles of type `{profile_type}` in this window")
            }
            Self::NoSuchType { service: None, profile_type, .. } => {
                write!(f, "there are no profiles of type `{profile_type}` in this window")
            }
            Self::NoMatch { matchers } => {
                let selector = pql::Selector { metric_name: None, matchers: matchers.clone() };
                write!(f, "service and type are there, but nothing matches {selector}")
            }
        }
    }
}

impl Backend {
    /// Why nothing came: it asks the server a few questions more.
    pub(super) async fn why_there_is_none(
        &self,
        ask: &Ask,
        profile_type: Option<&ProfileType>,
    ) -> Result<Nothing, BackendError> {
        let range = ask.range;
        let mut stats = self.stats_of(STATS_TYPES).await?;
        if is_outside(&stats, range) {
            // The first types may be those that are measured no more.
            stats = self.stats().await?;
        }
        let Stats { has_data, oldest, newest } = stats;
        if !has_data {
            return Ok(Nothing::NeverAny);
        }
        let outside = Nothing::OutsideWindow { range, oldest, newest };
        if is_outside(&stats, range) {
            return Ok(outside);
        }
        if let Some(service) = &ask.service {
            let known = self.services(range).await?;
            if known.is_empty() && self.profile_types(None, range).await?.is_empty() {
                return Ok(outside);
            }
            if !known.contains(service) {
                return Ok(Nothing::UnknownService {
                    label: self.deployment().service_label().to_owned(),
                    service: service.clone(),
                    nearest: nearest(service, known.iter().map(String::as_str)).map(str::to_owned),
                    known,
                });
            }
        }
        let types = self.profile_types(ask.service.as_deref(), range).await?;
        if types.is_empty() {
            return Ok(outside);
        }
        let wanted = profile_type.map_or_else(|| ask.type_name.clone(), ToString::to_string);
        if profile_type.is_none_or(|profile_type| !types.contains(profile_type)) {
            let service = ask.service.clone();
            return Ok(Nothing::NoSuchType { service, profile_type: wanted, types });
        }
        if ask.matchers.is_empty() {
            return Ok(outside);
        }
        Ok(Nothing::NoMatch { matchers: ask.matchers.clone() })
    }
}

/// Whether all that there is lies before or behind the window.
fn is_outside(stats: &Stats, range: TimeRange) -> bool {
    stats.newest.is_some_and(|newest| newest < range.start)
        || stats.oldest.is_some_and(|oldest| oldest > range.end)
}

fn named(all: &[impl ToString]) -> String {
    let mut named: Vec<String> = all.iter().take(MAX_NAMED).map(ToString::to_string).collect();
    if all.len() > MAX_NAMED {
        named.push(format!("and {} more", all.len() - MAX_NAMED));
    }
    named.join(", ")
}
