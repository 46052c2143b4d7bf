//! Questions.

use parca_proto::query::query_request::{Mode, Options, ReportType};
use parca_proto::query::{
    DiffProfile, ProfileDiffSelection, QueryRequest, ShareProfileRequest, SingleProfile,
    profile_diff_selection,
};

use super::{Case, INVALID_ARGUMENT, OK, UNIMPLEMENTED, case};
use crate::grpc_web::{QUERY, merge};

const TYPE: &str = "process_cpu:cpu:nanoseconds:cpu:nanoseconds:delta";

/// A comparison of a merge with a single profile, which is there.
fn diff(report: ReportType) -> QueryRequest {
    let time = Some(prost_types::Timestamp { seconds: 1_700_000_000, nanos: 0 });
    let single = SingleProfile { query: TYPE.into(), time };
    let Some(Options::Merge(merge)) = merge(TYPE, 0).options else { panic!("a merge") };
    let a = ProfileDiffSelection { mode: 1, options: Some(profile_diff_selection::Options::Merge(merge)) };
    let b = ProfileDiffSelection { mode: 0, options: Some(profile_diff_selection::Options::Single(single)) };
    let diff = DiffProfile { a: Some(a), b: Some(b), ..Default::default() };
    QueryRequest {
        mode: Mode::Diff.into(),
        options: Some(Options::Diff(diff)),
        report_type: report.into(),
        ..Default::default()
    }
}

pub(super) fn cases() -> Vec<Case> {
    let share = "/parca.query.v1alpha1.QueryService/ShareProfile";
    let query_request = Some(merge(TYPE, 0));
    let mut cases = vec![
        case(
            "SOURCE without a reference",
            QUERY,
            &merge(TYPE, ReportType::Source.into()),
            &[INVALID_ARGUMENT],
        ),
        case("metadata of a single side", QUERY, &diff(ReportType::ProfileMetadata), &[INVALID_ARGUMENT]),
        case("ShareProfile of nothing", share, &ShareProfileRequest::default(), &[UNIMPLEMENTED]),
        case(
            "ShareProfile without a description",
            share,
            &ShareProfileRequest { query_request, description: None },
            &[UNIMPLEMENTED],
        ),
        // Not among those that end it, and neighbours of those that do.
        case("a report that does not exist", QUERY, &merge(TYPE, 99), &[INVALID_ARGUMENT]),
        case("nothing", QUERY, &QueryRequest::default(), &[INVALID_ARGUMENT]),
    ];
    let nameless = [ReportType::Top, ReportType::Callgraph, ReportType::FlamegraphTable];
    cases.extend(nameless.into_iter().flat_map(|report| {
        let of = |mode: &str| format!("{report:?} by {mode} over a line without a function");
        [
            case(of("merge"), QUERY, &merge(TYPE, report.into()), &[OK]),
            case(of("comparison"), QUERY, &diff(report), &[OK]),
        ]
    }));
    cases
}
