//! Query: summed rows in the form that was asked for.

use std::collections::BTreeSet;

use bytes::Bytes;
use parca_proto::query::query_response::Report as Answer;
use parca_proto::query::{
    FlamegraphArrow, ProfileMetadata, QueryRequest, QueryResponse, TableArrow, ValueType,
};
use profile_codec::{arrow, pprof};
use profile_model::{
    CallTable, CallTableOptions, FlameGraph, FlameSample, LabelValue, Labels, Profile, Sample, SampleLabel,
    StackId, Symbols, Transfer, WeightedStack,
};
use profile_store::{Filter, Span, View};
use tonic::Status;

use super::plan::{Plan, Report, Selection, Subject, When};
use super::range::{result_type, sample_type};
use super::rows::{Row, Rows};
use super::top::top;
use super::{callgraph, rows, tree, unreadable};

pub(crate) fn query(view: &View, request: &QueryRequest) -> Result<QueryResponse, Status> {
    let plan = Plan::of(request)?;
    let rows = rows::collect(view, &plan)?;
    let (symbols, rows, unit) = (&rows.symbols, &rows, unit(&plan));
    let is_single = matches!(plan.subject, Subject::One(Selection { when: When::Single(_), .. }));
    let report = match plan.report {
        Report::Pprof => Some(Answer::Pprof(Bytes::from(profile(symbols, &plan, rows, &unit)))),
        Report::Top => Some(Answer::Top(top(symbols, stacks(rows), unit.unit))),
        Report::FlamegraphArrow => {
            Some(Answer::FlamegraphArrow(flamegraph(symbols, &plan, rows, unit.unit)?))
        }
        Report::TableArrow => Some(Answer::TableArrow(table(symbols, rows, unit.unit)?)),
        Report::Callgraph => Some(Answer::Callgraph(callgraph::callgraph(&graph(&plan, rows), symbols))),
        Report::Flamegraph | Report::FlamegraphTable => {
            let with_tables = plan.report == Report::FlamegraphTable;
            let graph = graph(&plan, rows);
            let tree = tree::flamegraph(&graph, rows, unit.unit, plan.trim_percent, with_tables)?;
            Some(Answer::Flamegraph(tree))
        }
        // A single profile has none there, either.
        Report::Metadata if is_single => None,
        Report::Metadata => Some(Answer::ProfileMetadata(metadata(view, &plan)?)),
    };
    let has_total = !matches!(plan.report, Report::Pprof | Report::Metadata);
    let (total, filtered) = if has_total { (rows.total, rows.filtered) } else { (0, 0) };
    Ok(QueryResponse { total, filtered, report })
}

/// A merge of sample counts is answered in the unit of the period, a single profile as stored.
fn unit(plan: &Plan) -> ValueType {
    let of = plan.subject.main();
    match of.when {
        When::Merge(_) => result_type(&of.query.profile_type).0,
        When::Single(_) => sample_type(&of.query.profile_type),
    }
}

fn stacks(rows: &Rows) -> impl Iterator<Item = WeightedStack> + '_ {
    rows.rows.iter().map(|Row { stack, value, diff, .. }| WeightedStack {
        stack: *stack,
        value: *value,
        diff: *diff,
    })
}

/// One sample type, stacks as they are; the labels that were grouped by are on the samples. Of a comparison, the
/// values are what changed, each stack once.
fn profile(symbols: &Symbols, plan: &Plan, rows: &Rows, unit: &ValueType) -> Vec<u8> {
    let sample_type = profile_model::ValueType::new(&unit.r#type, &unit.unit);
    let mut profile = Profile::new(vec![sample_type]);
    let Selection { query, when } = plan.subject.main();
    let of = &query.profile_type;
    profile.period_type = Some(profile_model::ValueType::new(&of.period_type, &of.period_unit));
    profile.time_nanos = match when {
        When::Merge(range) => range.start.saturating_nanos(),
        When::Single(time) => time.saturating_millis().saturating_mul(1_000_000),
    };
    let groups: Vec<Vec<SampleLabel>> =
        rows.groups.iter().map(|group| sample_labels(&mut profile, group)).collect();
    let mut transfer = Transfer::new(symbols);
    for row in &rows.rows {
        let value = if plan.subject.is_diff() { row.diff } else { row.value };
        // A stack without frames has no place in this form there, either.
        if row.stack != StackId::EMPTY && !(plan.subject.is_diff() && value == 0) {
            let stack = transfer.stack(&mut profile.symbols, row.stack);
            let labels = groups.get(row.group).map(Vec::as_slice).unwrap_or_default();
            profile.samples.push(Sample { stack, values: &[value], labels });
        }
    }
    pprof::encode_gzip(&profile)
}

fn sample_labels(profile: &mut Profile, group: &Labels) -> Vec<SampleLabel> {
    let label = |(name, value): (&str, &str)| SampleLabel {
        key: profile.symbols.intern_string(name),
        value: LabelValue::Text(profile.symbols.intern_string(value)),
    };
    group.iter().map(label).collect()
}

/// File names of the mappings, and label names, of what was merged; of a comparison, of what is compared.
fn metadata(view: &View, plan: &Plan) -> Result<ProfileMetadata, Status> {
    let rows = rows::read(view, plan.subject.main())?;
    let mut files = BTreeSet::new();
    for row in &rows.rows {
        for location in rows.symbols.stack(row.stack) {
            let mapping = rows.symbols.location(*location).mapping;
            // A location without a mapping counts as one in a file without a name.
            files.insert(mapping.map_or("", |id| rows.symbols.string(rows.symbols.mapping(id).file)));
        }
    }
    let filter = Filter::of_query(&plan.subject.main().query);
    let sets = view.label_sets(&filter, Span::ALL).map_err(|error| unreadable(&error))?;
    let labels: BTreeSet<&str> = sets.iter().flat_map(|set| set.iter().map(|(name, _)| name)).collect();
    Ok(ProfileMetadata {
        mapping_files: files.into_iter().map(str::to_owned).collect(),
        labels: labels.into_iter().map(str::to_owned).collect(),
    })
}

fn graph(plan: &Plan, rows: &Rows) -> FlameGraph {
    let sample = |row: &Row| FlameSample {
        group: rows.groups.get(row.group),
        stack: row.stack,
        value: row.value,
        diff: row.diff,
    };
    if !plan.by_time {
        return FlameGraph::of(&rows.symbols, rows.rows.iter().map(sample), plan.apart);
    }
    let time = |row: &Row| rows.times.get(row.group).copied().unwrap_or(0);
    let mut over_time: Vec<(i64, FlameSample<'_>)> =
        rows.rows.iter().map(|row| (time(row), sample(row))).collect();
    over_time.sort_by_key(|(time, _)| *time);
    FlameGraph::over_time(&rows.symbols, over_time, plan.apart)
}

fn flamegraph(symbols: &Symbols, plan: &Plan, rows: &Rows, unit: String) -> Result<FlamegraphArrow, Status> {
    let encoded = arrow::encode_flame_graph(&graph(plan, rows), symbols, plan.trim_percent)
        .map_err(|error| Status::internal(format!("failed to generate arrow flamegraph: {error}")))?;
    Ok(FlamegraphArrow { record: encoded.record, unit, height: encoded.height, trimmed: encoded.trimmed })
}

fn table(symbols: &Symbols, rows: &Rows, unit: String) -> Result<TableArrow, Status> {
    let table = CallTable::of(symbols, stacks(rows), CallTableOptions::PARCA_TABLE);
    let record = arrow::encode_table(&table, symbols)
        .map_err(|error| Status::internal(format!("failed to generate table: {error}")))?;
    Ok(TableArrow { record, unit })
}
