//! Query: summed rows in the form that was asked for.

use std::collections::BTreeSet;

use bytes::Bytes;
use parca_proto::query::query_response::Report as Answer;
use parca_proto::query::{
    FlamegraphArrow, ProfileMetadata, QueryRequest, QueryResponse, TableArrow, ValueType,
};
use profile_codec::{arrow, pprof};
use profile_model::{
    CallTable, CallTableOptions, FlameGraph, FlameOptions, FlameSample, LabelValue, Labels, Profile, Sample,
    SampleLabel, StackId, Symbols, Transfer, WeightedStack,
};
use profile_store::{Filter, Merged, Span, View};
use tonic::Status;

use super::plan::{Plan, Report, When};
use super::range::{result_type, sample_type};
use super::top::top;
use super::{rows, unreadable};

pub(crate) fn query(view: &View, request: &QueryRequest) -> Result<QueryResponse, Status> {
    let plan = Plan::of(request)?;
    let rows = rows::collect(view, &plan)?;
    let rows = if plan.inverted { rows::inverted(rows) } else { rows };
    let (symbols, rows) = (&rows.symbols, &rows);
    let unit = unit(&plan);
    let report = match plan.report {
        Report::Pprof => Some(Answer::Pprof(Bytes::from(profile(symbols, &plan, rows, &unit)))),
        Report::Top => {
            let stacks = rows.rows.iter().map(|(_, stack, value)| (*stack, *value));
            Some(Answer::Top(top(symbols, stacks, unit.unit)))
        }
        Report::FlamegraphArrow => {
            Some(Answer::FlamegraphArrow(flamegraph(symbols, &plan, rows, unit.unit)?))
        }
        Report::TableArrow => Some(Answer::TableArrow(table(symbols, rows, unit.unit)?)),
        // A single profile has none there, either.
        Report::Metadata if matches!(plan.when, When::Single(_)) => None,
        Report::Metadata => Some(Answer::ProfileMetadata(metadata(view, &plan, symbols, rows)?)),
    };
    let total = if matches!(plan.report, Report::Pprof | Report::Metadata) { 0 } else { rows.total };
    Ok(QueryResponse { total, filtered: 0, report })
}

/// A merge of sample counts is answered in the unit of the period, a single profile as stored.
fn unit(plan: &Plan) -> ValueType {
    match plan.when {
        When::Merge(_) => result_type(&plan.query.profile_type).0,
        When::Single(_) => sample_type(&plan.query.profile_type),
    }
}

/// One sample type, stacks as they are; the labels that were grouped by are on the samples.
fn profile(symbols: &Symbols, plan: &Plan, rows: &Merged, unit: &ValueType) -> Vec<u8> {
    let sample_type = profile_model::ValueType::new(&unit.r#type, &unit.unit);
    let mut profile = Profile::new(vec![sample_type]);
    let period_type = &plan.query.profile_type;
    profile.period_type =
        Some(profile_model::ValueType::new(&period_type.period_type, &period_type.period_unit));
    profile.time_nanos = match plan.when {
        When::Merge(range) => range.start.saturating_nanos(),
        When::Single(time) => time.saturating_millis().saturating_mul(1_000_000),
    };
    let groups: Vec<Vec<SampleLabel>> =
        rows.groups.iter().map(|group| sample_labels(&mut profile, group)).collect();
    let mut transfer = Transfer::new(symbols);
    for (group, stack, value) in &rows.rows {
        // A stack without frames has no place in this form there, either.
        if *stack != StackId::EMPTY {
            let stack = transfer.stack(&mut profile.symbols, *stack);
            profile.samples.push(Sample { stack, values: &[*value], labels: &groups[*group] });
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

/// File names of the mappings, and label names, of what was merged.
fn metadata(view: &View, plan: &Plan, symbols: &Symbols, rows: &Merged) -> Result<ProfileMetadata, Status> {
    let mut files = BTreeSet::new();
    for (_, stack, _) in &rows.rows {
        for location in symbols.stack(*stack) {
            let mapping = symbols.location(*location).mapping;
            // A location without a mapping counts as one in a file without a name.
            files.insert(mapping.map_or("", |id| symbols.string(symbols.mapping(id).file)));
        }
    }
    let filter = Filter::of_query(&plan.query);
    let sets = view.label_sets(&filter, Span::ALL).map_err(|error| unreadable(&error))?;
    let labels: BTreeSet<&str> = sets.iter().flat_map(|set| set.iter().map(|(name, _)| name)).collect();
    Ok(ProfileMetadata {
        mapping_files: files.into_iter().map(str::to_owned).collect(),
        labels: labels.into_iter().map(str::to_owned).collect(),
    })
}

fn flamegraph(
    symbols: &Symbols,
    plan: &Plan,
    rows: &Merged,
    unit: String,
) -> Result<FlamegraphArrow, Status> {
    let samples = rows.rows.iter().map(|(group, stack, value)| FlameSample {
        group: Some(&rows.groups[*group]),
        stack: *stack,
        value: *value,
        diff: 0,
    });
    let graph = FlameGraph::of(symbols, samples, FlameOptions::default());
    let encoded = arrow::encode_flame_graph(&graph, symbols, plan.trim_percent)
        .map_err(|error| Status::internal(format!("failed to generate arrow flamegraph: {error}")))?;
    Ok(FlamegraphArrow { record: encoded.record, unit, height: encoded.height, trimmed: encoded.trimmed })
}

fn table(symbols: &Symbols, rows: &Merged, unit: String) -> Result<TableArrow, Status> {
    let stacks =
        rows.rows.iter().map(|(_, stack, value)| WeightedStack { stack: *stack, value: *value, diff: 0 });
    let table = CallTable::of(symbols, stacks, CallTableOptions::PARCA_TABLE);
    let record = arrow::encode_table(&table, symbols)
        .map_err(|error| Status::internal(format!("failed to generate table: {error}")))?;
    Ok(TableArrow { record, unit })
}
