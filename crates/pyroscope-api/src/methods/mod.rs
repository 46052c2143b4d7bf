//! The methods of `querier.v1.QuerierService`, from message to message.

mod heatmap;
mod labels;
mod merge;
mod pgo;
mod series;
mod stats;

pub(crate) use merge::{Merge, dot, nodes};
pub(crate) use series::{Steps, select};

use bytes::Bytes;
use prost::Message;

use crate::{Api, ApiError, Source};

/// The answer to a request, if it is not too long.
pub(crate) async fn call<S: Source>(
    api: &Api<S>,
    method: &str,
    bytes: Bytes,
    accepts_any_name: bool,
) -> Result<Vec<u8>, ApiError> {
    api.fitting(answer(api, method, bytes, accepts_any_name).await?)
}

async fn answer<S: Source>(
    api: &Api<S>,
    method: &str,
    bytes: Bytes,
    accepts_any_name: bool,
) -> Result<Vec<u8>, ApiError> {
    match method {
        "ProfileTypes" => Ok(labels::profile_types(api, read(bytes)?).await?.encode_to_vec()),
        "LabelValues" => Ok(labels::label_values(api, read(bytes)?).await?.encode_to_vec()),
        "LabelNames" => Ok(labels::label_names(api, read(bytes)?, accepts_any_name).await?.encode_to_vec()),
        "Series" => Ok(labels::series(api, read(bytes)?, accepts_any_name).await?.encode_to_vec()),
        "SelectMergeStacktraces" => Ok(merge::stacktraces(api, read(bytes)?).await?.encode_to_vec()),
        "SelectMergeSpanProfile" => Ok(merge::span_profile(api, read(bytes)?).await?.encode_to_vec()),
        "SelectMergeProfile" => merge::profile(api, read(bytes)?).await,
        "SelectSeries" => Ok(series::select_series(api, read(bytes)?).await?.encode_to_vec()),
        "SelectHeatmap" => Ok(heatmap::select_heatmap(api, read(bytes)?).await?.encode_to_vec()),
        "Diff" => Ok(merge::diff(api, read(bytes)?).await?.encode_to_vec()),
        "GetProfileStats" => Ok(stats::profile_stats(api).await?.encode_to_vec()),
        // As Pyroscope's newer storage answers it.
        "AnalyzeQuery" => Ok(Vec::new()),
        other => Err(ApiError::unimplemented(format!(
            "expected a method of querier.v1.QuerierService, found `{other}`"
        ))),
    }
}

fn read<M: Message + Default>(bytes: Bytes) -> Result<M, ApiError> {
    M::decode(bytes)
        .map_err(|error| ApiError::invalid(format!("the request is no message of its kind: {error}")))
}
