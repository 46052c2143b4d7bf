use std::collections::HashSet;

use futures_util::{StreamExt, TryStreamExt, stream};
use parca_client::{QueryAnswer, QueryRequest, Report, ReportKind};
use pql::{Matcher, ProfileType, Query};
use profile_codec::arrow::{ArrowLimits, decode_flame_graph};
use profile_codec::pprof::{self, Limits};
use profile_model::{FlameGraph, Profile, Sample, StackId, TimeRange, ValueType};
use pyroscope_client::{NameId, Selection, Tree as ServerTree};

use super::names::{DEFAULT_TYPE, is_instant, of_service_first, resolve_type};
use super::window::with_both_ends;
use super::{Answering, Backend, BackendError, Server};
use crate::{Ask, Fetched, Outline, Stacks, Tree};

/// How much of the stacks is fetched, and in which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Detail {
    /// A tree, of which a Pyroscope cuts off all but so many nodes. A Parca gives the whole tree.
    Tree {
        /// How many; the server's default if not said.
        max_nodes: Option<u32>,
    },
    /// All stacks, with files and lines.
    Whole,
    /// All stacks, as a file of them is to hold them: from a Parca with its own sample type, where
    /// trees are in the unit of the period.
    File,
    /// A Parca's own message, not decoded.
    Message,
}

/// The most profile types that one question may be about.
pub const MAX_TYPES: usize = 64;
/// How many merges are under way at a time.
const AT_ONCE: usize = 4;

/// What is wrong with an answer.
type Wrong = Box<dyn std::error::Error + Send + Sync>;

impl Backend {
    /// The profiles of one type that are meant, merged.
    ///
    /// A short name that brings nothing is looked up among the types that the selection has, as one SDK calls
    /// goroutines what the other does not. Without a name it is CPU time, or what there is.
    ///
    /// # Errors
    /// The server's, [`BackendError::Type`], and [`BackendError::Nothing`] with the reason if nothing matches.
    pub fn fetch<'a>(&'a self, ask: &'a Ask, detail: Detail) -> Answering<'a, Fetched> {
        Box::pin(async move {
            let profile_type = self.type_of(ask).await?;
            let fetched = self.merge(ask, profile_type.clone(), detail).await?;
            if !fetched.stacks.is_empty() {
                return Ok(fetched);
            }
            if let Some((other, note)) = self.another_type(ask, &profile_type).await? {
                let mut fetched = self.merge(ask, other, detail).await?;
                if !fetched.stacks.is_empty() {
                    fetched.note = note;
                    return Ok(fetched);
                }
            }
            Err(BackendError::Nothing(Box::new(self.why_there_is_none(ask, Some(&profile_type)).await?)))
        })
    }

    /// The profiles of each type that a name may mean, or of all types if there is no name; sorted by type, those
    /// without data left out.
    ///
    /// # Errors
    /// As [`fetch`](Self::fetch), and where there are more than [`MAX_TYPES`] types.
    pub fn fetch_all<'a>(&'a self, ask: &'a Ask, detail: Detail) -> Answering<'a, Vec<Fetched>> {
        Box::pin(async move {
            let types = self.types_of(ask).await?;
            if types.len() > MAX_TYPES {
                let found = types.len();
                return Err(BackendError::Usage(format!(
                    "expected at most {MAX_TYPES} profile types, found {found}"
                )));
            }
            let one = |profile_type: &ProfileType| self.merge(ask, profile_type.clone(), detail);
            let merges: Vec<_> = types.iter().map(one).collect();
            let mut found: Vec<Fetched> = stream::iter(merges).buffered(AT_ONCE).try_collect().await?;
            found.retain(|fetched| !fetched.stacks.is_empty());
            if found.is_empty() {
                let only = if let [one] = &types[..] { Some(one) } else { None };
                return Err(BackendError::Nothing(Box::new(self.why_there_is_none(ask, only).await?)));
            }
            Ok(found)
        })
    }

    /// The query as this server is asked it: a Parca searches with regular expressions, so they are anchored.
    pub(super) fn query_of(&self, ask: &Ask, profile_type: ProfileType) -> Query {
        let matchers = ask.all_matchers(self.deployment.service_label());
        let matchers = match &self.server {
            Server::Pyroscope(_) => matchers,
            Server::Parca(_) => matchers.iter().map(Matcher::anchored).collect(),
        };
        Query { profile_type, matchers }
    }

    /// What to try where the type that was asked for has nothing: one that the name may mean, too, and without a name
    /// what the selection has, with words for that.
    async fn another_type(
        &self,
        ask: &Ask,
        tried: &ProfileType,
    ) -> Result<Option<(ProfileType, Option<String>)>, BackendError> {
        let mut types = self.profile_types(ask.service.as_deref(), ask.range).await?;
        let name = ask.type_name.as_deref();
        // What the name means among those that the selection has.
        let other = resolve_type(name.unwrap_or(DEFAULT_TYPE), &types).ok().filter(|other| other != tried);
        if other.is_some() || name.is_some() {
            let is_full = name.is_some_and(|name| name.parse::<ProfileType>().is_ok());
            return Ok(other.filter(|_| !is_full).map(|other| (other, None)));
        }
        types.retain(|one| one != tried);
        Ok(of_service_first(&types).map(|first| {
            let others = match types.len() {
                1 => String::new(),
                _ => format!("; there are {}", words::listed(&types, 5)),
            };
            (first.clone(), Some(format!("no CPU profiles here, so {first} is shown{others}")))
        }))
    }

    async fn merge(
        &self,
        ask: &Ask,
        profile_type: ProfileType,
        detail: Detail,
    ) -> Result<Fetched, BackendError> {
        let query = self.query_of(ask, profile_type);
        let mut fetched = Fetched {
            query,
            range: ask.range,
            stacks: Stacks::Profile(Box::default()),
            filtered: 0,
            truncated: 0,
            outline: None,
            snapshots: None,
            server: self.in_words(),
            note: None,
        };
        match &self.server {
            Server::Pyroscope(client) => self.pyroscope_merge(client, &mut fetched, detail).await?,
            Server::Parca(client) => self.parca_merge(client, &mut fetched, ask, detail).await?,
        }
        if is_instant(self.kind(), &fetched.query.profile_type) && !fetched.stacks.is_empty() {
            fetched.snapshots = Some(self.snapshots(ask, &fetched.query).await?);
        }
        Ok(fetched)
    }

    async fn pyroscope_merge(
        &self,
        client: &pyroscope_client::Client,
        fetched: &mut Fetched,
        detail: Detail,
    ) -> Result<(), BackendError> {
        let Query { profile_type: of, matchers } = &fetched.query;
        let mut selection = Selection::new(of.clone(), matchers.clone(), fetched.range);
        self.note("SelectMergeStacktraces", &fetched.query.to_string());
        let (time_nanos, duration_nanos) = self.times_of(of, fetched.range);
        fetched.stacks = match detail {
            Detail::Whole | Detail::File => {
                let profile = summed(client.profile(&selection).await?)?;
                Stacks::Profile(Box::new(Profile { time_nanos, duration_nanos, ..profile }))
            }
            Detail::Tree { max_nodes } => {
                selection.max_nodes = max_nodes;
                let tree = client.flame_graph(&selection).await?;
                (fetched.truncated, fetched.outline) = (tree.truncated(), Some(Outline::of(&tree)));
                let (symbols, graph) = tree.to_flame_graph(0);
                let value_type = ValueType::new(&of.sample_type, &of.sample_unit);
                Stacks::Tree(Box::new(Tree { graph, symbols, value_type, time_nanos, duration_nanos }))
            }
            Detail::Message => {
                return Err(BackendError::Usage(
                    "expected a Parca for its own message, found a Pyroscope".into(),
                ));
            }
        };
        Ok(())
    }

    async fn parca_merge(
        &self,
        client: &parca_client::Client,
        fetched: &mut Fetched,
        ask: &Ask,
        detail: Detail,
    ) -> Result<(), BackendError> {
        let text = fetched.query.to_string();
        self.note("Query", &text);
        let range = with_both_ends(fetched.range);
        let kind = match detail {
            Detail::File => ReportKind::Pprof,
            Detail::Tree { .. } | Detail::Whole | Detail::Message => ReportKind::FlamegraphArrow,
        };
        // Asked before: data that arrive in between must not look like what the file leaves out.
        let total = match detail {
            Detail::File => total(client, &text, range).await?,
            _ => 0,
        };
        let mut request = QueryRequest::merge(text, range, kind);
        request.group_by = ask.group_by.iter().map(|label| format!("labels.{label}")).collect();
        let answer = match client.query(&request).await {
            Err(error) if error.is_no_data() => return Ok(()),
            answer => answer?,
        };
        fetched.filtered = answer.filtered.into();
        if detail == Detail::Message {
            fetched.stacks = message(answer).map_err(BackendError::Answer)?;
            return Ok(());
        }
        let profile_type = fetched.query.profile_type.clone();
        let times = self.times_of(&profile_type, fetched.range);
        // Megabytes are decoded: not on a thread that others wait for.
        let decoded = tokio::task::spawn_blocking(move || decode(answer, total, times, &profile_type)).await;
        fetched.stacks = match decoded {
            Ok(stacks) => stacks.map_err(BackendError::Answer)?,
            Err(panicked) => return Err(BackendError::Answer(panicked.into())),
        };
        Ok(())
    }

    /// When a merge starts and how long it lasts, in nanoseconds: what servers say of it is the window's end
    /// (Pyroscope) or nothing.
    fn times_of(&self, profile_type: &ProfileType, range: TimeRange) -> (i64, i64) {
        let start = range.start.saturating_nanos();
        let is_instant = is_instant(self.kind(), profile_type);
        (start, if is_instant { 0 } else { range.end.saturating_nanos().saturating_sub(start) })
    }
}

impl Outline {
    fn of(tree: &ServerTree) -> Self {
        let nodes = tree.nodes();
        let names: HashSet<NameId> = nodes.iter().map(|node| node.name).collect();
        Self {
            names: names.len() + 1,
            levels: nodes.iter().map(|node| node.depth + 2).max().unwrap_or(1),
            max_self: nodes.iter().map(|node| node.sums[0].flat).max().unwrap_or(0),
        }
    }
}

/// The sum of all values, which a Parca does not say beside a pprof: a tree of which all is cut has it.
async fn total(client: &parca_client::Client, query: &str, range: TimeRange) -> Result<i64, BackendError> {
    let mut request = QueryRequest::merge(query.to_owned(), range, ReportKind::FlamegraphArrow);
    request.trim_percent = Some(100.0);
    match client.query(&request).await {
        Err(error) if error.is_no_data() => Ok(0),
        answer => Ok(answer?.total),
    }
}

fn message(answer: QueryAnswer) -> Result<Stacks, Wrong> {
    match answer.report {
        Some(Report::FlamegraphArrow(record)) => Ok(Stacks::Message(record, answer.total)),
        _ => Err("no such report in the answer".into()),
    }
}

fn decode(
    answer: QueryAnswer,
    file_total: i64,
    times: (i64, i64),
    profile_type: &ProfileType,
) -> Result<Stacks, Wrong> {
    let (time_nanos, duration_nanos) = times;
    match answer.report {
        Some(Report::Pprof(file)) => {
            let mut profile = summed(pprof::decode(&file, &Limits::default())?)?;
            (profile.time_nanos, profile.duration_nanos) = times;
            add_frameless(&mut profile, file_total);
            Ok(Stacks::Profile(Box::new(profile)))
        }
        Some(Report::FlamegraphArrow(record)) => {
            let decoded = decode_flame_graph(&record.record, &ArrowLimits::default())?;
            let mut graph: FlameGraph = decoded.graph;
            // Stacks without frames are in the total and not in the tree. With a node that nothing is known of,
            // they are in every form of the report.
            let in_tree = graph.nodes()[0].cumulative;
            graph.add_frameless(answer.total.saturating_sub(in_tree));
            let value_type = ValueType::new(shown_type(profile_type, &record.unit), &record.unit);
            let symbols = decoded.symbols;
            Ok(Stacks::Tree(Box::new(Tree { graph, symbols, value_type, time_nanos, duration_nanos })))
        }
        _ => Err("no such report in the answer".into()),
    }
}

/// Parca's file leaves out stacks without frames (frostdb's rows with a null stack; seen on Parca 3b5647cd).
fn add_frameless(profile: &mut Profile, total: i64) {
    if profile.sample_types.is_empty() {
        return;
    }
    let frameless = i128::from(total) - profile.samples.total(0);
    // The total is in the unit of the period where samples are multiplied by that, so it is only comparable where
    // they are not.
    let is_comparable = profile.sample_types[0].unit != "count" || profile.period <= 1;
    if let Ok(value @ 1..) = i64::try_from(frameless)
        && is_comparable
    {
        profile.samples.push(Sample { stack: StackId::EMPTY, values: &[value], labels: &[] });
    }
}

/// A merge of samples comes multiplied by the period, as what the period is.
fn shown_type<'a>(profile_type: &'a ProfileType, unit: &str) -> &'a str {
    if unit != profile_type.sample_unit && unit == profile_type.period_unit {
        &profile_type.period_type
    } else {
        &profile_type.sample_type
    }
}

/// Servers may send a stack several times.
fn summed(profile: Profile) -> Result<Profile, BackendError> {
    Profile::merge([&profile]).map_err(|error| BackendError::Answer(error.into()))
}
