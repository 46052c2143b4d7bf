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
    StackId, Transfer, WeightedStack,
};
use profile_store::{Filter, Span, View};
use tonic::Status;

use super::plan::{Plan, Report, Selection, Subject, When};
use super::range::{result_type, sample_type};
use super::rows::{Row, Rows};
use super::top::top;
use super::{callgraph, going_on, rows, tree, unreadable};

pub(crate) fn query(view: &View, request: &QueryRequest) -> Result<QueryResponse, Status> {
    let plan = Plan::of(request)?;
    let rows = rows::collect(view, &plan)?;
    let (symbols, rows, unit) = (&rows.symbols, &rows, unit(&plan));
    let is_single = matches!(plan.subject, Subject::One(Selection { when: When::Single(_), .. }));
    let report = match plan.report {
        Report::Pprof => Some(Answer::Pprof(Bytes::from(profile(view, &plan, rows, &unit)?))),
        Report::Top => Some(Answer::Top(top(symbols, stacks(view, rows), unit.unit))),
        Report::FlamegraphArrow => Some(Answer::FlamegraphArrow(flamegraph(view, &plan, rows, unit.unit)?)),
        Report::TableArrow => Some(Answer::TableArrow(table(view, rows, unit.unit)?)),
        Report::Callgraph => {
            Some(Answer::Callgraph(callgraph::callgraph(&graph(view, &plan, rows)?, symbols)))
        }
        Report::Flamegraph | Report::FlamegraphTable => {
            let with_tables = plan.report == Report::FlamegraphTable;
            let graph = graph(view, &plan, rows)?;
            let tree = tree::flamegraph(&graph, rows, unit.unit, plan.trim_percent, with_tables)?;
            Some(Answer::Flamegraph(tree))
        }
        // A single profile has none there, either.
        Report::Metadata if is_single => None,
        Report::Metadata => Some(Answer::ProfileMetadata(metadata(view, &plan)?)),
    };
    going_on(view)?;
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

fn stacks<'a>(view: &'a View, rows: &'a Rows) -> impl Iterator<Item = WeightedStack> + 'a {
    view.stop().before(&rows.rows).map(|Row { stack, value, diff, .. }| WeightedStack {
        stack: *stack,
        value: *value,
        diff: *diff,
    })
}

/// One sample type, stacks as they are; the labels that were grouped by are on the samples. Of a comparison, the
/// values are what changed, each stack once.
fn profile(view: &View, plan: &Plan, rows: &Rows, unit: &ValueType) -> Result<Vec<u8>, Status> {
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
    let mut transfer = Transfer::new(&rows.symbols);
    for row in view.stop().before(&rows.rows) {
        let value = if plan.subject.is_diff() { row.diff } else { row.value };
        // A stack without frames has no place in this form there, either.
        if row.stack != StackId::EMPTY && !(plan.subject.is_diff() && value == 0) {
            let stack = transfer.stack(&mut profile.symbols, row.stack);
            let labels = groups.get(row.group).map(Vec::as_slice).unwrap_or_default();
            profile.samples.push(Sample { stack, values: &[value], labels });
        }
    }
    going_on(view)?;
    Ok(pprof::encode_gzip(&profile))
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

fn graph(view: &View, plan: &Plan, rows: &Rows) -> Result<FlameGraph, Status> {
    let sample = |row: &Row| FlameSample {
        group: rows.groups.get(row.group),
        stack: row.stack,
        value: row.value,
        diff: row.diff,
    };
    let awaited = || view.stop().before(&rows.rows);
    let graph = match plan.by_time {
        false => FlameGraph::of(&rows.symbols, awaited().map(sample), plan.apart),
        true => {
            let time = |row: &Row| rows.times.get(row.group).copied().unwrap_or(0);
            let mut over_time: Vec<(i64, FlameSample<'_>)> =
                awaited().map(|row| (time(row), sample(row))).collect();
            over_time.sort_by_key(|(time, _)| *time);
            FlameGraph::over_time(&rows.symbols, over_time, plan.apart)
        }
    };
    going_on(view)?;
    Ok(graph)
}

fn flamegraph(view: &View, plan: &Plan, rows: &Rows, unit: String) -> Result<FlamegraphArrow, Status> {
    let graph = graph(view, plan, rows)?;
    let encoded = arrow::encode_flame_graph(&graph, &rows.symbols, plan.trim_percent)
        .map_err(|error| Status::internal(format!("failed to generate arrow flamegraph: {error}")))?;
    Ok(FlamegraphArrow { record: encoded.record, unit, height: encoded.height, trimmed: encoded.trimmed })
}

fn table(view: &View, rows: &Rows, unit: String) -> Result<TableArrow, Status> {
    let table = CallTable::of(&rows.symbols, stacks(view, rows), CallTableOptions::PARCA_TABLE);
    going_on(view)?;
    let record = arrow::encode_table(&table, &rows.symbols)
        .map_err(|error| Status::internal(format!("failed to generate table: {error}")))?;
    Ok(TableArrow { record, unit })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use parca_proto::query::MergeProfile;
    use parca_proto::query::query_request::{Mode, Options};
    use profile_store::{Keep, Named, NewProfile, NewWrite, Stop, Store};
    use tonic::Code;

    use super::*;

    /// A store of one profile of one stack.
    fn store() -> Store {
        let mut profile = Profile::new(vec![profile_model::ValueType::new("cpu", "nanoseconds")]);
        profile.period_type = Some(profile_model::ValueType::new("cpu", "nanoseconds"));
        profile.samples.push(Sample { stack: StackId::EMPTY, values: &[1], labels: &[] });
        let named = Named::new([("__name__", "process_cpu")]).unwrap();
        let new = NewProfile::new(&named, profile, Keep::default(), None).unwrap();
        let store = Store::in_memory(1 << 20);
        store.write(NewWrite::new(vec![new])).unwrap();
        store
    }

    #[test]
    fn what_nobody_waits_for_is_no_report_of_a_part() {
        let at = |seconds| Some(prost_types::Timestamp { seconds, nanos: 0 });
        let query_of = "process_cpu:cpu:nanoseconds:cpu:nanoseconds".to_owned();
        let merge = Options::Merge(MergeProfile { query: query_of, start: at(-1), end: at(1) });
        for report_type in (0..=9).filter(|report| *report != 6) {
            let request = QueryRequest {
                mode: Mode::Merge.into(),
                options: Some(merge.clone()),
                report_type,
                ..Default::default()
            };
            let stop = Stop::default();
            let view = store().view().until(stop.clone());
            assert!(query(&view, &request).is_ok(), "{report_type}");
            stop.stop();
            assert_eq!(query(&view, &request).unwrap_err().code(), Code::Cancelled, "{report_type}");
        }
    }
}
