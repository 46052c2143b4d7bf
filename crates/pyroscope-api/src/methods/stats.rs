use parca_proto::pyroscope::types;

use crate::{Api, ApiError, Source};

pub(super) async fn profile_stats<S: Source>(
    api: &Api<S>,
) -> Result<types::GetProfileStatsResponse, ApiError> {
    let data_ingested = api.inner.source.has_data().await?;
    let bounds = match data_ingested {
        true => api.inner.source.bounds().await?,
        false => None,
    };
    let millis =
        |at: Option<profile_model::Timestamp>| at.map_or(0, profile_model::Timestamp::saturating_millis);
    Ok(types::GetProfileStatsResponse {
        data_ingested,
        oldest_profile_time: millis(bounds.map(|bounds| bounds.start)),
        newest_profile_time: millis(bounds.map(|bounds| bounds.end)),
    })
}
