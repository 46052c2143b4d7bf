//! Why nothing was found.

use pql::ProfileType;
use profile_model::TimeRange;

use super::catalog::Stats;
use super::{Backend, BackendError, Nothing};
use crate::Ask;

/// From how many types it is first found out when there is data: people wait for this.
const STATS_TYPES: usize = 4;
/// The most labels that are named.
const MAX_LABELS: usize = 50;

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
        Ok(Nothing::NoMatch { asked: self.asked(ask, profile_type), matchers: ask.matchers.clone(), labels })
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
