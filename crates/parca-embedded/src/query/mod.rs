//! Answers to `parca.query.v1alpha1.QueryService`: functions from a view of the store and a request to
//! a message, with the codes and texts of the real server.

mod callgraph;
mod filter;
mod frames;
mod labels;
mod plan;
mod range;
mod report;
mod rows;
mod top;
mod tree;

pub(crate) use labels::{labels, profile_types, values};
pub(crate) use range::query_range;
pub(crate) use report::query;

use parca_proto::profilestore::{Label, LabelSet};
use pql::{Query, QueryError};
use profile_model::{Labels, Timestamp};
use profile_store::{ReadError, View};
use tonic::Status;

/// The text for a series or a profile that is not there; clients tell "no data" by it.
const NO_DATA: &str = "No data found for the query, try a different query or time range or no data has been written to be queried yet.";

fn parse_query(text: &str) -> Result<Query, Status> {
    text.parse().map_err(|error: QueryError| Status::invalid_argument(error.server_text()))
}

/// Ends the work on an answer that nobody waits for any more.
fn going_on(view: &View) -> Result<(), Status> {
    match view.stop().is_stopped() {
        true => Err(Status::cancelled("nobody waits for the answer any more")),
        false => Ok(()),
    }
}

/// A part of the store that cannot be read: the next question is answered without it.
fn unreadable(error: &ReadError) -> Status {
    Status::data_loss(error.to_string())
}

fn timestamp(wire: &prost_types::Timestamp) -> Timestamp {
    Timestamp::new(wire.seconds, u32::try_from(wire.nanos).unwrap_or(0))
}

pub(crate) fn wire_timestamp(timestamp: Timestamp) -> prost_types::Timestamp {
    let nanos = i32::try_from(timestamp.subsec_nanos()).expect("below a thousand million");
    prost_types::Timestamp { seconds: timestamp.seconds(), nanos }
}

fn label_set(labels: &Labels) -> LabelSet {
    let label = |(name, value): (&str, &str)| Label { name: name.to_owned(), value: value.to_owned() };
    LabelSet { labels: labels.iter().map(label).collect() }
}

/// The checks that the real server reports together: `field: reason`, sorted, joined, with a dot.
#[derive(Default)]
struct Mistakes(Vec<(&'static str, &'static str)>);

impl Mistakes {
    fn check(&mut self, ok: bool, field: &'static str, reason: &'static str) {
        if !ok {
            self.0.push((field, reason));
        }
    }

    fn blank(&mut self, present: bool, field: &'static str) {
        self.check(present, field, "cannot be blank");
    }

    fn done(mut self) -> Result<(), Status> {
        if self.0.is_empty() {
            return Ok(());
        }
        self.0.sort_unstable();
        let each: Vec<String> = self.0.iter().map(|(field, reason)| format!("{field}: {reason}")).collect();
        Err(Status::invalid_argument(each.join("; ") + "."))
    }
}

const END_BEFORE_START: &str = "start timestamp must be before end";
