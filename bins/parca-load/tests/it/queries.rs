//! What is asked of a Parca, seen between the two.

use std::collections::BTreeSet;

use parca_proto::query::query_request::{Mode, Options, ReportType};
use parca_proto::query::{self, QueryRangeRequest, QueryRequest, profile_diff_selection};
use prost::Message;
use test_support::{GrpcDouble, Recorded, Reply, Signal, eventually};

use crate::fixture::{Load, Parca, TYPES, lane, run, summary};

/// Passes everything on to a Parca, and notes it.
async fn tap(parca: &Parca) -> GrpcDouble {
    let address = parca.address;
    GrpcDouble::start(move |_| Reply::Forward(address)).await
}

fn queries(calls: &[Recorded]) -> Vec<QueryRequest> {
    let queries = calls.iter().filter(|call| call.method() == "Query");
    queries.map(|call| QueryRequest::decode(&*call.message).unwrap()).collect()
}

/// Why a query may end a Parca (3b5647c), as far as a query can.
fn ends_the_server(query: &QueryRequest) -> Option<&'static str> {
    let second_is_single = |diff: &query::DiffProfile| {
        let second = diff.b.as_ref().and_then(|second| second.options.as_ref());
        matches!(second, None | Some(profile_diff_selection::Options::Single(_)))
    };
    match (query.report_type(), &query.options) {
        (ReportType::Source, _) if query.source_reference.is_none() => Some("a source without a reference"),
        (ReportType::Top | ReportType::Callgraph | ReportType::FlamegraphTable, _) => {
            Some("data with a line that has no function, and nobody knows beforehand")
        }
        (ReportType::ProfileMetadata, Some(Options::Diff(diff))) if second_is_single(diff) => {
            Some("metadata of a comparison with a single profile")
        }
        _ => None,
    }
}

/// All other methods that may end a Parca are none of these.
const METHODS: [&str; 5] = ["Labels", "ProfileTypes", "Query", "QueryRange", "Values"];

#[tokio::test]
async fn nothing_that_ends_a_parca_is_sent() {
    let parca = Parca::start().await;
    let tap = tap(&parca).await;
    let load = Load::start(&tap.url(), &["-query-interval", "50ms"]).await;
    let all: BTreeSet<(Mode, ReportType)> = [
        (Mode::SingleUnspecified, ReportType::FlamegraphArrow),
        (Mode::SingleUnspecified, ReportType::TableArrow),
        (Mode::SingleUnspecified, ReportType::Pprof),
        (Mode::Merge, ReportType::FlamegraphArrow),
    ]
    .into();
    eventually("every kind of query", || async {
        let seen = queries(&tap.calls()).iter().map(|query| (query.mode(), query.report_type())).collect();
        all.is_subset(&seen).then_some(())
    })
    .await;
    assert_eq!(load.stop(Signal::TERM).await.code, Some(0));

    let calls = tap.calls();
    let methods: BTreeSet<&str> = calls.iter().map(Recorded::method).collect();
    assert_eq!(methods, METHODS.into());
    let queries = queries(&calls);
    let sent: BTreeSet<(Mode, ReportType)> = queries.iter().map(|q| (q.mode(), q.report_type())).collect();
    assert_eq!(sent, all, "a kind of query that this test does not know");
    for query in queries {
        assert_eq!(ends_the_server(&query), None, "{query:?}");
    }
}

#[tokio::test]
async fn the_mode_of_todays_original_is_its_cross_product() {
    let parca = Parca::start().await;
    let tap = tap(&parca).await;
    let flags = ["-once", "-mode", "upstream", "-query-range", "15m;1h"];
    let matrix = ["-labels", r#"all;{job="it"}"#, "-values-for-labels", "job;pod"];
    let exit = run(&tap.url(), &[&flags[..], &matrix].concat()).await;
    assert_eq!(exit.code, Some(0), "{exit:#?}");

    let mut expect = BTreeSet::new();
    for profile_type in TYPES {
        for selector in ["", r#"{job="it"}"#] {
            for seconds in [900, 3600] {
                expect.insert((format!("{profile_type}{selector}"), seconds));
            }
        }
    }
    let calls = tap.calls();
    let ranges = calls.iter().filter(|call| call.method() == "QueryRange");
    let ranges: Vec<(String, i64)> = ranges
        .map(|call| {
            let request = QueryRangeRequest::decode(&*call.message).unwrap();
            (request.query, request.end.unwrap().seconds - request.start.unwrap().seconds)
        })
        .collect();
    let merges: Vec<(String, i64)> = queries(&calls)
        .into_iter()
        .map(|query| match query.options {
            Some(Options::Merge(merge)) if query.report_type == ReportType::FlamegraphArrow as i32 => {
                (merge.query, merge.end.unwrap().seconds - merge.start.unwrap().seconds)
            }
            other => panic!("expected a merge as a flame graph, found {other:?}"),
        })
        .collect();
    for (what, asked) in [("ranges", ranges), ("merges", merges)] {
        assert_eq!(asked.len(), expect.len(), "{what}: one call each");
        assert_eq!(BTreeSet::from_iter(asked), expect, "{what}");
    }

    let summary = summary(&exit);
    let made = ["labels", "values", "profile-types", "query-range", "query-merge"]
        .map(|name| lane(&summary, name)["calls"].as_u64().unwrap());
    // Types x spans; labels x types x spans; spans; types x selectors x spans, twice.
    assert_eq!(made, [4, 8, 2, 8, 8]);
    check_labels(&summary);
}

/// The very label sets of the original's metrics, and no other.
fn check_labels(summary: &serde_json::Value) {
    let mut expect = BTreeSet::from(["labels {}".to_owned(), "profiletypes {}".to_owned()]);
    for label in ["job", "pod"] {
        expect.insert(format!(r#"values {{"label":"{label}"}}"#));
    }
    for labels in ["all", r#"{job=\"it\"}"#] {
        for range in ["15m0s", "1h0m0s"] {
            expect.insert(format!(r#"queryrange {{"labels":"{labels}","range":"{range}"}}"#));
            expect.insert(format!(r#"query {{"labels":"{labels}","mode":"merge","range":"{range}"}}"#));
        }
    }
    let series = summary["series"].as_array().unwrap().iter();
    let found = series.map(|series| format!("{} {}", series["op"].as_str().unwrap(), series["labels"]));
    assert_eq!(found.collect::<BTreeSet<_>>(), expect);
}
