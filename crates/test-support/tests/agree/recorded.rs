//! Answers that a real Parca once gave, read by our client and decoders, and compared with what parca-embedded answers to
//! the same questions about the same files. Needs no Parca.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use flate2::read::GzDecoder;
use parca_client::{
    LabelsRequest, ProfileTypesRequest, QueryRangeRequest, QueryRequest, Report, ReportKind, ValuesRequest,
};
use profile_model::{TimeRange, Timestamp};
use serde_json::Value;
use test_support::{GrpcDouble, Reply};

use crate::fixture::{Pair, mistake};
use crate::{questions, reports, tables, trees};

/// A question as it was sent, and what came.
struct Recording {
    method: String,
    request: Value,
    reply: Reply,
}

/// Asks every recorded question of a double that gives the recorded answer, and of parca-embedded.
pub(crate) async fn all() {
    let next = Arc::new(Mutex::new(Reply::Message(Vec::new())));
    let answer = Arc::clone(&next);
    let double =
        GrpcDouble::start(move |_| answer.lock().unwrap_or_else(PoisonError::into_inner).clone()).await;
    let pair = Pair::recorded(&double.url()).await;
    let recordings = recordings(&test_support::data("parca-answers"));
    let mut kinds = BTreeSet::new();
    for recording in &recordings {
        *next.lock().unwrap() = recording.reply.clone();
        kinds.insert(compared(&pair, recording).await);
    }
    let expected = [
        "Flamegraph",
        "FlamegraphArrow",
        "Labels",
        "Pprof",
        "ProfileTypes",
        "QueryRange",
        "TableArrow",
        "Top",
        "Values",
        "refused",
    ];
    assert_eq!(kinds, BTreeSet::from(expected), "of {} answers", recordings.len());
    pair.stop().await;
}

fn recordings(folder: &Path) -> Vec<Recording> {
    let index: Value = serde_json::from_slice(&std::fs::read(folder.join("index.json")).unwrap()).unwrap();
    let one = |answer: &Value| {
        let bytes = unpacked(&folder.join(answer["file"].as_str().unwrap()));
        let reply = match answer["code"].as_str().unwrap() {
            "OK" => Reply::Message(bytes),
            "INVALID_ARGUMENT" => Reply::Status(3, String::from_utf8(bytes).unwrap().leak()),
            code => panic!("{code} has no number here"),
        };
        let method = answer["method"].as_str().unwrap().to_owned();
        Recording { method, request: answer["request"].clone(), reply }
    };
    index["answers"].as_array().unwrap().iter().map(one).collect()
}

fn unpacked(file: &PathBuf) -> Vec<u8> {
    let mut bytes = Vec::new();
    GzDecoder::new(std::fs::File::open(file).unwrap()).read_to_end(&mut bytes).unwrap();
    bytes
}

/// Says what was compared.
async fn compared(pair: &Pair, Recording { method, request, .. }: &Recording) -> &'static str {
    match method.as_str() {
        "ProfileTypes" => {
            questions::same(pair, &ProfileTypesRequest::default()).await;
            "ProfileTypes"
        }
        "Labels" => {
            questions::same(pair, &LabelsRequest::default()).await;
            "Labels"
        }
        "Values" => {
            questions::same(pair, &ValuesRequest::new(text(&request["labelName"]))).await;
            "Values"
        }
        "QueryRange" => {
            series(pair, request).await;
            "QueryRange"
        }
        "Query" => report(pair, &query(request)).await,
        other => panic!("{other} is not known here"),
    }
}

async fn series(pair: &Pair, request: &Value) {
    let step = Duration::from_secs(text(&request["step"]).trim_end_matches('s').parse().unwrap());
    let mut ask = QueryRangeRequest::new(text(&request["query"]), range(request), step);
    ask.sum_by = texts(&request["sumBy"]);
    let (real, ours) = pair.ask(&ask).await.unwrap();
    let mut every = ask.clone();
    every.step = Duration::ZERO;
    let every = pair.ours.call(&every).await.unwrap();
    // Delta profiles are summed by bucket; of snapshots one stands for its bucket.
    if text(&request["query"]).ends_with(":delta") {
        assert_eq!(real, ours, "{request}");
    } else {
        questions::snapshots(&real, &ours, &every, &ask);
    }
}

fn query(request: &Value) -> QueryRequest {
    let kind = match request["reportType"].as_str() {
        None => ReportKind::Flamegraph,
        Some("REPORT_TYPE_PPROF") => ReportKind::Pprof,
        Some("REPORT_TYPE_TOP") => ReportKind::Top,
        Some("REPORT_TYPE_FLAMEGRAPH_ARROW") => ReportKind::FlamegraphArrow,
        Some("REPORT_TYPE_TABLE_ARROW") => ReportKind::TableArrow,
        Some(other) => panic!("{other} is not known here"),
    };
    let merge = &request["merge"];
    let mut ask = QueryRequest::merge(text(&merge["query"]), range(merge), kind);
    ask.invert = request["invertCallStack"].as_bool().unwrap_or(false);
    ask.trim_percent = request["nodeTrimThreshold"].as_f64().map(|percent| percent as f32);
    ask.group_by = texts(&request["groupBy"]["fields"]);
    ask
}

async fn report(pair: &Pair, request: &QueryRequest) -> &'static str {
    let (real, ours) = (pair.real.call(request).await, pair.ours.call(request).await);
    let (real, ours) = match (real, ours) {
        (Ok(real), Ok(ours)) => (real, ours),
        (Err(real), Err(ours)) => {
            assert_eq!(mistake(&real), mistake(&ours), "{request:?}");
            return "refused";
        }
        (real, ours) => panic!("{request:?}: {:?} / {:?}", real.err(), ours.err()),
    };
    assert_eq!((real.total, real.filtered), (ours.total, ours.filtered), "{request:?}");
    let kind = match (&real.report, &ours.report) {
        (Some(Report::FlamegraphArrow(real)), Some(Report::FlamegraphArrow(ours))) => {
            trees::same_record(real, ours, request);
            "FlamegraphArrow"
        }
        (Some(Report::TableArrow(real)), Some(Report::TableArrow(ours))) => {
            tables::same_record(real, ours, request);
            "TableArrow"
        }
        (Some(Report::Pprof(_)), _) => "Pprof",
        (Some(Report::Top(_)), _) => "Top",
        (Some(Report::Flamegraph(_)), _) => "Flamegraph",
        (report, _) => panic!("{request:?}: {report:?}"),
    };
    reports::compare(real, ours, request);
    kind
}

fn range(value: &Value) -> TimeRange {
    TimeRange::new(time(&value["start"]), time(&value["end"]))
}

fn time(value: &Value) -> Timestamp {
    let point = timespec::parse_point(text(value), SystemTime::UNIX_EPOCH).unwrap();
    let since = point.duration_since(SystemTime::UNIX_EPOCH).unwrap();
    Timestamp::new(i64::try_from(since.as_secs()).unwrap(), since.subsec_nanos())
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(|value| text(value).to_owned()).collect()
}
