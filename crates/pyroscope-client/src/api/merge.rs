use bytes::Bytes;
use parca_proto::pyroscope::querier as wire;
use profile_codec::pprof;
use profile_model::{Profile, ValueType};
use prost::Message;

use super::selection::{Format, Selection};
use super::selector;
use crate::method::Method;
use crate::parts::Grid;
use crate::window::Window;
use crate::{CallTree, Client, Error, Levels, Tree, TreeError};

/// `SelectMergeStacktracesResponse`, of which only the profile is read, and that not yet.
#[derive(Clone, PartialEq, Message)]
struct PprofAnswer {
    #[prost(message, optional, tag = "5")]
    pprof: Option<PprofBytes>,
}

/// `PprofProfile`, the message inside left as the file that its bytes are.
#[derive(Clone, PartialEq, Message)]
struct PprofBytes {
    #[prost(bytes = "bytes", tag = "1")]
    profile: Bytes,
}

impl Client {
    /// The stacks of a selection as a profile with files and lines, whole: what the server cuts off
    /// from trees is in it.
    ///
    /// A range that is too long for the server is asked for in parts, at most 64 and four at a time,
    /// which are then merged; the limit is read from the server's words or found by halving, and
    /// remembered. The other calls do likewise, but for [`pprof`](Self::pprof) and those of which it
    /// is said. The sample type is the one asked for, also where there are no samples. The period is
    /// Pyroscope's invention: never multiply by it.
    pub async fn profile(&self, selection: &Selection) -> Result<Profile, Error> {
        let window = selection.window()?;
        let parts = self.in_parts(window, Grid::Absolute, |part| self.one_profile(selection, part)).await?;
        let merged = Profile::merge(parts.iter().map(|(_, profile)| profile));
        merged.map_err(|error| {
            let error = Error::answer("expected the same sample type in each part").with_source(error);
            self.of_call(error, &Method::STACKTRACES.path())
        })
    }

    async fn one_profile(&self, selection: &Selection, window: Window) -> Result<Profile, Error> {
        let bytes = self.one_pprof(selection, window).await?;
        let mut profile = pprof::decode(&bytes, &pprof::Limits::default()).map_err(|error| {
            let error = Error::answer("expected a pprof, found something else").with_source(error);
            self.of_call(error, &Method::STACKTRACES.path())
        })?;
        if profile.sample_types.is_empty() {
            let of = &selection.profile_type;
            profile = Profile::new(vec![ValueType::new(&of.sample_type, &of.sample_unit)]);
        }
        Ok(profile)
    }

    /// The stacks of a selection as an uncompressed pprof file, as the server wrote it; the range is
    /// not split. Servers that do not know the format are asked by
    /// [`select_merge_profile`](Self::select_merge_profile).
    pub async fn pprof(&self, selection: &Selection) -> Result<Bytes, Error> {
        self.one_pprof(selection, selection.window()?).await
    }

    async fn one_pprof(&self, selection: &Selection, window: Window) -> Result<Bytes, Error> {
        let request = selection.stacktraces(window, Format::Pprof);
        let answer: PprofAnswer = self.stacktraces(request, selection.background).await?;
        match answer.pprof {
            Some(pprof) => Ok(pprof.profile),
            None => self.merge_profile(selection, window).await,
        }
    }

    /// The stacks of a selection by the older call for it, as an uncompressed pprof file; the range is
    /// not split.
    ///
    /// # Errors
    /// Also for a selection by spans, which that call cannot make.
    pub async fn select_merge_profile(&self, selection: &Selection) -> Result<Bytes, Error> {
        self.merge_profile(selection, selection.window()?).await
    }

    async fn merge_profile(&self, selection: &Selection, window: Window) -> Result<Bytes, Error> {
        if !selection.span_ids.is_empty() {
            return Err(Error::request("expected no ids of spans, which this server cannot make a pprof of"));
        }
        let request = wire::SelectMergeProfileRequest {
            profile_type_id: selection.profile_type.to_string(),
            label_selector: selector(&selection.matchers),
            start: window.start,
            end: window.end,
            max_nodes: selection.max_nodes.map(i64::from),
            stack_trace_selector: selection.stacks(),
            profile_id_selector: selection.profile_ids.clone(),
            trace_id_selector: selection.trace_ids.clone(),
        };
        self.call_bytes(Method::PROFILE, &request).await
    }

    /// The stacks of a selection as a tree, in the smallest form that there is.
    pub async fn tree(&self, selection: &Selection) -> Result<Tree, Error> {
        let window = selection.window()?;
        self.merged(window, |part| async move {
            let request = selection.stacktraces(part, Format::Tree);
            let answer: wire::SelectMergeStacktracesResponse =
                self.stacktraces(request, selection.background).await?;
            Ok(one_tree(&answer.tree, answer.flamegraph)?)
        })
        .await
        .map_err(|error| self.of_call(error, &Method::STACKTRACES.path()))
    }

    /// The stacks of a selection as a tree, by way of the flame graph that the web pages show.
    pub async fn flame_graph(&self, selection: &Selection) -> Result<Tree, Error> {
        let window = selection.window()?;
        self.merged(window, |part| async move {
            let request = selection.stacktraces(part, Format::FlameGraph);
            let answer: wire::SelectMergeStacktracesResponse =
                self.stacktraces(request, selection.background).await?;
            Ok(Levels::of_single(answer.flamegraph.unwrap_or_default()).decode()?)
        })
        .await
        .map_err(|error| self.of_call(error, &Method::STACKTRACES.path()))
    }

    /// The stacks within some spans, by the older call for it.
    ///
    /// # Errors
    /// Also for a selection without spans, or with what that call does not know: call sites, profiles
    /// and traces.
    pub async fn span_profile(&self, selection: &Selection) -> Result<Tree, Error> {
        let window = selection.window()?;
        let others = [&selection.call_sites, &selection.profile_ids, &selection.trace_ids];
        if selection.span_ids.is_empty()
            || selection.go_pgo.is_some()
            || others.iter().any(|of| !of.is_empty())
        {
            return Err(Error::request("expected ids of spans and no other way to choose samples"));
        }
        self.merged(window, |part| async move {
            let request = wire::SelectMergeSpanProfileRequest {
                profile_type_id: selection.profile_type.to_string(),
                label_selector: selector(&selection.matchers),
                span_selector: selection.span_ids.clone(),
                start: part.start,
                end: part.end,
                max_nodes: selection.max_nodes.map(i64::from),
                format: wire::ProfileFormat::Tree.into(),
            };
            let answer: wire::SelectMergeSpanProfileResponse =
                self.call(Method::SPAN_PROFILE, &request).await?;
            Ok(one_tree(&answer.tree, answer.flamegraph)?)
        })
        .await
        .map_err(|error| self.of_call(error, &Method::SPAN_PROFILE.path()))
    }

    async fn merged<F>(&self, window: Window, ask: impl Fn(Window) -> F) -> Result<Tree, Error>
    where
        F: Future<Output = Result<Tree, Error>>,
    {
        let mut parts = self.in_parts(window, Grid::Absolute, ask).await?;
        match parts.len() {
            1 => Ok(parts.swap_remove(0).1),
            _ => Ok(Tree::merge(parts.iter().map(|(_, tree)| tree))),
        }
    }

    /// The stacks of a selection as text for Graphviz, of at most `max_nodes` nodes (100 by default);
    /// the range is not split. Nothing if the server has no such form: it needs storage of version 2
    /// and nothing else.
    pub async fn dot(&self, selection: &Selection) -> Result<Option<String>, Error> {
        let request = selection.stacktraces(selection.window()?, Format::Dot);
        let answer: wire::SelectMergeStacktracesResponse =
            self.stacktraces(request, selection.background).await?;
        Ok(Some(answer.dot).filter(|dot| !dot.is_empty()))
    }
}

/// Older servers do not know the format and send a flame graph.
fn one_tree(bytes: &[u8], graph: Option<wire::FlameGraph>) -> Result<CallTree<1>, TreeError> {
    match graph {
        Some(graph) if bytes.is_empty() => Levels::of_single(graph).decode(),
        _ => Tree::from_stream(bytes),
    }
}

impl From<TreeError> for Error {
    fn from(error: TreeError) -> Self {
        Self::answer("expected a tree of calls, found something else").with_source(error)
    }
}
