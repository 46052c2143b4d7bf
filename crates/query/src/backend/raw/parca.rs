//! A Parca's messages as JSON, which its wire does not have.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use parca_client::{
    LabelsRequest, ProfileTypesRequest, QueryAnswer, QueryRangeRequest, QueryRequest, Report, ReportKind,
    SeriesSample, ValuesRequest,
};
use pql::ProfileType;
use profile_model::TimeRange;
use serde::Deserialize;
use serde_json::{Value, json};

use super::BackendError;
use crate::{report, rfc3339};

/// The calls that have a form in JSON here.
const METHODS: &str = "ProfileTypes, Labels, Values, QueryRange, Query and HasProfileData";

/// Calls a method with a message as JSON.
pub(super) async fn call(
    client: &parca_client::Client,
    method: &str,
    body: &[u8],
) -> Result<Value, BackendError> {
    match method {
        "ProfileTypes" => {
            let Types { start, end } = read(body)?;
            let types = client.profile_types(&ProfileTypesRequest { range: range(&start, &end)? }).await?;
            Ok(json!({ "types": types.iter().map(type_json).collect::<Vec<_>>() }))
        }
        "Labels" => {
            let request: Labels = read(body)?;
            let mut call = LabelsRequest::default();
            (call.range, call.profile_type) =
                (range(&request.start, &request.end)?, profile_type(&request.profile_type)?);
            call.matchers = request.r#match;
            Ok(json!({ "labelNames": client.labels(&call).await? }))
        }
        "Values" => {
            let request: Values = read(body)?;
            let mut call = ValuesRequest::new(request.label_name);
            (call.range, call.profile_type) =
                (range(&request.start, &request.end)?, profile_type(&request.profile_type)?);
            call.matchers = request.r#match;
            Ok(json!({ "labelValues": client.values(&call).await? }))
        }
        "QueryRange" => {
            let request: Range = read(body)?;
            let range = whole(&request.start, &request.end)?;
            let mut call = QueryRangeRequest::new(request.query, range, step(&request.step)?);
            (call.sum_by, call.limit) = (request.sum_by, request.limit);
            let series = client.query_range(&call).await?;
            Ok(json!({ "series": series.iter().map(series_json).collect::<Vec<_>>() }))
        }
        "Query" => {
            let request: Query = read(body)?;
            if !matches!(request.mode.as_str(), "" | "MODE_MERGE") {
                return Err(usage("`mode` MODE_MERGE"));
            }
            let range = whole(&request.merge.start, &request.merge.end)?;
            let kind = match request.report_type.as_str() {
                "" | "REPORT_TYPE_FLAMEGRAPH_ARROW" => ReportKind::FlamegraphArrow,
                "REPORT_TYPE_PPROF" => ReportKind::Pprof,
                _ => return Err(usage("`reportType` REPORT_TYPE_FLAMEGRAPH_ARROW or REPORT_TYPE_PPROF")),
            };
            report_json(client.query(&QueryRequest::merge(request.merge.query, range, kind)).await?)
        }
        "HasProfileData" => Ok(json!({ "hasData": client.has_profile_data().await? })),
        other => {
            let other = words::short(other, 64);
            Err(BackendError::Usage(format!("expected one of {METHODS}, found `{other}`")))
        }
    }
}

// Each has its own two ends: `flatten` would let fields through that there are not, and a misspelled
// one would be an answer to something else.

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Types {
    start: Option<String>,
    end: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
struct Labels {
    start: Option<String>,
    end: Option<String>,
    r#match: Vec<String>,
    #[serde(alias = "profile_type")]
    profile_type: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
struct Values {
    start: Option<String>,
    end: Option<String>,
    #[serde(alias = "label_name")]
    label_name: String,
    r#match: Vec<String>,
    #[serde(alias = "profile_type")]
    profile_type: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
struct Range {
    start: Option<String>,
    end: Option<String>,
    query: String,
    step: String,
    #[serde(alias = "sum_by")]
    sum_by: Vec<String>,
    limit: u32,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
struct Query {
    mode: String,
    merge: Merge,
    #[serde(alias = "report_type")]
    report_type: String,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Merge {
    start: Option<String>,
    end: Option<String>,
    query: String,
}

fn whole(start: &Option<String>, end: &Option<String>) -> Result<TimeRange, BackendError> {
    range(start, end)?.ok_or_else(|| usage("`start` and `end`"))
}

fn range(start: &Option<String>, end: &Option<String>) -> Result<Option<TimeRange>, BackendError> {
    // A message has no `now`.
    let point = |text: &str| timespec::parse_point(text, std::time::SystemTime::UNIX_EPOCH);
    match (start.as_deref(), end.as_deref()) {
        (None, None) => Ok(None),
        (Some(start), Some(end)) => match (point(start), point(end)) {
            (Ok(start), Ok(end)) => Ok(Some(TimeRange::new(start.into(), end.into()))),
            (Err(error), _) | (_, Err(error)) => Err(BackendError::Usage(error.to_string())),
        },
        _ => Err(usage("both `start` and `end`")),
    }
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, BackendError> {
    serde_json::from_slice(body).map_err(|error| BackendError::Usage(format!("JSON of the request: {error}")))
}

fn usage(expected: &str) -> BackendError {
    BackendError::Usage(format!("expected {expected} in the request"))
}

fn profile_type(text: &str) -> Result<Option<ProfileType>, BackendError> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|error: pql::ProfileTypeError| BackendError::Usage(error.to_string()))
}

/// `60s` as protobuf's JSON has it, or what people write.
fn step(text: &str) -> Result<Duration, BackendError> {
    let text = if text.is_empty() { "1m" } else { text };
    timespec::parse_span(text).map_err(|error| BackendError::Usage(error.to_string()))
}

fn type_json(of: &ProfileType) -> Value {
    json!({
        "name": of.name, "sampleType": of.sample_type, "sampleUnit": of.sample_unit,
        "periodType": of.period_type, "periodUnit": of.period_unit, "delta": of.delta,
    })
}

fn series_json(series: &parca_client::Series) -> Value {
    let label = |(name, value): (&str, &str)| json!({ "name": name, "value": value });
    let labels: Vec<Value> = series.labels.iter().map(label).collect();
    json!({
        "labelset": { "labels": labels },
        "samples": series.samples.iter().map(sample_json).collect::<Vec<_>>(),
    })
}

fn sample_json(sample: &SeriesSample) -> Value {
    json!({
        "timestamp": rfc3339(sample.timestamp), "value": sample.value.to_string(),
        "valuePerSecond": sample.value_per_second, "duration": sample.duration_nanos.to_string(),
        "count": sample.count,
    })
}

/// A report as protobuf's JSON.
pub(in crate::backend) fn report_json(answer: QueryAnswer) -> Result<Value, BackendError> {
    let mut object = json!({ "total": answer.total.to_string(), "filtered": answer.filtered.to_string() });
    match answer.report {
        Some(Report::Pprof(file)) => object["pprof"] = Value::String(STANDARD.encode(file)),
        Some(Report::FlamegraphArrow(record)) => {
            let mut text = Vec::new();
            let written = report::arrow(&record, &mut text).map_err(serde_json::Error::io);
            let value = written.and_then(|()| serde_json::from_slice(&text));
            object["flamegraphArrow"] = value.map_err(|error| BackendError::Answer(error.into()))?;
        }
        _ => return Err(BackendError::Answer("no such report in the answer".into())),
    }
    Ok(object)
}
