use bytes::Bytes;
use parca_proto::query as wire;
use parca_proto::query::query_response::Report as Arm;

use super::callgraph::callgraph;
use super::flame_tree::flame_tree;
use super::{Callgraph, FlameTree, Frame};
use crate::Error;
use crate::call::message;
use crate::fields::{Field, Fields, Malformed, Value};

/// A report and the totals of what it is about.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct QueryAnswer {
    /// Sum of the values that filters left; 0 for pprof and metadata.
    pub total: i64,
    /// Sum of the values that stack filters dropped.
    pub filtered: i64,
    /// Nothing for the metadata of a single profile.
    pub report: Option<Report>,
}

/// The forms of an answer.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Report {
    /// A tree, for both kinds of flame graph that are not Arrow.
    Flamegraph(FlameTree),
    /// pprof, compressed with gzip.
    Pprof(Bytes),
    /// Functions.
    Top(Top),
    /// Functions and calls.
    Callgraph(Callgraph),
    /// A tree, for flame graphs and flame charts as Arrow.
    FlamegraphArrow(FlamegraphRecord),
    /// Values by line of a source file.
    Source(SourceReport),
    /// Functions with callers and callees.
    TableArrow(TableRecord),
    /// Names.
    ProfileMetadata(ProfileMetadata),
}

/// Functions with their values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Top {
    /// In the server's order.
    pub rows: Vec<TopRow>,
    /// How many functions the server counted.
    pub reported: i32,
    /// The unit of the values.
    pub unit: String,
}

/// One function of a [`Top`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TopRow {
    /// The function.
    pub frame: Frame,
    /// With everything it calls; a recursive function counts once for each of its frames.
    pub cumulative: i64,
    /// By itself.
    pub flat: i64,
    /// Compared minus base.
    pub diff: i64,
}

/// A tree as an Arrow IPC stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FlamegraphRecord {
    /// The stream.
    pub record: Bytes,
    /// The unit of the values.
    pub unit: String,
    /// How many rows deep the tree is.
    pub height: i32,
    /// Sum of the values cut out; may be below zero.
    pub trimmed: i64,
}

/// Values by line of a source file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SourceReport {
    /// An Arrow IPC stream.
    pub record: Bytes,
    /// The file's text.
    pub source: String,
    /// The unit of the values.
    pub unit: String,
}

/// Functions with callers and callees as an Arrow IPC stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableRecord {
    /// The stream.
    pub record: Bytes,
    /// The unit of the values.
    pub unit: String,
}

/// What there is to filter and group by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProfileMetadata {
    /// Paths of binaries.
    pub mapping_files: Vec<String>,
    /// Names of labels.
    pub labels: Vec<String>,
}

pub(crate) fn query_answer(bytes: Bytes) -> Result<QueryAnswer, Error> {
    if let Some(answer) = with_tree(&bytes)? {
        return Ok(answer);
    }
    let wire::QueryResponse { total, filtered, report } = message(bytes)?;
    Ok(QueryAnswer { total, filtered, report: report.map(self::report).transpose()? })
}

/// The answer if its report is a nested tree, which generated code reads only to a depth of 100.
fn with_tree(answer: &[u8]) -> Result<Option<QueryAnswer>, Error> {
    let (mut total, mut filtered, mut tree) = (0, 0, None);
    for field in Fields::of(answer) {
        match field.map_err(Malformed::in_answer)? {
            Field { number: 5, value: Value::Bytes(flamegraph), .. } => tree = Some(flamegraph),
            Field { number: 9, value: Value::Varint(value), .. } => total = value as i64,
            Field { number: 10, value: Value::Varint(value), .. } => filtered = value as i64,
            _ => {}
        }
    }
    let Some(flamegraph) = tree else { return Ok(None) };
    Ok(Some(QueryAnswer { total, filtered, report: Some(Report::Flamegraph(flame_tree(flamegraph)?)) }))
}

fn report(arm: Arm) -> Result<Report, Error> {
    Ok(match arm {
        Arm::Flamegraph(_) => return Err(Malformed.in_answer()),
        Arm::Pprof(pprof) => Report::Pprof(pprof),
        Arm::Top(wire) => Report::Top(top(wire)),
        Arm::Callgraph(wire) => Report::Callgraph(callgraph(wire)),
        Arm::FlamegraphArrow(wire::FlamegraphArrow { record, unit, height, trimmed }) => {
            Report::FlamegraphArrow(FlamegraphRecord { record, unit, height, trimmed })
        }
        Arm::Source(wire::Source { record, source, unit }) => {
            Report::Source(SourceReport { record, source, unit })
        }
        Arm::TableArrow(wire::TableArrow { record, unit }) => {
            Report::TableArrow(TableRecord { record, unit })
        }
        Arm::ProfileMetadata(wire::ProfileMetadata { mapping_files, labels }) => {
            Report::ProfileMetadata(ProfileMetadata { mapping_files, labels })
        }
    })
}

fn top(wire: wire::Top) -> Top {
    let row = |wire::TopNode { meta, cumulative, flat, diff }| {
        let meta = meta.unwrap_or_default();
        let frame = Frame::of(meta.location, meta.mapping, meta.function, meta.line);
        TopRow { frame, cumulative, flat, diff }
    };
    Top { rows: wire.list.into_iter().map(row).collect(), reported: wire.reported, unit: wire.unit }
}
