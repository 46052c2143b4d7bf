use std::collections::BTreeSet;

use parca_proto::pyroscope::{querier as wire, types};
use pql::{Matcher, ProfileType};
use profile_model::{Labels, TimeRange};

use super::{labels, selector};
use crate::method::Method;
use crate::parts::Grid;
use crate::window::Window;
use crate::{Client, Error};

impl Client {
    /// The profile types that there are, sorted. For those of one service ask for the values of
    /// `__profile_type__`: this has no matchers.
    pub async fn profile_types(&self, range: TimeRange) -> Result<Vec<ProfileType>, Error> {
        self.union(range, |part| async move {
            let request = wire::ProfileTypesRequest { start: part.start, end: part.end };
            let answer: wire::ProfileTypesResponse = self.call(Method::PROFILE_TYPES, &request).await?;
            Ok(answer.profile_types.into_iter().map(profile_type).collect())
        })
        .await
    }

    /// The label names of series, sorted, those with `__` around them included.
    pub async fn label_names(&self, matchers: &[Matcher], range: TimeRange) -> Result<Vec<String>, Error> {
        self.union(range, |part| async move {
            let request =
                types::LabelNamesRequest { matchers: selectors(matchers), start: part.start, end: part.end };
            Ok(self.call::<_, types::LabelNamesResponse>(Method::LABEL_NAMES, &request).await?.names)
        })
        .await
    }

    /// The values of a label in series, sorted. A matcher on the label itself counts, too.
    pub async fn label_values(
        &self,
        name: &str,
        matchers: &[Matcher],
        range: TimeRange,
    ) -> Result<Vec<String>, Error> {
        self.union(range, |part| async move {
            let request = types::LabelValuesRequest {
                name: name.to_owned(),
                matchers: selectors(matchers),
                start: part.start,
                end: part.end,
            };
            Ok(self.call::<_, types::LabelValuesResponse>(Method::LABEL_VALUES, &request).await?.names)
        })
        .await
    }

    /// The label sets of series, sorted, with only these names, or with all if there are none.
    pub async fn series(
        &self,
        matchers: &[Matcher],
        label_names: &[String],
        range: TimeRange,
    ) -> Result<Vec<Labels>, Error> {
        self.union(range, |part| async move {
            let request = wire::SeriesRequest {
                matchers: selectors(matchers),
                label_names: label_names.to_vec(),
                start: part.start,
                end: part.end,
            };
            let answer: wire::SeriesResponse = self.call(Method::SERIES, &request).await?;
            Ok(answer.labels_set.into_iter().map(|set| labels(set.labels)).collect())
        })
        .await
    }

    /// What there is in any part of a range, each thing once.
    async fn union<T: Ord, F>(&self, range: TimeRange, ask: impl Fn(Window) -> F) -> Result<Vec<T>, Error>
    where
        F: Future<Output = Result<Vec<T>, Error>>,
    {
        let parts = self.in_parts(Window::of(range)?, Grid::Absolute, ask).await?;
        let all: BTreeSet<T> = parts.into_iter().flat_map(|(_, found)| found).collect();
        Ok(all.into_iter().collect())
    }
}

/// Selectors of a list are all to hold, so one is enough.
fn selectors(matchers: &[Matcher]) -> Vec<String> {
    if matchers.is_empty() { Vec::new() } else { vec![selector(matchers)] }
}

/// The id is what requests name, so it counts; the parts are for servers that leave it out.
fn profile_type(wire: types::ProfileType) -> ProfileType {
    wire.id.parse().unwrap_or(ProfileType {
        name: wire.name,
        sample_type: wire.sample_type,
        sample_unit: wire.sample_unit,
        period_type: wire.period_type,
        period_unit: wire.period_unit,
        delta: false,
    })
}
