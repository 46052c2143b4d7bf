use std::collections::HashSet;

use parca_client::{QueryRequest, Report, ReportKind};
use pql::{Matcher, ProfileType, Query};
use profile_codec::pprof;
use profile_model::{Profile, TimeRange, ValueType};
use pyroscope_client::{NameId, Selection, Tree};

use super::{Ask, Backend, BackendError, Server};
use crate::Shape;
use crate::content::{self, Content};

/// How much of the stacks is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Detail {
    /// A tree of names, of which a Pyroscope cuts off all but so many nodes. A Parca gives the whole tree.
    Tree {
        /// How many; the server's default if not said.
        max_nodes: Option<u32>,
    },
    /// All stacks, with files and lines.
    Whole,
    /// All stacks, as a file of them is to hold them: from a Parca with its own sample type, where
    /// trees are in the unit of the period.
    File,
}

/// The stacks of all profiles that an [`Ask`] means, put together.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Merged {
    /// What was asked, as it was understood.
    pub query: Query,
    /// When.
    pub range: TimeRange,
    /// The stacks, of one sample type.
    pub profile: Profile,
    /// What the server cut off: the values of what it calls `other`, which are in the stacks.
    pub truncated: i64,
    /// What is known about the flame graph that the stacks came in, if they did.
    pub outline: Option<Outline>,
}

/// The numbers of a flame graph as a Pyroscope sends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outline {
    /// How many names there are, that of the root included.
    pub names: usize,
    /// How many levels there are, that of the root included.
    pub levels: usize,
    /// The largest value of stacks that end at one node.
    pub max_self: i64,
}

impl Outline {
    fn of(tree: &Tree) -> Self {
        let nodes = tree.nodes();
        let names: HashSet<NameId> = nodes.iter().map(|node| node.name).collect();
        Self {
            names: names.len() + 1,
            levels: nodes.iter().map(|node| node.depth + 2).max().unwrap_or(1),
            max_self: nodes.iter().map(|node| node.sums[0].flat).max().unwrap_or(0),
        }
    }
}

impl Merged {
    /// The sum of all values.
    pub fn total(&self) -> i128 {
        self.profile.samples.total(0)
    }
}

impl Backend {
    /// The stacks that are meant, put together.
    ///
    /// A short name that brings nothing is looked up among the types that the service has, as one SDK
    /// calls goroutines what the other does not.
    ///
    /// # Errors
    /// The server's, [`BackendError::Type`], and [`BackendError::Nothing`] with the reason if nothing
    /// matches.
    pub async fn fetch(&self, ask: &Ask, detail: Detail) -> Result<Merged, BackendError> {
        let profile_type = self.type_of(ask).await?;
        let merged = self.merge(ask, profile_type.clone(), detail).await?;
        if !merged.profile.samples.is_empty() {
            return Ok(merged);
        }
        let is_short = ask.type_name.parse::<ProfileType>().is_err();
        if is_short
            && let Ok(other) = self.looked_up_type(ask, true).await
            && other != profile_type
        {
            let merged = self.merge(ask, other, detail).await?;
            if !merged.profile.samples.is_empty() {
                return Ok(merged);
            }
        }
        Err(BackendError::Nothing(Box::new(self.why_there_is_none(ask, Some(&profile_type)).await?)))
    }

    pub(super) fn query_of(&self, ask: &Ask, profile_type: ProfileType) -> Query {
        let matchers = ask.all_matchers(self.deployment.service_label());
        let matchers = match &self.server {
            Server::Pyroscope(_) => matchers,
            Server::Parca(_) => matchers.iter().map(Matcher::anchored).collect(),
        };
        Query { profile_type, matchers }
    }

    async fn merge(
        &self,
        ask: &Ask,
        profile_type: ProfileType,
        detail: Detail,
    ) -> Result<Merged, BackendError> {
        let query = self.query_of(ask, profile_type);
        let range = ask.range;
        let mut merged = Merged { query, range, profile: Profile::default(), truncated: 0, outline: None };
        match &self.server {
            Server::Pyroscope(client) => self.pyroscope_profile(client, &mut merged, detail).await?,
            Server::Parca(client) => {
                merged.profile = self.parca_profile(client, &merged.query, range, detail).await?;
            }
        }
        Ok(merged)
    }

    async fn pyroscope_profile(
        &self,
        client: &pyroscope_client::Client,
        merged: &mut Merged,
        detail: Detail,
    ) -> Result<(), BackendError> {
        let Query { profile_type: of, matchers } = &merged.query;
        let range = merged.range;
        let mut selection = Selection::new(of.clone(), matchers.clone(), range);
        self.note("SelectMergeStacktraces", &merged.query.to_string());
        let profile = match detail {
            Detail::Whole | Detail::File => summed(client.profile(&selection).await?)?,
            Detail::Tree { max_nodes } => {
                selection.max_nodes = max_nodes;
                let tree = client.flame_graph(&selection).await?;
                merged.truncated = tree.truncated();
                merged.outline = Some(Outline::of(&tree));
                let value_type = ValueType::new(&of.sample_type, &of.sample_unit);
                tree.to_profile(value_type).map_err(|error| BackendError::Answer(error.into()))?
            }
        };
        merged.profile = timed(profile, range, of);
        Ok(())
    }

    async fn parca_profile(
        &self,
        client: &parca_client::Client,
        query: &Query,
        range: TimeRange,
        detail: Detail,
    ) -> Result<Profile, BackendError> {
        self.note("Query", &query.to_string());
        let kind = match detail {
            Detail::Tree { .. } | Detail::Whole => ReportKind::FlamegraphArrow,
            Detail::File => ReportKind::Pprof,
        };
        let answer = client.query(&QueryRequest::merge(query.to_string(), range, kind)).await?;
        let profile_type = query.profile_type.clone();
        // Megabytes are decoded: not on a thread that others wait for.
        let decoded = tokio::task::spawn_blocking(move || decode(answer, range, &profile_type)).await;
        match decoded {
            Ok(profile) => profile.map_err(BackendError::Answer),
            Err(panicked) => Err(BackendError::Answer(panicked.into())),
        }
    }
}

fn decode(
    answer: parca_client::QueryAnswer,
    range: TimeRange,
    profile_type: &ProfileType,
) -> Result<Profile, content::Wrong> {
    let (total, filtered) = (i128::from(answer.total), i128::from(answer.filtered));
    match answer.report {
        Some(Report::Pprof(file)) => {
            Ok(timed(summed(pprof::decode(&file, &pprof::Limits::default())?)?, range, profile_type))
        }
        Some(Report::FlamegraphArrow(record)) => {
            let fetched = content::decode_tree(&record, total, filtered, &Shape::default(), profile_type)?;
            match fetched.content {
                Content::Profile(profile) => Ok(timed(*profile, range, profile_type)),
                Content::Arrow(_) => Err("expected stacks, found a message".into()),
            }
        }
        _ => Err("no such report in the answer".into()),
    }
}

/// Servers may send a stack several times.
fn summed(profile: Profile) -> Result<Profile, BackendError> {
    Profile::merge([&profile]).map_err(|error| BackendError::Answer(error.into()))
}

/// With the time of the window: what servers say of it is the window's end (Pyroscope) or nothing.
fn timed(mut profile: Profile, range: TimeRange, profile_type: &ProfileType) -> Profile {
    const INSTANTS: [&str; 4] = ["inuse_space", "inuse_objects", "goroutine", "goroutines"];
    profile.time_nanos = range.start.saturating_nanos();
    let is_instant = INSTANTS.contains(&profile_type.sample_type.as_str());
    profile.duration_nanos =
        if is_instant { 0 } else { range.end.saturating_nanos().saturating_sub(profile.time_nanos) };
    profile
}
