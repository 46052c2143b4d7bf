//! A Query request, checked: what to read, how to sum it, how to show it.

use parca_proto::query::profile_diff_selection::{Mode as SideMode, Options as SideOptions};
use parca_proto::query::query_request::{Mode, Options, ReportType};
use parca_proto::query::{DiffProfile, MergeProfile, ProfileDiffSelection, QueryRequest, SingleProfile};
use pql::Query;
use profile_model::{FlameOptions, TimeRange, Timestamp};
use tonic::{Code, Status};

use super::filter::Filters;
use super::{END_BEFORE_START, Mistakes, parse_query, timestamp};

pub(super) struct Plan {
    pub(super) subject: Subject,
    pub(super) report: Report,
    /// Labels that rows are kept apart by.
    pub(super) group_by: Vec<String>,
    /// Whether the tree is one over time: a flame chart.
    pub(super) by_time: bool,
    /// What else than their names keeps functions apart in flame graphs.
    pub(super) apart: FlameOptions,
    pub(super) filters: Filters,
    /// The function that stacks are cut at: what it calls, or inverted what calls it.
    pub(super) sandwich: Option<String>,
    pub(super) inverted: bool,
    /// Percent of the parent below which a node is cut; 0 cuts nothing.
    pub(super) trim_percent: f32,
}

/// What is reported on.
pub(super) enum Subject {
    One(Selection),
    Diff {
        base: Selection,
        compared: Selection,
        /// Values as they are; otherwise the smaller total is scaled up to the larger.
        absolute: bool,
    },
}

/// Which profiles.
pub(super) struct Selection {
    pub(super) query: Query,
    pub(super) when: When,
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
    /// With or without times.
    FlamegraphArrow,
    TableArrow,
    Metadata,
    Callgraph,
    /// Nodes that name their functions themselves.
    Flamegraph,
    /// Nodes that point into tables.
    FlamegraphTable,
}

impl Subject {
    /// The side whose unit the values have.
    pub(super) fn main(&self) -> &Selection {
        match self {
            Self::One(selection) | Self::Diff { compared: selection, .. } => selection,
        }
    }

    pub(super) fn is_diff(&self) -> bool {
        matches!(self, Self::Diff { .. })
    }
}

impl Plan {
    pub(super) fn of(request: &QueryRequest) -> Result<Self, Status> {
        let mode = check_shape(request)?;
        check_sources(request)?;
        let subject = subject(request, mode)?;
        let Fields { labels, apart, by_time } = group_by(request)?;
        let sandwich = request.sandwich_by_function.clone().filter(|function| !function.is_empty());
        let report = report(request)?;
        check_metadata(&subject, report)?;
        // Ignored there, too; but a field that does not exist is still a mistake.
        let is_merge = matches!(&subject, Subject::One(Selection { when: When::Merge(_), .. }));
        Ok(Self {
            subject,
            report,
            group_by: if is_merge { labels } else { Vec::new() },
            by_time: is_merge && report == Report::FlamegraphArrow && by_time,
            apart,
            filters: Filters::of(&request.filter),
            sandwich,
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

fn subject(request: &QueryRequest, mode: Mode) -> Result<Subject, Status> {
    match &request.options {
        Some(Options::Merge(merge)) => merged(merge).map(Subject::One),
        Some(Options::Single(single)) => at(single).map(Subject::One),
        Some(Options::Diff(diff)) => compared(diff),
        None => Err(Status::internal(format!("options of {} passed the checks", mode.as_str_name()))),
    }
}

fn merged(merge: &MergeProfile) -> Result<Selection, Status> {
    let mut mistakes = Mistakes::default();
    mistakes.blank(!merge.query.is_empty(), "query");
    mistakes.blank(merge.start.is_some(), "start");
    mistakes.blank(merge.end.is_some(), "end");
    let range = merge.start.as_ref().zip(merge.end.as_ref());
    let range = range.map(|(start, end)| TimeRange::new(timestamp(start), timestamp(end)));
    mistakes.check(range.is_none_or(|range| !range.is_empty()), "end", END_BEFORE_START);
    mistakes.done()?;
    let range = range.ok_or_else(|| Status::internal("a blank time passed the checks"))?;
    Ok(Selection { query: parse_query(&merge.query)?, when: When::Merge(range) })
}

fn at(single: &SingleProfile) -> Result<Selection, Status> {
    let mut mistakes = Mistakes::default();
    mistakes.blank(!single.query.is_empty(), "query");
    mistakes.blank(single.time.is_some(), "time");
    mistakes.done()?;
    let time = single.time.as_ref().map(timestamp).unwrap_or_default();
    Ok(Selection { query: parse_query(&single.query)?, when: When::Single(time) })
}

fn compared(diff: &DiffProfile) -> Result<Subject, Status> {
    let mut mistakes = Mistakes::default();
    mistakes.blank(diff.a.is_some(), "a");
    mistakes.blank(diff.b.is_some(), "b");
    mistakes.done()?;
    let (Some(a), Some(b)) = (&diff.a, &diff.b) else {
        return Err(Status::internal("a blank side passed the checks"));
    };
    let base = side(a).map_err(|status| of_side("reading base profile", &status))?;
    let compared = side(b).map_err(|status| of_side("reading compared profile", &status))?;
    Ok(Subject::Diff { base, compared, absolute: diff.absolute.unwrap_or(false) })
}

fn side(side: &ProfileDiffSelection) -> Result<Selection, Status> {
    match (SideMode::try_from(side.mode), &side.options) {
        (Ok(SideMode::Merge), Some(SideOptions::Merge(merge))) => merged(merge),
        (Ok(SideMode::SingleUnspecified), Some(SideOptions::Single(single))) => at(single),
        (_, None) => Err(Status::invalid_argument("Options: cannot be blank.")),
        _ => Err(Status::invalid_argument("Options: invalid option for mode.")),
    }
}

/// What went wrong on one side, in the words of the real server.
pub(super) fn of_side(what: &str, status: &Status) -> Status {
    let code = match status.code() {
        Code::InvalidArgument => "InvalidArgument",
        Code::NotFound => "NotFound",
        _ => return status.clone(),
    };
    Status::new(status.code(), format!("{what}: rpc error: code = {code} desc = {}", status.message()))
}

/// What rows and functions are kept apart by. Functions are merged by name anyway.
struct Fields {
    labels: Vec<String>,
    apart: FlameOptions,
    by_time: bool,
}

fn group_by(request: &QueryRequest) -> Result<Fields, Status> {
    let (mut labels, mut apart) = (Vec::new(), FlameOptions::default());
    let mut by_time = request.report_type() == ReportType::Flamechart;
    for field in request.group_by.iter().flat_map(|group_by| &group_by.fields) {
        match (field.strip_prefix("labels."), field.as_str()) {
            (Some(label), _) => labels.push(label.to_owned()),
            (None, "function_name") => {}
            (None, "function_file_name") => apart.by_function_file = true,
            (None, "location_address") => apart.by_address = true,
            (None, "mapping_file") => apart.by_mapping_file = true,
            (None, "timestamp") => by_time = true,
            (None, other) => {
                return Err(Status::invalid_argument(format!("invalid group by field: {other}")));
            }
        }
    }
    Ok(Fields { labels, apart, by_time })
}

/// The real server dies of this one.
fn check_metadata(subject: &Subject, report: Report) -> Result<(), Status> {
    match subject {
        Subject::Diff { compared: Selection { when: When::Single(_), .. }, .. }
            if report == Report::Metadata =>
        {
            Err(Status::invalid_argument(
                "b: expected a merge for the metadata of a diff, found a single profile",
            ))
        }
        _ => Ok(()),
    }
}

#[expect(deprecated, reason = "the legacy flame graph is still the protocol's default report")]
fn report(request: &QueryRequest) -> Result<Report, Status> {
    match request.report_type() {
        ReportType::Pprof => Ok(Report::Pprof),
        ReportType::Top => Ok(Report::Top),
        ReportType::FlamegraphArrow | ReportType::Flamechart => Ok(Report::FlamegraphArrow),
        ReportType::TableArrow => Ok(Report::TableArrow),
        ReportType::ProfileMetadata => Ok(Report::Metadata),
        ReportType::Callgraph => Ok(Report::Callgraph),
        ReportType::FlamegraphUnspecified => Ok(Report::Flamegraph),
        ReportType::FlamegraphTable => Ok(Report::FlamegraphTable),
        ReportType::Source => Err(source(request)),
    }
}

/// Who asks for sources alone, asks for no report.
fn check_sources(request: &QueryRequest) -> Result<(), Status> {
    match &request.source_reference {
        Some(reference) if reference.source_only => {
            Err(Status::not_found("no sources for this build id have been uploaded"))
        }
        _ => Ok(()),
    }
}

fn source(request: &QueryRequest) -> Status {
    match &request.source_reference {
        // The real server dies of this one.
        None => Status::invalid_argument("source_reference: cannot be blank."),
        Some(_) => {
            Status::unimplemented("REPORT_TYPE_SOURCE is not served by parca-embedded: it keeps no sources")
        }
    }
}
