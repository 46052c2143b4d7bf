//! A Query request, checked: what to read, how to sum it, how to show it.

use parca_proto::query::query_request::{Mode, Options, ReportType};
use parca_proto::query::{MergeProfile, QueryRequest, SingleProfile};
use pql::Query;
use profile_model::{TimeRange, Timestamp};
use tonic::Status;

use super::{END_BEFORE_START, Mistakes, parse_query, timestamp};

pub(super) struct Plan {
    pub(super) query: Query,
    pub(super) when: When,
    pub(super) report: Report,
    /// Labels that rows are kept apart by.
    pub(super) group_by: Vec<String>,
    pub(super) inverted: bool,
    /// Percent of the parent below which a node is cut; 0 cuts nothing.
    pub(super) trim_percent: f32,
}

#[derive(Clone, Copy)]
pub(super) enum When {
    /// Everything in the span, summed.
    Merge(TimeRange),
    /// What was stored at this very millisecond.
    Single(Timestamp),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Report {
    Pprof,
    Top,
    FlamegraphArrow,
    TableArrow,
    Metadata,
}

impl Plan {
    pub(super) fn of(request: &QueryRequest) -> Result<Self, Status> {
        let mode = check_shape(request)?;
        let (query, when) = selection(request, mode)?;
        let query = parse_query(query)?;
        let group_by = match when {
            When::Merge(_) => group_by(request)?,
            // Ignored there, too; but a field that does not exist is still a mistake.
            When::Single(_) => group_by(request).map(|_| Vec::new())?,
        };
        refuse_unknown(request)?;
        Ok(Self {
            query,
            when,
            report: report(request)?,
            group_by,
            inverted: request.invert_call_stack.unwrap_or(false),
            trim_percent: request.node_trim_threshold.unwrap_or(0.0),
        })
    }
}

fn check_shape(request: &QueryRequest) -> Result<Mode, Status> {
    let mode = Mode::try_from(request.mode);
    let mut mistakes = Mistakes::default();
    mistakes.check(mode.is_ok(), "mode", "invalid query request mode");
    mistakes.check(ReportType::try_from(request.report_type).is_ok(), "report_type", "invalid report type");
    match (&request.options, mode) {
        (None, _) => mistakes.blank(false, "Options"),
        (_, Err(_)) => mistakes.check(false, "Options", "invalid query request mode"),
        (Some(options), Ok(mode)) => {
            mistakes.check(fits(options, mode), "Options", "invalid option for mode")
        }
    }
    mistakes.done()?;
    mode.map_err(|error| Status::invalid_argument(error.to_string()))
}

fn fits(options: &Options, mode: Mode) -> bool {
    matches!(
        (options, mode),
        (Options::Single(_), Mode::SingleUnspecified)
            | (Options::Merge(_), Mode::Merge)
            | (Options::Diff(_), Mode::Diff)
    )
}

fn selection(request: &QueryRequest, mode: Mode) -> Result<(&str, When), Status> {
    match &request.options {
        Some(Options::Merge(merge)) => merged(merge),
        Some(Options::Single(single)) => at(single),
        _ => Err(Status::unimplemented(format!(
            "query mode {} is not served yet by parca-embedded",
            mode.as_str_name()
        ))),
    }
}

fn merged(merge: &MergeProfile) -> Result<(&str, When), Status> {
    let mut mistakes = Mistakes::default();
    mistakes.blank(!merge.query.is_empty(), "query");
    mistakes.blank(merge.start.is_some(), "start");
    mistakes.blank(merge.end.is_some(), "end");
    let range = merge.start.as_ref().zip(merge.end.as_ref());
    let range = range.map(|(start, end)| TimeRange::new(timestamp(start), timestamp(end)));
    mistakes.check(range.is_none_or(|range| !range.is_empty()), "end", END_BEFORE_START);
    mistakes.done()?;
    let range = range.ok_or_else(|| Status::internal("a blank time passed the checks"))?;
    Ok((&merge.query, When::Merge(range)))
}

fn at(single: &SingleProfile) -> Result<(&str, When), Status> {
    let mut mistakes = Mistakes::default();
    mistakes.blank(!single.query.is_empty(), "query");
    mistakes.blank(single.time.is_some(), "time");
    mistakes.done()?;
    let time = single.time.as_ref().map(timestamp).unwrap_or_default();
    Ok((&single.query, When::Single(time)))
}

/// The labels among the fields. Functions are always merged by name, so `function_name` adds nothing.
fn group_by(request: &QueryRequest) -> Result<Vec<String>, Status> {
    let mut labels = Vec::new();
    for field in request.group_by.iter().flat_map(|group_by| &group_by.fields) {
        match (field.strip_prefix("labels."), field.as_str()) {
            (Some(label), _) => labels.push(label.to_owned()),
            (None, "function_name") => {}
            (None, "function_file_name" | "location_address" | "mapping_file" | "timestamp") => {
                return Err(Status::unimplemented(format!(
                    "group by {field} is not served yet by parca-embedded"
                )));
            }
            (None, other) => {
                return Err(Status::invalid_argument(format!("invalid group by field: {other}")));
            }
        }
    }
    Ok(labels)
}

/// A field that would change the answer, and that this server does not know, must not be ignored.
fn refuse_unknown(request: &QueryRequest) -> Result<(), Status> {
    let sandwich = request.sandwich_by_function.as_deref().is_some_and(|function| !function.is_empty());
    for (asked, field) in [(sandwich, "sandwich_by_function"), (!request.filter.is_empty(), "filter")] {
        if asked {
            return Err(Status::unimplemented(format!("{field} is not served yet by parca-embedded")));
        }
    }
    Ok(())
}

#[expect(deprecated, reason = "the legacy flame graph is still the protocol's default report")]
fn report(request: &QueryRequest) -> Result<Report, Status> {
    match request.report_type() {
        ReportType::Pprof => Ok(Report::Pprof),
        ReportType::Top => Ok(Report::Top),
        ReportType::FlamegraphArrow => Ok(Report::FlamegraphArrow),
        ReportType::TableArrow => Ok(Report::TableArrow),
        ReportType::ProfileMetadata => Ok(Report::Metadata),
        ReportType::Source if request.source_reference.is_none() => {
            // The real server dies of this one.
            Err(Status::invalid_argument("source_reference: cannot be blank."))
        }
        ReportType::FlamegraphUnspecified
        | ReportType::Callgraph
        | ReportType::FlamegraphTable
        | ReportType::Source
        | ReportType::Flamechart => {
            let name = request.report_type().as_str_name();
            Err(Status::unimplemented(format!("{name} is not served yet by parca-embedded")))
        }
    }
}
