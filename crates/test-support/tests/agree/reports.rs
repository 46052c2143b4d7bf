//! Profiles as reports: totals, functions, stacks.

use std::collections::{BTreeMap, BTreeSet};

use parca_client::{FlameTree, QueryAnswer, QueryRequest, Report, ReportKind, Top};
use profile_codec::pprof::{self, Limits};
use profile_model::Profile;

use crate::fixture::{Pair, Written};

pub(crate) async fn merges(pair: &Pair) {
    for written in &pair.written {
        for profile_type in written.types() {
            for selector in ["", r#"{parity="odd"}"#, r#"{parity="none"}"#] {
                let query = format!("{profile_type}{selector}");
                let ask = |report| QueryRequest::merge(query.as_str(), written.range(), report);
                all(pair, written, ask).await;
                grouped(pair, &query, written).await;
            }
        }
    }
}

pub(crate) async fn singles(pair: &Pair) {
    for written in &pair.written {
        for profile_type in written.types() {
            for profile in written.profiles.iter().take(3) {
                let query = profile_type.to_string();
                all(pair, written, |report| QueryRequest::single(query.as_str(), profile.time(), report))
                    .await;
            }
        }
    }
}

/// All forms of one report.
pub(crate) async fn all(pair: &Pair, written: &Written, ask: impl Fn(ReportKind) -> QueryRequest) {
    for kind in [
        ReportKind::Pprof,
        ReportKind::Top,
        ReportKind::TableArrow,
        ReportKind::FlamegraphArrow,
        ReportKind::ProfileMetadata,
    ] {
        if kind == ReportKind::Top && !written.is_safe_for_top() {
            eprintln!("SKIPPED: TOP of {}: it has a line without a function", written.name);
            continue;
        }
        let request = ask(kind);
        let Some((real, ours)) = pair.ask(&request).await else { continue };
        assert_eq!((real.total, real.filtered), (ours.total, ours.filtered), "{request:?}");
        compare(real, ours, &request);
    }
}

pub(crate) fn compare(real: QueryAnswer, ours: QueryAnswer, request: &QueryRequest) {
    match (real.report, ours.report) {
        (Some(Report::Pprof(real)), Some(Report::Pprof(ours))) => same_stacks(&real, &ours, request),
        (Some(Report::Top(real)), Some(Report::Top(ours))) => {
            assert_eq!((real.reported, &real.unit), (ours.reported, &ours.unit), "{request:?}");
            assert_eq!(functions(&real), functions(&ours), "{request:?}");
        }
        (Some(Report::TableArrow(real)), Some(Report::TableArrow(ours))) => assert_eq!(real.unit, ours.unit),
        (Some(Report::FlamegraphArrow(real)), Some(Report::FlamegraphArrow(ours))) => {
            assert_eq!(
                (real.unit, real.height, real.trimmed),
                (ours.unit, ours.height, ours.trimmed),
                "{request:?}"
            );
        }
        (Some(Report::ProfileMetadata(real)), Some(Report::ProfileMetadata(ours))) => {
            let sets = |m: parca_client::ProfileMetadata| {
                (
                    m.mapping_files.into_iter().collect::<BTreeSet<_>>(),
                    m.labels.into_iter().collect::<BTreeSet<_>>(),
                )
            };
            assert_eq!(sets(real), sets(ours), "{request:?}");
        }
        (Some(Report::Flamegraph(real)), Some(Report::Flamegraph(ours))) => {
            assert_eq!((&real.unit, real.trimmed), (&ours.unit, ours.trimmed), "{request:?}");
            assert_eq!(outermost(&real), outermost(&ours), "{request:?}");
        }
        (None, None) => {}
        (real, ours) => panic!("different reports for {request:?}: {real:?} / {ours:?}"),
    }
}

/// The values of the root's children, sorted: in this form a real Parca has the functions that were inlined at one place
/// in the wrong order, the callee above its caller (parca-dev/parca at 3b5647cd: `PtrTo`, which calls `Type2`, below it).
fn outermost(tree: &FlameTree) -> Vec<(i64, i64)> {
    let below_root = tree.nodes.iter().filter(|node| node.parent == Some(0));
    let mut values: Vec<(i64, i64)> = below_root.map(|node| (node.cumulative, node.diff)).collect();
    values.sort_unstable();
    values
}

/// Flat and cumulative by function, or by address where there is none.
fn functions(top: &Top) -> BTreeMap<(String, u64), (i64, i64)> {
    let mut sums = BTreeMap::new();
    for row in &top.rows {
        let sum: &mut (i64, i64) = sums.entry((row.frame.function.clone(), row.frame.address)).or_default();
        *sum = (sum.0 + row.flat, sum.1 + row.cumulative);
    }
    sums
}

fn same_stacks(real: &[u8], ours: &[u8], request: &QueryRequest) {
    let decode = |bytes: &[u8]| pprof::decode(bytes, &Limits::default()).unwrap();
    let (real, ours) = (decode(real), decode(ours));
    assert_eq!(real.sample_types, ours.sample_types, "{request:?}");
    assert_eq!(real.period_type, ours.period_type, "{request:?}");
    assert_eq!(stacks(&real), stacks(&ours), "{request:?}");
}

/// A frame as far as people can tell frames apart.
type Frame = (String, String, String, i64, i64, u64, String);

/// Root last, as stored; equal stacks summed, which a real Parca does not always.
fn stacks(profile: &Profile) -> BTreeMap<Vec<Frame>, i64> {
    let symbols = &profile.symbols;
    let mut sums = BTreeMap::new();
    for (stack, value) in profile.samples.column(0) {
        let frames = symbols.frames(stack).map(|frame| {
            let function = symbols.frame_function(&frame);
            let text =
                |id: Option<profile_model::StringId>| id.map_or("", |id| symbols.string(id)).to_owned();
            let mapping = symbols.frame_mapping(&frame);
            (
                text(function.map(|f| f.name)),
                text(function.map(|f| f.system_name)),
                text(function.map(|f| f.filename)),
                function.map_or(0, |f| f.start_line),
                frame.line.map_or(0, |line| line.line),
                symbols.location(frame.location).address,
                text(mapping.map(|m| m.file)),
            )
        });
        *sums.entry(frames.collect::<Vec<_>>()).or_insert(0) += value;
    }
    sums
}

/// Grouping keeps the totals, and the labels come with the stacks of a pprof.
async fn grouped(pair: &Pair, query: &str, written: &Written) {
    for kind in [ReportKind::Pprof, ReportKind::FlamegraphArrow] {
        let mut request = QueryRequest::merge(query, written.range(), kind);
        request.group_by = vec!["labels.parity".to_owned(), "function_name".to_owned()];
        let Some((real, ours)) = pair.ask(&request).await else { continue };
        assert_eq!(real.total, ours.total, "{request:?}");
        if let (Some(Report::Pprof(real)), Some(Report::Pprof(ours))) = (&real.report, &ours.report) {
            assert_eq!(by_label(real), by_label(ours), "{request:?}");
        }
        compare(real, ours, &request);
    }
}

fn by_label(bytes: &[u8]) -> BTreeMap<Vec<(String, String)>, i64> {
    let profile = pprof::decode(bytes, &Limits::default()).unwrap();
    let mut sums = BTreeMap::new();
    for sample in profile.samples.iter() {
        let label = |label: &profile_model::SampleLabel| match label.value {
            profile_model::LabelValue::Text(text) => {
                (profile.symbols.string(label.key).to_owned(), profile.symbols.string(text).to_owned())
            }
            profile_model::LabelValue::Number { value, .. } => {
                (profile.symbols.string(label.key).to_owned(), value.to_string())
            }
        };
        *sums.entry(sample.labels.iter().map(label).collect()).or_insert(0) += sample.values[0];
    }
    sums
}
