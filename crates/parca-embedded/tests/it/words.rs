//! What a real Parca (parca-dev/parca at 3b5647cd) says of questions and writes that are wrong, and what it takes that looks
//! wrong: code and text of each are the same here. What differs on purpose is in docs/compat.md.

use parca_proto::profilestore::{ExecutableInfo, RawProfileSeries, WriteRawRequest, WriteRequest};
use parca_proto::query::profile_diff_selection::Options as Side;
use parca_proto::query::query_request::{Mode, Options, ReportType};
use parca_proto::query::{
    DiffProfile, GroupBy, LabelsRequest, MergeProfile, ProfileDiffSelection, ProfileTypesRequest,
    QueryRangeRequest, QueryRequest, SeriesRequest, SingleProfile, SourceReference, ValuesRequest,
};
use profile_codec::pprof;
use profile_model::{Profile, ValueType};
use prost_types::Timestamp;
use tokio_stream::StreamExt;
use tonic::{Code, Status};

use crate::server::{PROFILE_TYPE, Server, profile, write_request};
use crate::wire::{merge, merge_of};

fn at(seconds: i64) -> Option<Timestamp> {
    Some(Timestamp { seconds, nanos: 0 })
}

fn of(mode: i32, options: Option<Options>) -> QueryRequest {
    QueryRequest { mode, options, report_type: ReportType::Top.into(), ..Default::default() }
}

fn span(query: &str, start: Option<Timestamp>, end: Option<Timestamp>) -> MergeProfile {
    MergeProfile { query: query.into(), start, end }
}

fn diff(a: Option<ProfileDiffSelection>, b: Option<ProfileDiffSelection>) -> QueryRequest {
    of(Mode::Diff.into(), Some(Options::Diff(DiffProfile { a, b, ..Default::default() })))
}

fn side(query: &str) -> Option<ProfileDiffSelection> {
    let merge = Side::Merge(span(query, at(0), at(10)));
    Some(ProfileDiffSelection { mode: 1, options: Some(merge) })
}

fn single(query: &str, seconds: i64) -> Option<ProfileDiffSelection> {
    let single = Side::Single(SingleProfile { query: query.into(), time: at(seconds) });
    Some(ProfileDiffSelection { mode: 0, options: Some(single) })
}

const NO_PROFILE: &str = "could not find profile at requested time and selectors";

#[tokio::test]
async fn questions_have_parcas_words() {
    let server = Server::start().await;
    server.write(&profile(5_000_000_000)).await;
    let merged =
        |query: &str, start, end| of(Mode::Merge.into(), Some(Options::Merge(span(query, start, end))));
    let one = |query: &str, time| {
        of(Mode::SingleUnspecified.into(), Some(Options::Single(SingleProfile { query: query.into(), time })))
    };
    let group = |field: &str| QueryRequest {
        group_by: Some(GroupBy { fields: vec![field.into()] }),
        ..merge(ReportType::FlamegraphArrow)
    };
    let sources = SourceReference { source_only: true, ..Default::default() };
    let invalid = Code::InvalidArgument;
    let cases = [
        (of(2, None), invalid, "Options: cannot be blank."),
        (of(2, one("", None).options), invalid, "Options: invalid option for mode."),
        (
            of(77, merge(ReportType::Top).options),
            invalid,
            "Options: invalid query request mode; mode: invalid query request mode.",
        ),
        (
            QueryRequest { report_type: 77, ..merge(ReportType::Top) },
            invalid,
            "report_type: invalid report type.",
        ),
        (
            merged("", None, None),
            invalid,
            "end: cannot be blank; query: cannot be blank; start: cannot be blank.",
        ),
        (merged(PROFILE_TYPE, at(0), None), invalid, "end: cannot be blank."),
        (merged(PROFILE_TYPE, at(9), at(8)), invalid, "end: start timestamp must be before end."),
        (one("", None), invalid, "query: cannot be blank; time: cannot be blank."),
        (diff(None, None), invalid, "a: cannot be blank; b: cannot be blank."),
        (merged("rate(x[5m])", at(0), at(1)), invalid, "failed to parse query"),
        (merged("{}", at(0), at(1)), invalid, "query must contain a profile-type selection"),
        (
            merged("memory", at(0), at(1)),
            invalid,
            "profile-type selection must be of the form <name>:<sample-type>:<sample-unit>:<period-type>:<period-unit>(:delta), got(1): \"memory\"",
        ),
        (
            diff(side("a{"), side(PROFILE_TYPE)),
            invalid,
            "reading base profile: rpc error: code = InvalidArgument desc = failed to parse query",
        ),
        (
            diff(side(PROFILE_TYPE), side("a{")),
            invalid,
            "reading compared profile: rpc error: code = InvalidArgument desc = failed to parse query",
        ),
        (group("nope"), invalid, "invalid group by field: nope"),
        (group("labels"), invalid, "invalid group by field: labels"),
        (one(PROFILE_TYPE, at(77)), Code::NotFound, NO_PROFILE),
        (
            diff(single(PROFILE_TYPE, 77), side(PROFILE_TYPE)),
            Code::NotFound,
            "reading base profile: rpc error: code = NotFound desc = could not find profile at requested time and selectors",
        ),
        (
            QueryRequest { source_reference: Some(sources), ..merge(ReportType::Top) },
            Code::NotFound,
            "no sources for this build id have been uploaded",
        ),
    ];
    for (request, code, words) in cases {
        let status = server.query().query(request.clone()).await.unwrap_err();
        assert_eq!((status.code(), status.message()), (code, words), "{request:?}");
    }
    let series = server.query().series(SeriesRequest::default()).await.unwrap_err();
    assert_eq!((series.code(), series.message()), (Code::Unimplemented, "method Series not implemented"));
    server.stop().await;
}

#[tokio::test]
async fn ranges_have_parcas_words() {
    let server = Server::start().await;
    server.write(&profile(5_000_000_000)).await;
    let range =
        |query: &str, start, end| QueryRangeRequest { query: query.into(), start, end, ..Default::default() };
    let no_data = "No data found for the query, try a different query or time range or no data has been written to be queried yet.";
    let invalid = Code::InvalidArgument;
    for (request, code, words) in [
        (
            range("", None, None),
            invalid,
            "end: cannot be blank; query: cannot be blank; start: cannot be blank.",
        ),
        (range(PROFILE_TYPE, at(9), at(8)), invalid, "end: start timestamp must be before end."),
        (
            range("a:b", at(0), at(8)),
            invalid,
            "profile-type selection must be of the form <name>:<sample-type>:<sample-unit>:<period-type>:<period-unit>(:delta), got(2): \"a:b\"",
        ),
        (range("a:b:c:d:e", at(0), at(8)), Code::NotFound, no_data),
        // A delta is none of a point in time.
        (range(PROFILE_TYPE.strip_suffix(":delta").unwrap(), at(0), at(8)), Code::NotFound, no_data),
        (range(PROFILE_TYPE, at(100), at(101)), Code::NotFound, no_data),
    ] {
        let status = server.query().query_range(request.clone()).await.unwrap_err();
        assert_eq!((status.code(), status.message()), (code, words), "{request:?}");
    }
    // A limit says nothing, and a step backwards is one forwards.
    let mut request = range(PROFILE_TYPE, at(0), at(8));
    let mut answers = Vec::new();
    for (limit, seconds) in [(0, 2), (1, 2), (1, -2)] {
        (request.limit, request.step) = (limit, Some(prost_types::Duration { seconds, nanos: 0 }));
        answers.push(server.query().query_range(request.clone()).await.unwrap().into_inner());
    }
    assert!(answers.windows(2).all(|two| two[0] == two[1]), "{answers:?}");
    server.stop().await;
}

#[tokio::test]
async fn what_looks_wrong_and_is_none_is_answered() {
    let server = Server::start().await;
    let mut client = server.query();
    // Nothing is stored: each report of a merge is there, and empty.
    for report in (0..=9).filter(|report| *report != 6) {
        let answer =
            client.query(QueryRequest { report_type: report, ..merge(ReportType::Top) }).await.unwrap();
        let answer = answer.into_inner();
        assert!(answer.report.is_some() && answer.total == 0, "{report}: {answer:?}");
    }
    server.write(&profile(5_000_000_000)).await;
    let plain = client.query(merge(ReportType::Top)).await.unwrap().into_inner();
    // A sixth part other than `delta` says nothing, so that nothing is found.
    let sixth = PROFILE_TYPE.replace(":delta", ":nope");
    assert_eq!(client.query(merge_of(&sixth, ReportType::Top)).await.unwrap().into_inner().total, 0);
    #[expect(deprecated, reason = "old clients still send them")]
    let ignored = QueryRequest {
        filter_query: Some("nothing".into()),
        runtime_filter: Some(Default::default()),
        ..merge(ReportType::Top)
    };
    assert_eq!(client.query(ignored).await.unwrap().into_inner(), plain);
    let source = SourceReference { build_id: "aa".into(), ..Default::default() };
    let referring = QueryRequest { source_reference: Some(source), ..merge(ReportType::Top) };
    assert_eq!(client.query(referring).await.unwrap().into_inner(), plain);
    for label_name in ["nope", ""] {
        let request = ValuesRequest { label_name: label_name.into(), ..Default::default() };
        assert!(client.values(request).await.unwrap().into_inner().label_values.is_empty(), "{label_name}");
    }
    // What matches counts for names of labels with a type only, and for values never.
    let odd = vec![r#"job="nope""#.to_owned()];
    let request = LabelsRequest { r#match: odd.clone(), ..Default::default() };
    assert_eq!(client.labels(request).await.unwrap().into_inner().label_names, ["job"]);
    let request =
        LabelsRequest { r#match: odd.clone(), profile_type: Some(PROFILE_TYPE.into()), ..Default::default() };
    assert!(client.labels(request).await.unwrap().into_inner().label_names.is_empty());
    let request = ValuesRequest { label_name: "job".into(), r#match: odd, ..Default::default() };
    assert_eq!(client.values(request).await.unwrap().into_inner().label_values, ["it"]);
    server.stop().await;
}

type Labels<'a> = &'a [(&'a str, &'a str)];

#[expect(deprecated, reason = "old agents may still send it")]
fn of_nobody(request: WriteRawRequest) -> WriteRawRequest {
    WriteRawRequest { tenant: "nobody".into(), normalized: true, ..request }
}

async fn written(server: &Server, request: WriteRawRequest) -> Result<(), Status> {
    server.store().write_raw(request).await.map(drop)
}

#[tokio::test]
async fn labels_are_taken_as_parca_takes_them() {
    let server = Server::start().await;
    let raw = |seconds: i64| pprof::encode(&profile(seconds * 1_000_000_000));
    let name = ("__name__", "process_cpu");
    let long = "v".repeat(60_000);
    let good: [(Labels<'_>, &str); 7] = [
        (&[name, ("a.b", "1"), ("é", "2"), ("a-b", "3"), ("1a", "4"), ("__meta_x", "5")], "é"),
        (&[name, ("lines", "a\n\"b\"\\")], "lines"),
        (&[name, ("long", &long)], "long"),
        // The last name counts.
        (&[("__name__", "other"), name, ("twice", "x")], "twice"),
        (&[name, ("empty", ""), ("full", "x")], "full"),
        (&[name, ("node", "a")], "node"),
        (&[name], ""),
    ];
    for (at, (labels, _)) in (1..).zip(&good) {
        written(&server, write_request(labels, raw(at))).await.unwrap();
    }
    let names = server.query().labels(LabelsRequest::default()).await.unwrap().into_inner().label_names;
    for (_, name) in good.iter().filter(|(_, name)| !name.is_empty()) {
        assert!(names.iter().any(|found| found == name), "{name} is not among {names:?}");
    }
    assert!(!names.iter().any(|name| name == "empty"), "an empty value is no label");
    let everything = server.query().query(merge(ReportType::Top)).await.unwrap().into_inner();
    assert_eq!(everything.total, 7 * 1_000_000_000);

    // Nothing to store is no mistake.
    written(&server, WriteRawRequest::default()).await.unwrap();
    written(&server, write_request(&[name], Vec::new())).await.unwrap();
    let mut request = write_request(&[name], Vec::new());
    request.series[0].samples.clear();
    written(&server, request).await.unwrap();
    // One bad series refuses all of them.
    let mut request = write_request(&[name], raw(100));
    request.series.push(RawProfileSeries::default());
    written(&server, request).await.unwrap_err();
    // Neither the deprecated tenant nor what was normalised before says anything.
    written(&server, of_nobody(write_request(&[name], raw(9)))).await.unwrap();
    assert_eq!(server.server.stats().profiles, 8);
    server.stop().await;
}

#[tokio::test]
async fn profiles_are_taken_as_parca_takes_them() {
    let server = Server::start().await;
    let name: Labels<'_> = &[("__name__", "process_cpu")];
    let changed = |change: &dyn Fn(&mut Profile)| {
        let mut profile = profile(5_000_000_000);
        change(&mut profile);
        pprof::encode(&profile)
    };
    // Any time and duration, types without words.
    let changes: [&dyn Fn(&mut Profile); 7] = [
        &|profile| profile.time_nanos = 0,
        &|profile| profile.time_nanos = -5_000_000_000,
        &|profile| profile.time_nanos = i64::MAX,
        &|profile| profile.duration_nanos = 0,
        &|profile| profile.duration_nanos = -1,
        &|profile| profile.sample_types = vec![ValueType::new("", "")],
        &|profile| profile.period_type = None,
    ];
    for (at, change) in changes.iter().enumerate() {
        written(&server, write_request(name, changed(change)))
            .await
            .unwrap_or_else(|error| panic!("{at}: {error}"));
    }
    // All of them can be listed: a missing period type hides nobody's.
    let types =
        server.query().profile_types(ProfileTypesRequest::default()).await.unwrap().into_inner().types;
    assert!(types.len() > 3, "{types:?}");

    let mut request = write_request(name, changed(&|_| ()));
    request.series[0].samples[0].executable_info = vec![ExecutableInfo::default(); 2];
    let status = written(&server, request).await.unwrap_err();
    let words = "invalid profile: profile has 0 mappings but 2 executable infos";
    assert_eq!((status.code(), status.message()), (Code::InvalidArgument, words));
    server.stop().await;
}

const SAMPLES: &[u8] = include_bytes!("../../../profile-codec/tests/fixtures/agent/write-v1-samples.arrows");

#[tokio::test]
async fn an_exchange_that_its_client_leaves_or_forgets_ends() {
    let server = Server::start().await;
    let message = WriteRequest { record: SAMPLES.into() };
    // Half-closed before the second message, or before the first.
    for messages in [vec![], vec![message.clone()]] {
        let mut answers = server.store().write(tokio_stream::iter(messages)).await.unwrap().into_inner();
        let status = loop {
            match answers.next().await.unwrap() {
                Ok(_) => {}
                Err(status) => break status,
            }
        };
        let words = "failed to receive request: EOF";
        assert_eq!((status.code(), status.message()), (Code::InvalidArgument, words));
    }
    // Silent for longer than an exchange may take.
    let silent = tokio_stream::once(message).chain(tokio_stream::pending());
    let mut answers = server.store().write(silent).await.unwrap().into_inner();
    assert!(answers.next().await.unwrap().unwrap().record.len() > 100);
    let status = answers.next().await.unwrap().unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::DeadlineExceeded, "deadline exceeded"));
    assert_eq!(server.server.stats().profiles, 0);
    server.stop().await;
}
