//! A server in memory, one on disk and a reopened one give the same answers, whatever is asked.

use std::fmt::Write;

use parca_embedded::{DiskSettings, Settings, Store, start_on};
use parca_proto::query::query_request::{Mode, Options, ReportType};
use parca_proto::query::query_response::Report;
use parca_proto::query::{
    GroupBy, HasProfileDataRequest, LabelsRequest, MergeProfile, ProfileTypesRequest, QueryRangeRequest,
    QueryRequest, QueryResponse, SingleProfile, ValuesRequest,
};
use profile_codec::arrow::{ArrowLimits, decode_flame_graph, decode_table};
use profile_codec::pprof::{self, Limits};
use profile_model::{FlameKind, Function, Line, Location, Profile, Sample, StringId, Symbols, ValueType};
use tokio_util::sync::CancellationToken;

use crate::server::{Server, write_request};

/// SplitMix64: the same requests on every machine.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }
}

async fn serve(store: Store) -> Server {
    let mut settings = Settings::default();
    settings.self_profile_every = None;
    let stop = CancellationToken::new();
    Server::over(start_on(store, "127.0.0.1:0", settings, stop.clone()).await.unwrap(), stop)
}

pub(crate) fn random_profile(random: &mut Random) -> Profile {
    let mut profile =
        Profile::new(vec![ValueType::new("samples", "count"), ValueType::new("cpu", "nanoseconds")]);
    profile.period_type = Some(ValueType::new("cpu", "nanoseconds"));
    profile.time_nanos = random.below(40) as i64 * 1_000_000_000 + random.of(&[0, 0, 1, 500_000]);
    (profile.duration_nanos, profile.period) = (random.of(&[0, 10_000_000_000]), random.of(&[1, 10]));
    for _ in 0..random.below(6) + 1 {
        let stack: Vec<_> =
            (0..random.below(4) + 1).map(|_| location(random, &mut profile.symbols)).collect();
        let stack = profile.symbols.intern_stack(&stack);
        let value = random.below(50) as i64 - 5;
        profile.samples.push(Sample { stack, values: &[value, value * 10], labels: &[] });
    }
    profile
}

fn location(random: &mut Random, symbols: &mut Symbols) -> profile_model::LocationId {
    let name = symbols.intern_string(&format!("f{}", random.below(6)));
    let function = Function { name, system_name: name, filename: StringId::EMPTY, start_line: 1 };
    let function = Some(symbols.intern_function(function));
    let lines = [Line { function, line: random.below(3) as i64, column: 0 }];
    symbols.intern_location(Location { mapping: None, address: 1, is_folded: false, lines: &lines })
}

/// An answer without ids and without the order of what is equal.
fn canonical(answer: QueryResponse) -> String {
    let mut lines = vec![format!("{} {}", answer.total, answer.filtered)];
    match answer.report {
        Some(Report::Pprof(bytes)) => {
            let profile = pprof::decode(&bytes, &Limits::default()).unwrap();
            lines.push(format!("{:?} {}", profile.sample_types, profile.time_nanos));
            lines.extend(profile.samples.iter().map(|sample| {
                let labels: Vec<String> = sample
                    .labels
                    .iter()
                    .map(|label| match label.value {
                        profile_model::LabelValue::Text(text) => profile.symbols.string(text).to_owned(),
                        profile_model::LabelValue::Number { value, .. } => value.to_string(),
                    })
                    .collect();
                format!("{} {labels:?} {:?}", stack(&profile.symbols, sample.stack), sample.values)
            }));
        }
        Some(Report::Top(top)) => lines.extend(top.list.into_iter().map(|node| {
            let name = node.meta.and_then(|meta| meta.function).map(|function| function.name);
            format!("{name:?} {} {}", node.flat, node.cumulative)
        })),
        Some(Report::FlamegraphArrow(graph)) => {
            let decoded = decode_flame_graph(&graph.record, &ArrowLimits::default()).unwrap();
            lines.push(format!("{} {} {}", graph.unit, graph.height, graph.trimmed));
            for (at, node) in decoded.graph.nodes().iter().enumerate() {
                let mut path = String::new();
                let mut next = Some(at);
                while let Some(at) = next {
                    let node = &decoded.graph.nodes()[at];
                    let _ = match &node.kind {
                        FlameKind::Frame(frame) => {
                            let name = frame.function_name.map(|name| decoded.symbols.string(name));
                            write!(path, "/{name:?}:{:?}", frame.line)
                        }
                        FlameKind::Group(group) => write!(path, "/{}", decoded.graph.group(*group)),
                        FlameKind::Root => Ok(()),
                    };
                    next = node.parent.map(|parent| parent.index());
                }
                let time = decoded.timestamps.as_ref().map_or(0, |times| times[at]);
                lines.push(format!("{path} {} {} {time}", node.cumulative, node.flat));
            }
        }
        Some(Report::TableArrow(table)) => {
            let decoded = decode_table(&table.record, &ArrowLimits::default()).unwrap();
            lines.extend(
                decoded
                    .table
                    .rows
                    .iter()
                    .map(|row| format!("{} {} {}", row.name(&decoded.symbols), row.flat, row.cumulative)),
            );
        }
        other => lines.push(format!("{other:?}")),
    }
    lines[1..].sort();
    lines.join("\n")
}

fn stack(symbols: &Symbols, stack: profile_model::StackId) -> String {
    let names = symbols
        .frames(stack)
        .map(|frame| format!("{}:{}", symbols.frame_name(&frame), frame.line.map_or(0, |line| line.line)));
    names.collect::<Vec<_>>().join("<")
}

/// Asks something at random; the same seed asks the same.
async fn ask(server: &Server, seed: u64) -> String {
    let mut random = Random(seed);
    let mut client = server.query();
    let at = |random: &mut Random| {
        let seconds = random.of(&[0, 1, 5, 12, 20, 39, 60, 4_000_000_000]);
        Some(prost_types::Timestamp { seconds, nanos: random.of(&[0, 0, 1]) })
    };
    let of = random.of(&["samples:count", "cpu:nanoseconds"]);
    let delta = random.of(&["", ":delta"]);
    let matchers =
        random.of(&["", "", r#"{pod="p1"}"#, r#"{pod!="p1",zone=~"z"}"#, r#"{zone=""}"#, r#"{pod="none"}"#]);
    let query = format!("process_cpu:{of}:cpu:nanoseconds{delta}{matchers}");
    let (start, end) = (at(&mut random), at(&mut random));
    match random.below(6) {
        0 => format!(
            "{:?}",
            client.profile_types(ProfileTypesRequest { start, end }).await.map(|a| a.into_inner())
        ),
        1 => {
            let profile_type = Some(format!("process_cpu:{of}:cpu:nanoseconds{delta}"));
            let request = LabelsRequest { profile_type, start, end, ..Default::default() };
            format!("{:?}", client.labels(request).await.map(|a| a.into_inner()))
        }
        2 => {
            let request = ValuesRequest { label_name: "pod".into(), start, end, ..Default::default() };
            let has = client.has_profile_data(HasProfileDataRequest {}).await.unwrap().into_inner();
            format!("{has:?} {:?}", client.values(request).await.map(|a| a.into_inner()))
        }
        3 => {
            let step = random.of(&[0, 1, 7, 100]);
            let sum_by =
                random.of(&[&[][..], &["pod"], &["pod", "zone"]]).iter().map(|s| (*s).to_owned()).collect();
            let step = Some(prost_types::Duration { seconds: step, nanos: 0 });
            let request = QueryRangeRequest { query, start, end, step, sum_by, ..Default::default() };
            let answer = client.query_range(request).await.map(|a| a.into_inner());
            format!("{:?}", answer.map_err(|status| status.message().to_owned()))
        }
        single => {
            let options = match single {
                4 => Options::Single(SingleProfile { query, time: at(&mut random) }),
                _ => Options::Merge(MergeProfile { query, start, end }),
            };
            let report = random.of(&[
                ReportType::Pprof,
                ReportType::Top,
                ReportType::FlamegraphArrow,
                ReportType::TableArrow,
                ReportType::Flamechart,
                ReportType::ProfileMetadata,
            ]);
            let fields =
                random.of(&[&[][..], &["labels.pod"]]).iter().map(|field| (*field).to_owned()).collect();
            let request = QueryRequest {
                mode: if single == 4 { Mode::SingleUnspecified.into() } else { Mode::Merge.into() },
                options: Some(options),
                report_type: report.into(),
                group_by: Some(GroupBy { fields }),
                invert_call_stack: Some(random.below(4) == 0),
                ..Default::default()
            };
            match client.query(request).await {
                Ok(answer) => canonical(answer.into_inner()),
                Err(status) => format!("{:?} {}", status.code(), status.message()),
            }
        }
    }
}

#[tokio::test]
async fn random_requests_have_equal_answers() {
    let long = std::env::var_os("PARCA_STORE_LONG").is_some();
    let (rounds, requests) = if long { (20, 1000) } else { (1, 60) };
    for round in 0..rounds {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = DiskSettings::new(folder.path());
        (settings.background, settings.min_free_bytes) = (false, 0);
        let store = Store::open(settings.clone(), "").unwrap();
        let (memory, disk) = (serve(Store::in_memory(1 << 30)).await, serve(store.clone()).await);
        let mut random = Random(round);
        for _ in 0..60 {
            let pod = format!("p{}", random.below(3));
            let labels =
                [("__name__", "process_cpu"), ("pod", pod.as_str()), ("zone", random.of(&["", "z", "y"]))];
            let raw = pprof::encode(&random_profile(&mut random));
            memory.store().write_raw(write_request(&labels, raw.clone())).await.unwrap();
            disk.store().write_raw(write_request(&labels, raw)).await.unwrap();
            match random.below(12) {
                0 | 1 => drop(store.seal_now().unwrap()),
                2 => drop(store.compact_now().unwrap()),
                _ => {}
            }
        }
        let mut expected = Vec::new();
        for seed in 0..requests {
            let expect = ask(&memory, seed).await;
            assert_eq!(ask(&disk, seed).await, expect, "round {round}, request {seed}");
            expected.push(expect);
        }
        disk.stop().await;
        store.close();
        drop(store);
        let store = Store::open(settings, "").unwrap();
        let reopened = serve(store.clone()).await;
        for (seed, expect) in expected.into_iter().enumerate() {
            assert_eq!(ask(&reopened, seed as u64).await, expect, "round {round}, request {seed}, reopened");
        }
        reopened.stop().await;
        memory.stop().await;
    }
}
