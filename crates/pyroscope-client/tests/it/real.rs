//! Against a server made of Pyroscope's own messages and handlers; no code of ours encodes its answers.

use std::collections::BTreeMap;
use std::time::Duration;

use pql::{MatchOp, Matcher};
use profile_codec::pprof;
use profile_model::{
    Function, FunctionTable, Labels, Line, Location, Profile, Sample, StringId, TimeRange, Timestamp,
    ValueType,
};
use pyroscope_client::{
    Client, DiffTree, Encoding, ErrorKind, Levels, PushSample, PushSeries, Selection, SeriesRequest,
    Settings, Tree,
};
use test_support::Pyroscope;

use crate::fake::{cpu, millis};

/// A Thursday in 2025, at a full hour.
const NOW: i64 = 1_760_000_400_000;
const ID: &str = "00000000-0000-4000-8000-000000000001";

fn clients(server: &Pyroscope) -> [Client; 2] {
    [Encoding::Proto, Encoding::Json].map(|encoding| {
        let mut settings = Settings::new(server.url());
        settings.encoding = encoding;
        Client::new(&settings).unwrap()
    })
}

/// A profile of CPU time and of sample counts, from stacks with the root first.
fn made(at: i64, stacks: &[(&str, i64)]) -> Profile {
    let types = [("samples", "count"), ("cpu", "nanoseconds")];
    let mut profile = Profile::new(types.map(|(name, unit)| ValueType::new(name, unit)).to_vec());
    profile.period_type = Some(ValueType::new("cpu", "nanoseconds"));
    profile.period = 10_000_000;
    profile.time_nanos = at * 1_000_000;
    for (stack, value) in stacks {
        let symbols = &mut profile.symbols;
        let mut locations = Vec::new();
        for name in stack.rsplit(';') {
            let name = symbols.intern_string(name);
            let function = Function { name, system_name: name, filename: StringId::EMPTY, start_line: 1 };
            let lines = [Line { function: Some(symbols.intern_function(function)), line: 1, column: 0 }];
            let location = Location { mapping: None, address: 0, is_folded: false, lines: &lines };
            locations.push(symbols.intern_location(location));
        }
        let stack = symbols.intern_stack(&locations);
        profile.samples.push(Sample { stack, values: &[*value, value * 10], labels: &[] });
    }
    profile
}

fn series(labels: &[(&str, &str)], profiles: &[Profile]) -> PushSeries {
    let sample =
        |profile: &Profile| PushSample { pprof: pprof::encode_gzip(profile).into(), id: ID.to_owned() };
    let labels: Labels = labels.iter().copied().chain([("__name__", "process_cpu")]).collect();
    PushSeries { labels, samples: profiles.iter().map(sample).collect() }
}

const API: &[(&str, i64)] = &[("main", 1), ("main;a", 3), ("main;b", 5), ("main;b;c", 2)];
const WEB: &[(&str, i64)] = &[("main;a", 6), ("main;d", 4), ("main;a;a", 1)];

/// A minute apart: two profiles of `api`, one of `web`.
async fn filled(args: &[&str]) -> Option<Pyroscope> {
    let server = Pyroscope::start(args.iter().copied()).await?;
    let [client, _] = clients(&server);
    let api =
        series(&[("service_name", "api"), ("k8s.pod", "p\"1")], &[made(NOW, API), made(NOW + 60_000, API)]);
    let web = series(&[("service_name", "web")], &[made(NOW + 60_000, WEB)]);
    client.push(&[api, web]).await.unwrap();
    Some(server)
}

fn service(name: &str) -> Vec<Matcher> {
    vec![Matcher::equal("service_name", name)]
}

fn of(name: &str) -> Selection {
    Selection::new(cpu(), service(name), millis(NOW, NOW + 120_000))
}

fn stacks(of: &[(&str, i64)], times: i64) -> Tree {
    Tree::from_stacks(of.iter().map(|(stack, value)| (stack.split(';'), *value * times)))
}

/// Flat and cumulative by name.
fn ranked(profile: &Profile) -> BTreeMap<String, (i64, i64)> {
    let table = FunctionTable::of(&profile.symbols, profile.samples.column(0));
    table
        .rows
        .iter()
        .map(|row| (row.name(&profile.symbols).to_string(), (row.flat, row.cumulative)))
        .collect()
}

#[tokio::test]
async fn catalogs() {
    let Some(server) = filled(&[]).await else { return };
    for client in clients(&server) {
        let range = millis(NOW, NOW + 120_000);
        let types: Vec<_> =
            client.profile_types(range).await.unwrap().iter().map(ToString::to_string).collect();
        let expect =
            ["process_cpu:cpu:nanoseconds:cpu:nanoseconds", "process_cpu:samples:count:cpu:nanoseconds"];
        assert_eq!(types, expect);
        assert_eq!(client.label_values("service_name", &[], range).await.unwrap(), ["api", "web"]);
        let odd = [Matcher::equal("k8s.pod", "p\"1")];
        assert_eq!(client.label_values("service_name", &odd, range).await.unwrap(), ["api"]);
        let not = [Matcher::new("service_name", MatchOp::NotMatches, "a.i").unwrap()];
        assert_eq!(client.label_values("service_name", &not, range).await.unwrap(), ["web"]);
        let names = client.label_names(&service("api"), range).await.unwrap();
        assert!(names.contains(&"k8s.pod".to_owned()) && names.contains(&"__profile_type__".to_owned()));
        let names = ["__profile_type__".to_owned(), "service_name".to_owned()];
        let sets = client.series(&[], &names, range).await.unwrap();
        assert_eq!((sets.len(), sets[0].len(), sets[0].get("service_name")), (4, 2, Some("api")));
        assert!(client.label_names(&service("none"), range).await.unwrap().is_empty());
        let stats = client.profile_stats().await.unwrap();
        assert!(stats.data_ingested);
        let bounds = [stats.oldest, stats.newest].map(|bound| bound.unwrap().saturating_millis());
        assert_eq!(bounds, [NOW, NOW + 60_000]);
        assert_eq!(client.analyze_query("{}", range).await.unwrap(), Default::default());
    }
}

#[tokio::test]
async fn all_forms_of_a_merge_agree() {
    let Some(server) = filled(&[]).await else { return };
    for client in clients(&server) {
        for (name, expect) in [("api", stacks(API, 20)), ("web", stacks(WEB, 10)), ("none", stacks(&[], 1))] {
            let selection = of(name);
            let tree = client.tree(&selection).await.unwrap();
            assert_eq!(tree, expect);
            assert_eq!(client.flame_graph(&selection).await.unwrap(), expect);
            let profile = client.profile(&selection).await.unwrap();
            assert_eq!(profile.sample_types, [ValueType::new("cpu", "nanoseconds")]);
            assert_eq!(profile.samples.total(0), i128::from(tree.total()));
            assert_eq!(
                ranked(&profile),
                ranked(&tree.to_profile(ValueType::new("cpu", "nanoseconds")).unwrap())
            );
            let limits = pprof::Limits::default();
            let older =
                pprof::decode(&client.select_merge_profile(&selection).await.unwrap(), &limits).unwrap();
            let newer = pprof::decode(&client.pprof(&selection).await.unwrap(), &limits).unwrap();
            for file in [older, newer].iter().filter(|file| !file.sample_types.is_empty()) {
                assert_eq!(ranked(file), ranked(&profile));
            }
            assert_eq!(client.dot(&selection).await.unwrap(), None);
        }
        let mut half = of("api");
        half.range = millis(NOW, NOW + 60_000);
        assert_eq!(client.tree(&half).await.unwrap(), stacks(API, 10), "the end is left out");
        let mut sites = of("api");
        sites.call_sites = vec!["main".to_owned(), "b".to_owned()];
        assert_eq!(client.tree(&sites).await.unwrap(), stacks(&API[2..], 20));
        let mut none = of("api");
        none.profile_ids = vec!["00000000-0000-4000-8000-000000000002".to_owned()];
        assert!(client.tree(&none).await.unwrap().is_empty());
        none.profile_ids = vec![ID.to_owned()];
        assert_eq!(client.tree(&none).await.unwrap(), stacks(API, 20));
        let mut spans = of("api");
        spans.span_ids = vec!["00000bac2a5ab0c7".to_owned()];
        assert!(client.span_profile(&spans).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn what_the_server_cuts_off_is_reported() {
    let Some(server) = filled(&[]).await else { return };
    for client in clients(&server) {
        let mut selection = of("api");
        selection.max_nodes = Some(2);
        let tree = client.tree(&selection).await.unwrap();
        assert_eq!((tree.total(), tree.truncated()), (220, 100));
        assert_eq!(client.flame_graph(&selection).await.unwrap(), tree);
        selection.max_nodes = Some(u32::MAX);
        let error = client.tree(&selection).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Rejected);
        assert!(error.hint().unwrap().contains("fewer nodes"));
    }
}

#[tokio::test]
async fn comparisons_are_those_of_two_trees() {
    let Some(server) = filled(&[]).await else { return };
    for client in clients(&server) {
        let diff = client.diff(&of("api"), &of("web")).await.unwrap();
        assert_eq!(diff, DiffTree::between(&stacks(API, 20), &stacks(WEB, 10)));
        assert_eq!(diff.totals(), [220, 110]);
        assert!(client.diff(&of("none"), &of("none")).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn series_add_up_to_the_range() {
    let Some(server) = filled(&[]).await else { return };
    for client in clients(&server) {
        let mut request =
            SeriesRequest::new(cpu(), Vec::new(), millis(NOW, NOW + 120_000), Duration::from_secs(30));
        let total = client.select_series(&request).await.unwrap();
        assert_eq!(total.len(), 1);
        let points: Vec<_> = total[0]
            .points
            .iter()
            .map(|point| (point.timestamp.saturating_millis() - NOW, point.value))
            .collect();
        assert_eq!(points, [(60_000, 220.0)], "what lies at the start belongs to the step before");
        request.range = TimeRange::new(Timestamp::from_nanos((NOW - 1000) * 1_000_000), request.range.end);
        request.group_by = vec!["service_name".to_owned()];
        request.exemplars = true;
        let grouped = client.select_series(&request).await.unwrap();
        let sums: Vec<_> = grouped.iter().map(|s| (s.labels.get("service_name").unwrap(), s.sum())).collect();
        assert_eq!(sums, [("api", 220.0), ("web", 110.0)]);
        assert_eq!(grouped[0].points[0].exemplars[0].profile_id, ID);
        request.limit = Some(1);
        assert_eq!(client.select_series(&request).await.unwrap().len(), 1);
        let heat = pyroscope_client::HeatmapRequest::new(cpu(), Vec::new(), request.range, request.step);
        assert_eq!(client.select_heatmap(&heat).await.unwrap_err().kind(), ErrorKind::Unsupported);
    }
}

#[tokio::test]
async fn ranges_over_the_limit_give_the_same_as_one_within() {
    let Some(whole) = Pyroscope::start([]).await else { return };
    let Some(limited) = Pyroscope::start(["--max-query-length", "10m"]).await else { return };
    // On the borders of parts and of steps, and around them.
    let at = |minutes: i64, millis: i64| NOW + minutes * 60_000 + millis;
    let times =
        [at(0, 1), at(9, 59_999), at(10, 0), at(10, 1), at(19, 999), at(20, 0), at(39, 59_999), at(45, 0)];
    let profiles: Vec<Profile> =
        times.iter().zip(1..).map(|(time, weight)| made(*time, &[("main;a", weight), ("main", 1)])).collect();
    for server in [&whole, &limited] {
        clients(server)[0].push(&[series(&[("service_name", "api")], &profiles)]).await.unwrap();
    }
    let range = millis(NOW, at(50, 0));
    let selection = Selection::new(cpu(), service("api"), range);
    let mut values = SeriesRequest::new(cpu(), Vec::new(), range, Duration::from_secs(60));
    values.group_by = vec!["service_name".to_owned()];
    for (one, parted) in clients(&whole).iter().zip(clients(&limited)) {
        assert_eq!(one.tree(&selection).await.unwrap(), parted.tree(&selection).await.unwrap());
        assert_eq!(one.flame_graph(&selection).await.unwrap(), parted.flame_graph(&selection).await.unwrap());
        let profiles = [one.profile(&selection).await.unwrap(), parted.profile(&selection).await.unwrap()];
        assert_eq!(ranked(&profiles[0]), ranked(&profiles[1]));
        assert_eq!(
            one.diff(&selection, &selection).await.unwrap(),
            parted.diff(&selection, &selection).await.unwrap()
        );
        for limit in [None, Some(1)] {
            values.limit = limit;
            assert_eq!(
                one.select_series(&values).await.unwrap(),
                parted.select_series(&values).await.unwrap()
            );
        }
        assert_eq!(parted.label_values("service_name", &[], range).await.unwrap(), ["api"]);
        let error = parted.pprof(&selection).await.unwrap_err();
        assert!(error.message().contains("max_query_length"), "{error}");
    }
}

#[tokio::test]
async fn servers_that_do_not_know_pprof_are_asked_otherwise() {
    let Some(server) = filled(&["--no-pprof"]).await else { return };
    for client in clients(&server) {
        let profile = client.profile(&of("api")).await.unwrap();
        assert_eq!(profile.samples.total(0), 220);
        assert_eq!(client.tree(&of("api")).await.unwrap(), stacks(API, 20));
    }
}

#[tokio::test]
async fn credentials_tenants_and_paths() {
    let args = ["--token", "hunter2", "--tenant", "t", "--prefix", "/api/uid/x"];
    let Some(server) = Pyroscope::start(args).await else { return };
    let mut settings = Settings::new(server.url());
    let asked = async |settings: &Settings| Client::new(settings).unwrap().profile_stats().await;
    assert_eq!(asked(&settings).await.unwrap_err().kind(), ErrorKind::Auth);
    let config = serde_json::json!({"bearer_token": "hunter2"});
    let config = Box::new(http_config::HttpClientConfig::parse(config).unwrap());
    settings.access =
        pyroscope_client::Access::Http { config, environment: http_config::Environment::empty() };
    let error = asked(&settings).await.unwrap_err();
    assert_eq!((error.kind(), error.http_status()), (ErrorKind::NotPyroscope, Some(404)));
    settings.url.push_str("/api/uid/x/");
    let error = asked(&settings).await.unwrap_err();
    assert_eq!((error.kind(), error.message()), (ErrorKind::Auth, "no org id"));
    settings.tenant = Some("t".to_owned());
    assert!(!asked(&settings).await.unwrap().data_ingested);
}

/// The numbers of a flame graph as the server wrote them.
fn levels(body: &serde_json::Value) -> Levels {
    let graph = &body["flamegraph"];
    let number = |value: &serde_json::Value| value.as_str().unwrap().parse().unwrap();
    let row = |row: &serde_json::Value| row["values"].as_array().unwrap().iter().map(number).collect();
    Levels {
        names: serde_json::from_value(graph["names"].clone()).unwrap(),
        levels: graph["levels"].as_array().unwrap().iter().map(row).collect(),
    }
}

#[tokio::test]
async fn refusals_of_the_server_are_typed() {
    let Some(server) = filled(&[]).await else { return };
    for client in clients(&server) {
        let bad = pyroscope_client::PushSeries {
            labels: [("__name__", "x")].into_iter().collect(),
            samples: vec![PushSample { pprof: "junk".into(), id: String::new() }],
        };
        let error = client.push(&[bad]).await.unwrap_err();
        assert_eq!((error.kind(), error.http_status()), (ErrorKind::Rejected, Some(400)));
        let raw = client.raw("Series", "{}}").await.unwrap();
        assert_eq!(raw.status, Some(400));
        let raw =
            client.raw("ProfileTypes", format!("{{\"start\":{NOW},\"end\":{}}}", NOW + 1)).await.unwrap();
        let body: serde_json::Value = serde_json::from_slice(&raw.body).unwrap();
        assert_eq!(body["profileTypes"].as_array().unwrap().len(), 2);
        let body = of("api").stacktraces_json(pyroscope_client::Format::FlameGraph).unwrap();
        let raw = client.raw("SelectMergeStacktraces", body).await.unwrap();
        let body: serde_json::Value = serde_json::from_slice(&raw.body).unwrap();
        assert_eq!(body["flamegraph"]["total"], "220");
        assert_eq!(levels(&body), stacks(API, 20).to_levels(), "both encoders write the same numbers");
        let raw = client.raw("Diff", Selection::diff_json(&of("api"), &of("web")).unwrap()).await.unwrap();
        let expect = DiffTree::between(&stacks(API, 20), &stacks(WEB, 10)).to_levels();
        assert_eq!(levels(&serde_json::from_slice(&raw.body).unwrap()), expect);
    }
}

/// The stacks of a profile by the names of functions, as Pyroscope keeps them.
fn by_names(profile: &Profile, sample_type: usize) -> Tree {
    let symbols = &profile.symbols;
    let name = |frame: &profile_model::Frame<'_>| match symbols.frame_function(frame) {
        Some(function) => symbols.string(function.name).to_owned(),
        None => format!("{:#x}", symbols.location(frame.location).address),
    };
    let stacks: Vec<(Vec<String>, i64)> = profile
        .samples
        .column(sample_type)
        .map(|(stack, value)| (symbols.frames(stack).rev().map(|frame| name(&frame)).collect(), value))
        .collect();
    Tree::from_stacks(stacks.iter().map(|(stack, value)| (stack.iter().map(String::as_str), *value)))
}

#[tokio::test]
async fn profiles_of_real_programs_come_back_whole() {
    let Some(server) = Pyroscope::start([]).await else { return };
    let [client, json] = clients(&server);
    let mut compared = 0;
    for path in test_support::real_profiles() {
        let file = std::fs::read(&path).unwrap();
        let mut profile = pprof::decode(&file, &pprof::Limits::default()).unwrap();
        profile.time_nanos = NOW * 1_000_000;
        let service_name = path.file_name().unwrap().to_str().unwrap();
        let pushed = series(&[("service_name", service_name)], std::slice::from_ref(&profile));
        json.push(&[pushed]).await.unwrap();
        for (at, sample_type) in profile.sample_types.iter().enumerate() {
            if profile.samples.column(at).any(|(_, value)| value < 0) {
                continue; // A difference of two profiles, which no tree of Pyroscope can hold.
            }
            let period = profile.period_type.clone().unwrap_or_default();
            let id = format!("process_cpu:{sample_type}:{period}").replace('/', ":");
            let mut selection =
                Selection::new(id.parse().unwrap(), service(service_name), millis(NOW, NOW + 1));
            selection.max_nodes = Some(1 << 20);
            let expect = by_names(&profile, at);
            // Not `assert_eq!`: these trees fill screens.
            assert!(client.tree(&selection).await.unwrap() == expect, "{service_name} {id}");
            assert!(json.flame_graph(&selection).await.unwrap() == expect, "{service_name} {id}");
            for client in [&client, &json] {
                let merged = client.profile(&selection).await.unwrap();
                assert!(by_names(&merged, 0) == expect, "{service_name} {id}");
            }
            compared += usize::from(!expect.is_empty());
        }
    }
    assert!(compared > 5, "only {compared} sample types with values");
}
