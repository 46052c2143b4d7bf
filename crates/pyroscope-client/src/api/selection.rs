use std::time::Duration;

use parca_proto::pyroscope::{querier as wire, types};
use pql::{Matcher, ProfileType};
use profile_model::TimeRange;
use prost::Message;

use super::selector;
use crate::method::Method;
use crate::window::Window;
use crate::{Error, transcode};

/// Which profiles to put together, and what of them.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Selection {
    /// What the values are. `delta` means nothing to Pyroscope.
    pub profile_type: ProfileType,
    /// Which series; none means all. Regular expressions must match a whole value here.
    pub matchers: Vec<Matcher>,
    /// When.
    pub range: TimeRange,
    /// The most nodes of a tree; the rest comes as `other`. Without it the server's default (8192)
    /// counts; more than its limit (1048576) is refused. pprofs come whole.
    pub max_nodes: Option<u32>,
    /// Only stacks that begin with these functions, the root first.
    pub call_sites: Vec<String>,
    /// Leaves out what Go's profile-guided optimisation does not use; `call_sites` count no more.
    pub go_pgo: Option<GoPgo>,
    /// Only these profiles (UUIDs).
    pub profile_ids: Vec<String>,
    /// Only samples of these traces (32 hexadecimal digits).
    pub trace_ids: Vec<String>,
    /// Only samples of these spans (16 hexadecimal digits); not together with traces.
    pub span_ids: Vec<String>,
    /// Lets the server work in the background, and waits so long for the end; each question in the
    /// meantime is a call of its own. Servers without such queries answer as usual. Not for
    /// comparisons and the older calls. Default: no.
    pub background: Option<Duration>,
}

/// What is kept for Go's profile-guided optimisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GoPgo {
    /// How many calls next to the leaf are kept.
    pub keep_locations: u32,
    /// Whether samples are put together that differ in the leaf's callees only.
    pub aggregate_callees: bool,
}

/// The form of a merge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Levels of bars.
    FlameGraph,
    /// A stream of nodes.
    Tree,
    /// A graph for Graphviz.
    Dot,
    /// A profile with files and lines.
    Pprof,
}

impl Selection {
    /// All samples of these series and this time.
    pub fn new(profile_type: ProfileType, matchers: Vec<Matcher>, range: TimeRange) -> Self {
        Self {
            profile_type,
            matchers,
            range,
            max_nodes: None,
            call_sites: Vec::new(),
            go_pgo: None,
            profile_ids: Vec::new(),
            trace_ids: Vec::new(),
            span_ids: Vec::new(),
            background: None,
        }
    }

    /// The JSON of a `SelectMergeStacktraces` for this, to be sent with [`Client::raw`](crate::Client::raw).
    pub fn stacktraces_json(&self, format: Format) -> Result<Vec<u8>, Error> {
        transcode::request_json(
            Method::STACKTRACES,
            &self.stacktraces(self.window()?, format).encode_to_vec(),
        )
    }

    /// The JSON of a `Diff` of two selections, to be sent with [`Client::raw`](crate::Client::raw).
    pub fn diff_json(baseline: &Self, compared: &Self) -> Result<Vec<u8>, Error> {
        transcode::request_json(Method::DIFF, &Self::diff(baseline, compared)?.encode_to_vec())
    }

    /// The range, after a look at the ids, which servers answer to in many ways.
    pub(super) fn window(&self) -> Result<Window, Error> {
        check_ids("a profile", "a UUID", &self.profile_ids, is_uuid)?;
        check_ids("a trace", "32 hexadecimal digits", &self.trace_ids, |id| is_hex(id, 32))?;
        check_ids("a span", "16 hexadecimal digits", &self.span_ids, |id| is_hex(id, 16))?;
        if !self.trace_ids.is_empty() && !self.span_ids.is_empty() {
            return Err(Error::request("expected ids of traces or of spans, found both"));
        }
        Window::of(self.range)
    }

    pub(super) fn stacktraces(&self, window: Window, format: Format) -> wire::SelectMergeStacktracesRequest {
        wire::SelectMergeStacktracesRequest {
            profile_type_id: self.profile_type.to_string(),
            label_selector: selector(&self.matchers),
            start: window.start,
            end: window.end,
            max_nodes: self.max_nodes.map(i64::from),
            format: wire::ProfileFormat::from(format).into(),
            stack_trace_selector: self.stacks(),
            profile_id_selector: self.profile_ids.clone(),
            r#async: None,
            trace_id_selector: self.trace_ids.clone(),
            span_selector: self.span_ids.clone(),
        }
    }

    pub(super) fn diff(baseline: &Self, compared: &Self) -> Result<wire::DiffRequest, Error> {
        let side = |of: &Self| Ok::<_, Error>(Some(of.stacktraces(of.window()?, Format::FlameGraph)));
        Ok(wire::DiffRequest { left: side(baseline)?, right: side(compared)? })
    }

    pub(super) fn stacks(&self) -> Option<types::StackTraceSelector> {
        (self.go_pgo.is_some() || !self.call_sites.is_empty()).then(|| types::StackTraceSelector {
            call_site: call_sites(&self.call_sites),
            go_pgo: self.go_pgo.map(|pgo| types::GoPgo {
                keep_locations: pgo.keep_locations,
                aggregate_callees: pgo.aggregate_callees,
            }),
        })
    }
}

impl From<Format> for wire::ProfileFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::FlameGraph => Self::Flamegraph,
            Format::Tree => Self::Tree,
            Format::Dot => Self::Dot,
            Format::Pprof => Self::Pprof,
        }
    }
}

pub(super) fn call_sites(names: &[String]) -> Vec<types::Location> {
    names.iter().map(|name| types::Location { name: name.clone() }).collect()
}

fn check_ids(what: &str, form: &str, ids: &[String], fits: impl Fn(&str) -> bool) -> Result<(), Error> {
    match ids.iter().find(|id| !fits(id)) {
        None => Ok(()),
        Some(id) => Err(Error::request(format!(
            "expected {form} for the id of {what}, found `{}`",
            crate::error::capped(id.clone(), 64).escape_debug()
        ))),
    }
}

fn is_hex(id: &str, digits: usize) -> bool {
    id.len() == digits && id.bytes().all(|b| b.is_ascii_hexdigit())
}

fn is_uuid(id: &str) -> bool {
    let lengths = [8, 4, 4, 4, 12];
    let parts: Vec<&str> = id.split('-').collect();
    parts.len() == lengths.len() && parts.iter().zip(lengths).all(|(part, length)| is_hex(part, length))
}
