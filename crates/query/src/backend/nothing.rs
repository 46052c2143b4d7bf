use std::fmt;

use pql::{Matcher, ProfileType};
use profile_model::{TimeRange, Timestamp};

use super::catalog::Stats;
use super::{Backend, BackendError};
use crate::shown::span;
use crate::{Ask, rfc3339};

/// The most names that are shown.
const MAX_NAMED: usize = 10;
/// From how many types it is first found out when there is data: people wait for this.
const STATS_TYPES: usize = 4;
/// The most labels that are named.
const MAX_LABELS: usize = 50;

/// Why nothing was found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Nothing {
    /// The server never got a profile.
    NeverAny,
    /// There is data, but not in the window.
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
        if !stats.has_data {
            return Ok(Nothing::NeverAny);
        }
        // When the selection itself has data says more than when the server has some.
        let own = self.own_span(ask, profile_type).await;
        let found_elsewhere = own.is_some();
        let (oldest, newest) = match own {
            Some(own) => (Some(own.start), Some(own.end)),
            None => (stats.oldest, stats.newest),
        };
        let asked = self.asked(ask, profile_type);
        let outside = Nothing::OutsideWindow { asked, range, oldest, newest };
        if found_elsewhere || is_outside(&stats, range) {
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
                    nearest: words::nearest(service, known.iter().map(String::as_str)).map(str::to_owned),
                    known,
                });
            }
        }
        let types = self.profile_types(ask.service.as_deref(), range).await?;
        if types.is_empty() {
            return Ok(outside);
        }
        let wanted = profile_type.map(ToString::to_string).or_else(|| ask.type_name.clone());
        if let Some(profile_type) = wanted.filter(|_| profile_type.is_none_or(|of| !types.contains(of))) {
            return Ok(Nothing::NoSuchType { service: ask.service.clone(), profile_type, types });
        }
        if ask.matchers.is_empty() {
            return Ok(outside);
        }
        let mut labels = self.label_names(&[], range).await.unwrap_or_default();
        labels.truncate(MAX_LABELS);
        Ok(Nothing::NoMatch { matchers: ask.matchers.clone(), labels })
    }

    fn asked(&self, ask: &Ask, profile_type: Option<&ProfileType>) -> String {
        let name = profile_type.map(ToString::to_string).or_else(|| ask.type_name.clone());
        let matchers = ask.all_matchers(self.deployment().service_label());
        match (&name, &matchers[..]) {
            (None, []) => "all profiles".to_owned(),
            _ => pql::Selector { metric_name: name, matchers }.to_string(),
        }
    }
}

/// Whether all that there is lies before or behind the window.
fn is_outside(stats: &Stats, range: TimeRange) -> bool {
    stats.newest.is_some_and(|newest| newest < range.start)
        || stats.oldest.is_some_and(|oldest| oldest >= range.end)
}
