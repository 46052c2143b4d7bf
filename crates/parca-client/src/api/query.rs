use bytes::Bytes;
use parca_proto::query as wire;
use parca_proto::query::query_request as kind;
use profile_model::{TimeRange, Timestamp};
use prost::Message as _;

use super::filter::{self, Filter};
use super::timestamp;
use crate::answer::{QueryAnswer, query_answer};
use crate::call::{refused, wire::Wire};
use crate::{Call, Error, Method};

/// Asks for one profile, merged or not, or for the difference of two, as a report.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct QueryRequest {
    /// What to report on.
    pub subject: Subject,
    /// The form of the report.
    pub report: ReportKind,
    /// What to leave out; all of one kind must hold.
    pub filters: Vec<Filter>,
    /// `labels.<name>`, `function_name`, `function_file_name`, `location_address`, `mapping_file` or `timestamp`.
    pub group_by: Vec<String>,
    /// Stacks from the leaf up instead of from the root down.
    pub invert: bool,
    /// Merges only: the stacks below this function, or with `invert` those above it.
    pub sandwich_by: Option<String>,
    /// In percent of the parent: smaller children are cut out of flame graphs.
    pub trim_percent: Option<f32>,
}

/// What a report is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// One selection as it is.
    Profile(Selection),
    /// How one selection differs from another.
    Diff {
        /// What is compared with.
        base: Selection,
        /// What is looked at.
        compared: Selection,
        /// Compares the numbers as they are. Otherwise Parca first scales the smaller total up to the larger.
        absolute: bool,
    },
}

/// Which profiles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// The profiles of one millisecond. None is an error for which [`Error::is_no_data`] holds.
    Single {
        /// A profile type and matchers.
        query: String,
        /// The time of a profile, exact to the millisecond.
        time: Timestamp,
    },
    /// All in a span, summed. None gives an empty report.
    Merge {
        /// A profile type and matchers.
        query: String,
        /// Both ends included.
        range: TimeRange,
    },
}

/// The form of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReportKind {
    /// A tree whose nodes hold names themselves; superseded by `FlamegraphTable`.
    Flamegraph,
    /// pprof, compressed with gzip.
    Pprof,
    /// Functions with flat and cumulative values. Parca dies of it if it stored a line without a function.
    Top,
    /// Functions and calls between them. Parca dies of it if it stored a line without a function.
    Callgraph,
    /// A tree with tables of names. Parca dies of it if it stored a line without a function.
    FlamegraphTable,
    /// A tree as an Arrow record.
    FlamegraphArrow,
    /// Values by line of a source file, as an Arrow record. Without a reference, Parca dies of it.
    Source(SourceReference),
    /// Functions with callers and callees, as an Arrow record.
    TableArrow,
    /// Names of binaries and labels; not of a single profile.
    ProfileMetadata,
    /// A tree in order of time, as an Arrow record; only for profiles whose samples have timestamps.
    Flamechart,
}

/// Which source file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceReference {
    /// Build id of the binary.
    pub build_id: String,
    /// Path of the file as the binary's debug information has it.
    pub filename: String,
    /// Only the text, without values.
    pub source_only: bool,
}

impl Selection {
    /// The profiles of one millisecond.
    pub fn single(query: impl Into<String>, time: Timestamp) -> Self {
        Self::Single { query: query.into(), time }
    }

    /// The sum of the profiles in a span.
    pub fn merge(query: impl Into<String>, range: TimeRange) -> Self {
        Self::Merge { query: query.into(), range }
    }
}

impl QueryRequest {
    /// A report without filters, grouping or trimming.
    pub fn new(subject: Subject, report: ReportKind) -> Self {
        let (filters, group_by) = (Vec::new(), Vec::new());
        Self { subject, report, filters, group_by, invert: false, sandwich_by: None, trim_percent: None }
    }

    /// A report on the profiles of one millisecond.
    pub fn single(query: impl Into<String>, time: Timestamp, report: ReportKind) -> Self {
        Self::new(Subject::Profile(Selection::single(query, time)), report)
    }

    /// A report on the sum of the profiles in a span.
    pub fn merge(query: impl Into<String>, range: TimeRange, report: ReportKind) -> Self {
        Self::new(Subject::Profile(Selection::merge(query, range)), report)
    }

    /// A report on a difference, scaled to equal totals.
    pub fn diff(base: Selection, compared: Selection, report: ReportKind) -> Self {
        Self::new(Subject::Diff { base, compared, absolute: false }, report)
    }

    /// The one combination that types do not rule out and that ends the server.
    fn check(&self) -> Result<(), Error> {
        match (&self.subject, &self.report) {
            (Subject::Diff { compared: Selection::Single { .. }, .. }, ReportKind::ProfileMetadata) => Err(
                refused("expected a merge as the compared side of a diff's metadata, found a single profile"),
            ),
            _ => Ok(()),
        }
    }
}

impl Wire for QueryRequest {
    fn encode(&self) -> Result<Vec<u8>, Error> {
        self.check()?;
        let (mode, options) = match &self.subject {
            Subject::Profile(Selection::Single { query, time }) => {
                (kind::Mode::SingleUnspecified, kind::Options::Single(single(query, *time)))
            }
            Subject::Profile(Selection::Merge { query, range }) => {
                (kind::Mode::Merge, kind::Options::Merge(merge(query, *range)))
            }
            Subject::Diff { base, compared, absolute } => {
                let (a, b) = (Some(side(base)), Some(side(compared)));
                (
                    kind::Mode::Diff,
                    kind::Options::Diff(wire::DiffProfile { a, b, absolute: absolute.then_some(true) }),
                )
            }
        };
        let (report_type, source_reference) = report(&self.report);
        let request = wire::QueryRequest {
            mode: mode as i32,
            options: Some(options),
            report_type: report_type as i32,
            source_reference,
            filter: self.filters.iter().map(filter::to_wire).collect(),
            group_by: (!self.group_by.is_empty()).then(|| wire::GroupBy { fields: self.group_by.clone() }),
            invert_call_stack: self.invert.then_some(true),
            sandwich_by_function: self.sandwich_by.clone(),
            node_trim_threshold: self.trim_percent,
            ..Default::default()
        };
        Ok(request.encode_to_vec())
    }
}

impl Call for QueryRequest {
    type Answer = QueryAnswer;
    const METHOD: Method = Method::Query;

    fn decode(bytes: Bytes) -> Result<QueryAnswer, Error> {
        query_answer(bytes)
    }
}

fn single(query: &str, time: Timestamp) -> wire::SingleProfile {
    wire::SingleProfile { time: Some(timestamp(time)), query: query.to_owned() }
}

fn merge(query: &str, range: TimeRange) -> wire::MergeProfile {
    let (start, end) = (Some(timestamp(range.start)), Some(timestamp(range.end)));
    wire::MergeProfile { query: query.to_owned(), start, end }
}

fn side(selection: &Selection) -> wire::ProfileDiffSelection {
    use wire::profile_diff_selection::{Mode, Options};
    let (mode, options) = match selection {
        Selection::Single { query, time } => (Mode::SingleUnspecified, Options::Single(single(query, *time))),
        Selection::Merge { query, range } => (Mode::Merge, Options::Merge(merge(query, *range))),
    };
    wire::ProfileDiffSelection { mode: mode as i32, options: Some(options) }
}

fn report(report: &ReportKind) -> (kind::ReportType, Option<wire::SourceReference>) {
    #[allow(deprecated)] // Parca still serves it, and old clients still ask for it.
    let report_type = match report {
        ReportKind::Flamegraph => kind::ReportType::FlamegraphUnspecified,
        ReportKind::Pprof => kind::ReportType::Pprof,
        ReportKind::Top => kind::ReportType::Top,
        ReportKind::Callgraph => kind::ReportType::Callgraph,
        ReportKind::FlamegraphTable => kind::ReportType::FlamegraphTable,
        ReportKind::FlamegraphArrow => kind::ReportType::FlamegraphArrow,
        ReportKind::Source(of) => {
            let SourceReference { build_id, filename, source_only } = of.clone();
            return (
                kind::ReportType::Source,
                Some(wire::SourceReference { build_id, filename, source_only }),
            );
        }
        ReportKind::TableArrow => kind::ReportType::TableArrow,
        ReportKind::ProfileMetadata => kind::ReportType::ProfileMetadata,
        ReportKind::Flamechart => kind::ReportType::Flamechart,
    };
    (report_type, None)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const RANGE: TimeRange = TimeRange::new(Timestamp::YEAR_ONE, Timestamp::EPOCH);

    #[test]
    fn what_ends_the_server_is_refused() {
        let (single, merge) = (Selection::single("t", Timestamp::EPOCH), Selection::merge("t", RANGE));
        let check = |base: &Selection, compared: &Selection, report, expect: bool| {
            let request = QueryRequest::diff(base.clone(), compared.clone(), report);
            assert_eq!(request.encode().is_ok(), expect, "{request:?}");
        };
        check(&merge, &single, ReportKind::ProfileMetadata, false);
        check(&single, &single, ReportKind::ProfileMetadata, false);
        check(&single, &merge, ReportKind::ProfileMetadata, true);
        check(&merge, &single, ReportKind::Top, true);
    }

    #[test]
    fn a_source_report_always_has_its_reference() {
        let request = QueryRequest::merge("t", RANGE, ReportKind::Source(SourceReference::default()));
        let wire = wire::QueryRequest::decode(request.encode().unwrap().as_slice()).unwrap();
        assert!(wire.source_reference.is_some());
    }

    #[test]
    fn instants_before_1970_survive() {
        let request = QueryRequest::merge(
            "t",
            TimeRange::new(Timestamp::YEAR_ONE, Timestamp::from_nanos(-1)),
            ReportKind::Pprof,
        );
        let wire = wire::QueryRequest::decode(request.encode().unwrap().as_slice()).unwrap();
        let Some(kind::Options::Merge(merge)) = wire.options else { panic!("{wire:?}") };
        assert_eq!(merge.start, Some(prost_types::Timestamp { seconds: -62_135_596_800, nanos: 0 }));
        assert_eq!(merge.end, Some(prost_types::Timestamp { seconds: -1, nanos: 999_999_999 }));
    }
}
