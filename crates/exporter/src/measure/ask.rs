//! Asks a Parca what a window holds.

use std::collections::BTreeMap;
use std::sync::Arc;

use parca_client::{Client, Code, QueryRangeRequest, QueryRequest, Report, ReportKind};
use profile_codec::arrow::{ArrowError, ArrowLimits, FlameColumns, FlameRows, decode_flame_rows};
use profile_codec::pprof;
use std::time::Duration;

use super::stacks;
use super::table::{Divisor, JOB, Table};
use super::tally::Tally;
use crate::matcher::Field;
use crate::schedule::Window;
use crate::settings::{QuerySettings, Unsymbolized};

/// Why a window is not known.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MeasureError {
    /// The Parca could not be asked, or said no.
    #[error("cannot query the Parca at `{url}`")]
    Call {
        /// The server's address.
        url: String,
        /// What it said, or what came between.
        #[source]
        source: parca_client::Error,
    },
    /// The answer makes no sense.
    #[error("expected a flame graph from the Parca at `{url}`, found one that cannot be read")]
    Decode {
        /// The server's address.
        url: String,
        /// What is wrong with it.
        #[source]
        source: ArrowError,
    },
    /// The stacks make no sense.
    #[error("expected a pprof from the Parca at `{url}`, found one that cannot be read")]
    DecodeStacks {
        /// The server's address.
        url: String,
        /// What is wrong with it.
        #[source]
        source: pprof::DecodeError,
    },
    /// The answer has no flame graph.
    #[error("expected a flame graph from the Parca at `{0}`, found another report")]
    NoReport(String),
    /// The deadline of the query passed.
    #[error("no answer from the Parca at `{url}` within {}", words::span(*timeout))]
    Deadline {
        /// The server's address.
        url: String,
        /// The query's `timeout`, or more for a window that was too slow before.
        timeout: Duration,
    },
    /// Nothing is known yet of the time after the window, so nothing can be said of the window.
    #[error("the Parca at `{url}` has no profiles from after the window's end yet")]
    Early {
        /// The server's address.
        url: String,
    },
    /// Reading the answer ended in a panic.
    #[error("reading the answer failed: {0}")]
    Panicked(String),
}

/// Whether the window is worth asking for again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Asking again would give the same answer.
    Final,
    /// Asking again may help.
    Passing,
    /// Took too long. Asking again may help, or be in vain each time.
    Slow,
    /// Not a failure: the Parca has nothing from after the window yet.
    Early,
}

/// Advice of the client, which knows no config, in terms of ours.
pub fn in_terms_of_the_config(hint: &'static str) -> &'static str {
    if hint.contains("http://") {
        "the server does not speak TLS there: set `parca.insecure: true`"
    } else if hint.contains("https://") {
        "the server speaks TLS there: set `parca.insecure: false`, or leave it away"
    } else {
        hint
    }
}

impl MeasureError {
    /// What to do about it, where that is known.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Call { source, .. } => source.hint().map(in_terms_of_the_config),
            _ => None,
        }
    }

    pub(crate) fn failure(&self) -> Failure {
        match self {
            Self::Call { source, .. } => match source.code() {
                Code::DeadlineExceeded => Failure::Slow,
                Code::InvalidArgument | Code::Unimplemented | Code::OutOfRange | Code::ResourceExhausted => {
                    Failure::Final
                }
                _ => Failure::Passing,
            },
            Self::Deadline { .. } => Failure::Slow,
            Self::Early { .. } => Failure::Early,
            Self::Decode { .. } | Self::DecodeStacks { .. } | Self::NoReport(_) | Self::Panicked(_) => {
                Failure::Final
            }
        }
    }
}

/// A window as it was measured.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) table: Table,
    /// Rows of the server's answer.
    pub(crate) rows: usize,
    /// The answer's size.
    pub(crate) bytes: usize,
}

/// Asks for one window within the deadline.
pub(crate) async fn measure(
    client: &Client,
    query: &Arc<QuerySettings>,
    window: Window,
    timeout: Duration,
) -> Result<Measured, MeasureError> {
    let asked = ask(client, query, window);
    match tokio::time::timeout(timeout, asked).await {
        Ok(measured) => measured,
        Err(_) => Err(MeasureError::Deadline { url: client.url().to_owned(), timeout }),
    }
}

async fn ask(client: &Client, query: &Arc<QuerySettings>, window: Window) -> Result<Measured, MeasureError> {
    let divisor = match query.query.profile_type.delta {
        true => Divisor::One,
        false => snapshots(client, query, window).await?,
    };
    let mut request =
        QueryRequest::merge(query.query.to_string(), window.range(), ReportKind::FlamegraphArrow);
    request.group_by = group_by(query, &divisor);
    let answer = client.query(&request).await.map_err(|source| call(client, source))?;
    let Some(Report::FlamegraphArrow(report)) = answer.report else {
        return Err(MeasureError::NoReport(client.url().to_owned()));
    };
    let (bytes, unit, columns) = (report.record.len(), report.unit, columns(query));
    let decode = move || decode_flame_rows(&report.record, columns, &ArrowLimits::default());
    let flame = on_a_thread(decode).await?;
    let mut flame = flame.map_err(|source| MeasureError::Decode { url: client.url().to_owned(), source })?;
    let mut total = answer.total;
    // Stacks are not grouped, and Parca gives `samples:count` in another unit there.
    let whole = unit == query.query.profile_type.sample_unit && request.group_by.is_empty();
    if whole && stacks::leaves_out(&flame) {
        (flame, total) = from_stacks(client, query, window, columns).await?;
    }
    let query = Arc::clone(query);
    on_a_thread(move || {
        let rows = flame.rows.len().saturating_sub(1);
        let tally = Tally::of(flame, &query.functions);
        let keep = |name: &str| query.group_by.iter().any(|group| group.label == name);
        let table = Table::new(tally, total, unit, &divisor, &keep);
        Measured { table, rows, bytes }
    })
    .await
}

/// The tree and the total from the window's pprof.
async fn from_stacks(
    client: &Client,
    query: &QuerySettings,
    window: Window,
    columns: FlameColumns,
) -> Result<(FlameRows, i64), MeasureError> {
    let request = QueryRequest::merge(query.query.to_string(), window.range(), ReportKind::Pprof);
    let answer = client.query(&request).await.map_err(|source| call(client, source))?;
    let Some(Report::Pprof(file)) = answer.report else {
        return Err(MeasureError::NoReport(client.url().to_owned()));
    };
    let decoded = on_a_thread(move || {
        let profile = pprof::decode(&file, &pprof::Limits::default())?;
        let flame = stacks::tree(&profile, columns);
        let total = flame.rows.first().map_or(0, |root| root.cumulative);
        Ok((flame, total))
    });
    decoded.await?.map_err(|source| MeasureError::DecodeStacks { url: client.url().to_owned(), source })
}

/// Megabytes are decoded: not on a thread that others wait for.
async fn on_a_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, MeasureError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|panicked| MeasureError::Panicked(panicked.to_string()))
}

pub(super) fn call(client: &Client, source: parca_client::Error) -> MeasureError {
    MeasureError::Call { url: client.url().to_owned(), source }
}

/// What matchers and policies look at.
fn columns(query: &QuerySettings) -> FlameColumns {
    let looks = |field| query.functions.matchers.iter().any(|matcher| matcher.looks_at(field));
    FlameColumns {
        system_names: looks(Field::SystemName),
        files: looks(Field::File),
        mapping_files: query.functions.unsymbolized == Unsymbolized::PerBinary || looks(Field::Binary),
    }
}

/// Calls stay apart by what matchers and policies look at.
fn group_by(query: &QuerySettings, divisor: &Divisor) -> Vec<String> {
    let columns = columns(query);
    let mut fields: Vec<String> =
        query.group_by.iter().map(|group| format!("labels.{}", group.label)).collect();
    let job = format!("labels.{JOB}");
    if matches!(divisor, Divisor::PerJob(_)) && !fields.contains(&job) {
        fields.push(job);
    }
    if columns.mapping_files {
        fields.push("mapping_file".to_owned());
    }
    if columns.files {
        fields.push("function_file_name".to_owned());
    }
    fields
}

/// How many snapshots each job's busiest series has in the window: a merge adds them all up. A series
/// with fewer was there for a part of the window, and weighs as much.
async fn snapshots(client: &Client, query: &QuerySettings, window: Window) -> Result<Divisor, MeasureError> {
    // Step 0 is every profile of a type that is no delta (Parca 3b5647c, pkg/parcacol/querier.go).
    let request = QueryRangeRequest::new(query.query.to_string(), window.range(), Duration::ZERO);
    let series = match client.query_range(&request).await {
        Ok(series) => series,
        Err(error) if error.is_no_data() => return Ok(Divisor::One),
        Err(source) => return Err(call(client, source)),
    };
    let mut jobs: BTreeMap<String, f64> = BTreeMap::new();
    for one in &series {
        let job = jobs.entry(one.labels.get(JOB).unwrap_or_default().to_owned()).or_insert(1.0);
        *job = job.max(one.samples.len() as f64);
    }
    let first = jobs.values().next().copied().unwrap_or(1.0);
    Ok(match jobs.values().all(|snapshots| *snapshots == first) {
        true => Divisor::Same(first),
        false => Divisor::PerJob(jobs),
    })
}
