//! Answers without a server.

use parca_proto::query::query_request::{Mode, Options, ReportType};
use parca_proto::query::query_response::Report;
use parca_proto::query::{MergeProfile, QueryRequest};
use profile_model::TimeRange;
use profile_store::View;

use crate::query;

/// Everything that a query selects in a range, its end not included, summed into one gzipped pprof, as the
/// server answers it. Nothing where no profile is selected.
///
/// # Errors
/// In words: the query is none, or a part of the store cannot be read.
pub fn pprof_of(view: &View, query: &str, range: TimeRange) -> Result<Option<Vec<u8>>, String> {
    let [start, end] = [range.start, range.end].map(|at| Some(query::wire_timestamp(at)));
    let ask = |report: ReportType| QueryRequest {
        mode: Mode::Merge.into(),
        options: Some(Options::Merge(MergeProfile { query: query.to_owned(), start, end })),
        report_type: report.into(),
        ..Default::default()
    };
    let answer = |report| query::query(view, &ask(report)).map_err(|status| status.message().to_owned());
    let Some(Report::Top(top)) = answer(ReportType::Top)?.report else { return Ok(None) };
    if top.list.is_empty() {
        return Ok(None);
    }
    match answer(ReportType::Pprof)?.report {
        Some(Report::Pprof(bytes)) => Ok(Some(bytes.to_vec())),
        _ => Ok(None),
    }
}
