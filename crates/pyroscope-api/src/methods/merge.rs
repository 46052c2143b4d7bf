//! Everything that is selected, summed: as a tree, a pprof, a graph; two of them compared.

use std::collections::HashSet;

use parca_proto::pprof::Profile as WireProfile;
use parca_proto::pyroscope::{querier as wire, types};
use pql::{MatchOp, Matcher, ProfileType};
use profile_codec::pprof;
use profile_model::{FlameGraph, FlameOptions, FlameSample, Profile, Sample, Samples, TimeRange, ValueType};
use prost::Message;
use pyroscope_tree::{DiffTree, Tree};
use report_render::Flame;
use report_render::dot::{DotOptions, call_graph};

use super::pgo;
use crate::error::blocking;
use crate::selection::{Selectors, range, type_id};
use crate::spans::{SPAN, is_id};
use crate::trees::{self, flame_graph, flame_graph_diff};
use crate::{Api, ApiError, Source};

/// Pyroscope's own defaults: of nodes in a tree, of the most that may be asked for, of functions in a graph.
const DEFAULT_NODES: usize = 8192;
const MAX_NODES: i64 = 1 << 20;
const DOT_NODES: usize = 100;

/// A selection with all that is left out of it.
pub(crate) struct Merge {
    pub(crate) id: ProfileType,
    pub(crate) selectors: Selectors,
    pub(crate) range: TimeRange,
    /// Names that stacks begin with, the root first.
    pub(crate) site: Vec<String>,
    /// What of stacks Go's compiler wants, of a pprof.
    pub(crate) pgo: Option<types::GoPgo>,
    /// Whether it is about spans.
    of_spans: bool,
}

impl Merge {
    pub(crate) fn new(id: &str, selector: &str, start: i64, end: i64) -> Result<Self, ApiError> {
        let id = type_id(id)?;
        let range = range(start, end)?;
        let selectors = Selectors::parse([selector])?;
        Ok(Self { id, selectors, range, site: Vec::new(), pgo: None, of_spans: false })
    }

    fn of(request: &wire::SelectMergeStacktracesRequest) -> Result<Self, ApiError> {
        let none = &request.profile_id_selector;
        if !none.is_empty() || !request.trace_id_selector.is_empty() {
            return Err(ApiError::unimplemented(
                "profileIdSelector and traceIdSelector are not served here: profiles have no ids",
            ));
        }
        let mut merge =
            Self::new(&request.profile_type_id, &request.label_selector, request.start, request.end)?;
        merge.spans(&request.span_selector)?;
        if let Some(selector) = &request.stack_trace_selector {
            merge.pgo = selector.go_pgo;
            // One of both, as there.
            if merge.pgo.is_none() {
                merge.site = selector.call_site.iter().map(|location| location.name.clone()).collect();
            }
        }
        Ok(merge)
    }

    /// Spans are a label: of series that are about one, and of what is kept of spans apart.
    fn spans(&mut self, spans: &[String]) -> Result<(), ApiError> {
        if spans.is_empty() {
            return Ok(());
        }
        if let Some(span) = spans.iter().find(|span| !is_id(span)) {
            return Err(ApiError::invalid(format!(
                "expected a span id of 16 hexadecimal digits, found `{span}`"
            )));
        }
        self.of_spans = true;
        let matcher = match spans {
            // Found without a look at each span that there is.
            [span] => Matcher::equal(SPAN, span.to_ascii_lowercase()),
            spans => {
                let any = format!("^(?:{})$", spans.join("|").to_ascii_lowercase());
                Matcher::new(SPAN, MatchOp::Matches, any)
                    .map_err(|error| ApiError::invalid(error.to_string()))?
            }
        };
        self.selectors.plain.push(matcher);
        Ok(())
    }

    /// The profiles that are to be summed.
    async fn profiles<S: Source>(&self, api: &Api<S>) -> Result<Vec<Profile>, ApiError> {
        let mut profiles = Vec::new();
        for ask in api.asks(&self.id, &self.selectors, self.range).await? {
            if self.of_spans {
                profiles.push(api.inner.source.spans(ask.clone()).await?);
            }
            profiles.push(api.inner.source.profile(ask).await?);
        }
        profiles.retain(|profile| !profile.samples.is_empty());
        Ok(profiles)
    }

    /// The whole tree.
    pub(crate) async fn tree<S: Source>(&self, api: &Api<S>) -> Result<Tree, ApiError> {
        let (profiles, site) = (self.profiles(api).await?, self.site.clone());
        blocking(move || trees::tree(&profiles, &site)).await
    }

    /// One profile, with the type, time and period that Pyroscope gives it; nothing where there is none.
    pub(crate) async fn profile<S: Source>(&self, api: &Api<S>) -> Result<Option<Profile>, ApiError> {
        let mut profiles = self.profiles(api).await?;
        let of = ValueType::new(&self.id.sample_type, &self.id.sample_unit);
        for profile in &mut profiles {
            // Branches agree but for the names that a source gives.
            profile.sample_types = vec![of.clone()];
            if !self.site.is_empty() {
                profile.samples = below(profile, &self.site);
            }
        }
        if profiles.is_empty() {
            return Ok(None);
        }
        let mut merged = Profile::merge(&profiles)
            .map_err(|error| ApiError::new(crate::Code::Internal, error.to_string()))?;
        merged.time_nanos = self.range.end.saturating_nanos();
        merged.duration_nanos = merged.time_nanos.saturating_sub(self.range.start.saturating_nanos());
        merged.period_type = Some(ValueType::new(&self.id.period_type, &self.id.period_unit));
        merged.period = period(&self.id.name);
        let Some(pgo) = self.pgo else { return Ok(Some(merged)) };
        blocking(move || Some(pgo::trimmed(&merged, &pgo))).await
    }
}

/// The samples whose stacks begin with these names.
fn below(profile: &Profile, site: &[String]) -> Samples {
    let mut kept = Samples::new(profile.samples.width());
    let mut known = std::collections::HashMap::new();
    for sample in profile.samples.iter() {
        let is_below = *known
            .entry(sample.stack)
            .or_insert_with(|| trees::is_below(&profile.symbols, sample.stack, site));
        if is_below {
            kept.push(Sample { labels: &[], ..sample });
        }
    }
    kept
}

/// What Pyroscope says, whatever the profiles said.
fn period(name: &str) -> i64 {
    match name {
        "process_cpu" => 1_000_000_000,
        "memory" => 512 << 10,
        _ => 1,
    }
}

/// How many nodes are wanted.
pub(crate) fn nodes(asked: Option<i64>) -> Result<usize, ApiError> {
    match asked.unwrap_or(0) {
        0 => Ok(DEFAULT_NODES),
        nodes @ 1..=MAX_NODES => Ok(usize::try_from(nodes).unwrap_or(DEFAULT_NODES)),
        nodes => Err(ApiError::invalid(format!("maxNodes: expected 0 to {MAX_NODES}, found {nodes}"))),
    }
}

pub(super) async fn stacktraces<S: Source>(
    api: &Api<S>,
    request: wire::SelectMergeStacktracesRequest,
) -> Result<wire::SelectMergeStacktracesResponse, ApiError> {
    let merge = Merge::of(&request)?;
    let mut answer = wire::SelectMergeStacktracesResponse::default();
    match request.format() {
        wire::ProfileFormat::Pprof => {
            let profile = merge.profile(api).await?.map(|profile| message(&profile)).transpose()?;
            answer.pprof = Some(wire::PprofProfile { profile: Some(profile.unwrap_or_default()) });
        }
        wire::ProfileFormat::Dot => answer.dot = dot(api, &merge, request.max_nodes).await?,
        wire::ProfileFormat::Tree => {
            let nodes = nodes(request.max_nodes)?;
            answer.tree = merge.tree(api).await?.cut(nodes).to_stream().into();
        }
        // A format that is not known here is answered as this one: clients take it for that.
        wire::ProfileFormat::Unspecified | wire::ProfileFormat::Flamegraph => {
            let nodes = nodes(request.max_nodes)?;
            let tree = merge.tree(api).await?.cut(nodes);
            answer.flamegraph = Some(flame_graph(&tree));
            answer.tree = tree.to_stream().into();
        }
    }
    Ok(answer)
}

pub(super) async fn span_profile<S: Source>(
    api: &Api<S>,
    request: wire::SelectMergeSpanProfileRequest,
) -> Result<wire::SelectMergeSpanProfileResponse, ApiError> {
    let request = wire::SelectMergeStacktracesRequest {
        profile_type_id: request.profile_type_id,
        label_selector: request.label_selector,
        span_selector: request.span_selector,
        start: request.start,
        end: request.end,
        max_nodes: request.max_nodes,
        format: request.format,
        ..Default::default()
    };
    let answer = stacktraces(api, request).await?;
    Ok(wire::SelectMergeSpanProfileResponse { flamegraph: answer.flamegraph, tree: answer.tree })
}

/// The answer is a pprof itself, whole whatever the number of nodes, as there.
pub(super) async fn profile<S: Source>(
    api: &Api<S>,
    request: wire::SelectMergeProfileRequest,
) -> Result<Vec<u8>, ApiError> {
    let merge = Merge::of(&wire::SelectMergeStacktracesRequest {
        profile_type_id: request.profile_type_id,
        label_selector: request.label_selector,
        start: request.start,
        end: request.end,
        stack_trace_selector: request.stack_trace_selector,
        profile_id_selector: request.profile_id_selector,
        trace_id_selector: request.trace_id_selector,
        ..Default::default()
    })?;
    Ok(merge.profile(api).await?.map(|profile| pprof::encode(&profile)).unwrap_or_default())
}

fn message(profile: &Profile) -> Result<WireProfile, ApiError> {
    let bytes = pprof::encode(profile);
    WireProfile::decode(bytes.as_slice()).map_err(|error| {
        ApiError::new(crate::Code::Internal, format!("a profile was encoded wrongly: {error}"))
    })
}

/// The call graph of a selection, for Graphviz.
pub(crate) async fn dot<S: Source>(
    api: &Api<S>,
    merge: &Merge,
    asked: Option<i64>,
) -> Result<String, ApiError> {
    let most = match nodes(asked)? {
        _ if asked.unwrap_or(0) == 0 => DOT_NODES,
        nodes => nodes,
    };
    let profile = merge
        .profile(api)
        .await?
        .unwrap_or_else(|| Profile::new(vec![ValueType::new(&merge.id.sample_type, &merge.id.sample_unit)]));
    let samples = profile.samples.column(0);
    let samples = samples.map(|(stack, value)| FlameSample { group: None, stack, value, diff: 0 });
    let graph = FlameGraph::of(&profile.symbols, samples, FlameOptions::default());
    let value_type = ValueType::new(&merge.id.sample_type, &merge.id.sample_unit);
    let flame = Flame {
        graph: &graph,
        symbols: &profile.symbols,
        value_type: &value_type,
        is_comparison: false,
        whole: profile.samples.total(0),
        scale: None,
    };
    let mut options = DotOptions::default();
    options.max_nodes = most;
    options.title = legend(&profile, most);
    let mut out = Vec::new();
    call_graph(&flame, &options, &mut out)
        .map_err(|error| ApiError::new(crate::Code::Internal, format!("a graph cannot be drawn: {error}")))?;
    Ok(String::from_utf8_lossy(&out).into_owned())
}

/// pprof's line, by which clients tell an empty graph.
fn legend(profile: &Profile, most: usize) -> String {
    let total = profile.samples.total(0);
    let functions: HashSet<_> =
        profile.symbols.functions().iter().map(|function| function.shown_name()).collect();
    let shown = if functions.len() <= most { total.to_string() } else { format!("most of {total}") };
    let share = if total == 0 { "0%" } else { "100%" };
    format!("Showing nodes accounting for {shown}, {share} of {total} total")
}

pub(super) async fn diff<S: Source>(
    api: &Api<S>,
    request: wire::DiffRequest,
) -> Result<wire::DiffResponse, ApiError> {
    let (left, right) = (request.left.unwrap_or_default(), request.right.unwrap_or_default());
    let nodes = nodes(Some(left.max_nodes.unwrap_or(0).max(right.max_nodes.unwrap_or(0))))?;
    let (left, right) = (Merge::of(&left)?, Merge::of(&right)?);
    let (left, right) = tokio::try_join!(left.tree(api), right.tree(api))?;
    let both = DiffTree::between(&left.cut(nodes), &right.cut(nodes));
    Ok(wire::DiffResponse { flamegraph: Some(flame_graph_diff(&both)) })
}
