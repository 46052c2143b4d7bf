//! The stacks of a question, once; before and after if two are compared.

use std::io::{self, Write};

use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use ops::accepts_gzip;
use pql::{Matcher, ProfileType, Selector};
use profile_model::{FlameOptions, Profile, TimeRange};
use query::backend::{Backend, BackendError, Detail, TypeError};
use query::{Ask, Fetched, Stacks, Tree, file, rfc3339};
use report_render::html::{ViewerOptions, viewer_data};
use report_render::{Comparison, Flame, Order, Selection, compare};
use serde_json::{Map, Value, json};

use super::{Api, Asked};
use crate::parcaquery::streamed;
use crate::refusal::Refusal;
use crate::{FileSource, Source, friendly};

/// The most values of a label whose stacks are told apart where a server does not do it itself.
const MAX_VALUES: usize = 24;

/// What is written: what is said about it, and the stacks.
pub(super) struct Answered {
    head: Map<String, Value>,
    drawn: Drawn,
}

enum Drawn {
    Tree(Box<Tree>),
    Profile(Box<Profile>, Vec<String>),
    Comparison(Box<Comparison>),
}

/// One side of a question.
struct Side {
    stacks: Stacks,
    said: Value,
}

pub(super) async fn profile(
    State(api): State<Api>,
    RawQuery(parameters): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let asked = Asked::parse(&parameters.unwrap_or_default());
    let turn = api.profile_turn().await?;
    let answered = match api.source(asked.get("source"))? {
        Source::Server { backend, .. } => api.in_time(of_server(backend, &asked)).await?,
        Source::File(file) => {
            let base = asked.get("baseSource").map(|id| api.source(Some(id))).transpose()?;
            of_file(file, base, asked.get("query"))?
        }
    };
    let write = move |mut out: &mut dyn Write| answered.write(&mut out);
    Ok(streamed("application/json", accepts_gzip(&headers), turn, write))
}

async fn of_server(backend: &Backend, asked: &Asked) -> Result<Answered, Refusal> {
    let (ask, base) = (asked.ask()?, asked.base()?);
    let after = fetched(backend, &ask).await;
    let Some(base) = base else {
        let after = after.map_err(|error| Refusal::of(error, &ask))?;
        let head = head(&after, None);
        let drawn = match after.stacks {
            Stacks::Tree(tree) => Drawn::Tree(tree),
            stacks => Drawn::Profile(Box::new(stacks.into_profile()), ask.group_by.clone()),
        };
        return Ok(Answered { head, drawn });
    };
    let before = fetched(backend, &base).await;
    // Where one side has nothing, the other is compared with that.
    let (before, after) = match (before, after) {
        (Err(BackendError::Nothing(_)), Ok(after)) => (empty_like(&after, base.range), after),
        (Ok(before), Err(BackendError::Nothing(_))) => {
            let after = empty_like(&before, ask.range);
            (before, after)
        }
        (before, after) => (
            before.map_err(|error| Refusal::of(error, &base))?,
            after.map_err(|error| Refusal::of(error, &ask))?,
        ),
    };
    let head = head(&after, Some(&before));
    let [before, after] = [before, after].map(|side| side.stacks.into_profile());
    Ok(Answered { head, drawn: compared(before, after).await? })
}

/// The stacks of a question. Where they are to be told apart by a label and the server does not do that, each value is
/// asked for by itself.
async fn fetched(backend: &Backend, ask: &Ask) -> Result<Fetched, BackendError> {
    let one = match backend.fetch(ask, Detail::Whole).await {
        Err(BackendError::Type(TypeError::Several { types, name })) => {
            one_of(backend, ask, types, &name).await?
        }
        one => one?,
    };
    if ask.group_by.is_empty() || backend.kind() == query::deployments::Kind::Parca {
        return Ok(one);
    }
    let label = &ask.group_by[0];
    let mut values = backend.label_values(label, &ask.matchers, ask.range).await?;
    values.truncate(MAX_VALUES);
    let mut parts = Vec::new();
    for value in values {
        let mut of_value = ask.clone();
        of_value.group_by.clear();
        of_value.type_name = Some(one.query.profile_type.to_string());
        of_value.matchers.push(Matcher::equal(label, &value));
        match backend.fetch(&of_value, Detail::Whole).await {
            Ok(part) => parts.push(labelled(part.stacks.into_profile(), label, &value)),
            Err(BackendError::Nothing(_)) => {}
            Err(error) => return Err(error),
        }
    }
    if parts.is_empty() {
        return Ok(one);
    }
    let merged = Profile::merge(parts.iter()).map_err(|error| BackendError::Answer(error.into()))?;
    Ok(one.with_stacks(Stacks::Profile(Box::new(merged))))
}

/// What a short name most likely means, where it means several: a page shows one.
async fn one_of(
    backend: &Backend,
    ask: &Ask,
    types: Vec<ProfileType>,
    name: &str,
) -> Result<Fetched, BackendError> {
    let others = words::listed(&types, 5);
    let best = types.iter().min_by_key(|of| friendly::rank(of)).map(ToString::to_string);
    let mut of_best = ask.clone();
    of_best.type_name = best;
    let mut fetched = backend.fetch(&of_best, Detail::Whole).await?;
    fetched.note = Some(format!("`{}` means {others}", words::short(name, 64)));
    Ok(fetched)
}

/// A profile whose samples all have one label more.
fn labelled(mut profile: Profile, label: &str, value: &str) -> Profile {
    use profile_model::{LabelValue, Sample, SampleLabel, Samples};
    let key = profile.symbols.intern_string(label);
    let labels = [SampleLabel { key, value: LabelValue::Text(profile.symbols.intern_string(value)) }];
    let mut samples = Samples::new(profile.samples.width());
    for sample in profile.samples.iter() {
        samples.push(Sample { labels: &labels, ..sample });
    }
    profile.samples = samples;
    profile
}

fn empty_like(other: &Fetched, range: TimeRange) -> Fetched {
    let types = other.stacks.clone().into_profile().sample_types;
    let mut nothing = other.clone().with_stacks(Stacks::Profile(Box::new(Profile::new(types))));
    (nothing.range, nothing.snapshots, nothing.note) = (range, None, None);
    nothing
}

fn head(after: &Fetched, before: Option<&Fetched>) -> Map<String, Value> {
    let profile_type = &after.query.profile_type;
    let side = |side: &Fetched| Side::said(side);
    let mut head = Map::new();
    let selector =
        Selector { metric_name: Some(profile_type.to_string()), matchers: after.query.matchers.clone() };
    head.insert("query".into(), selector.to_string().into());
    head.insert(
        "type".into(),
        json!({ "id": profile_type.to_string(), "name": friendly::name(profile_type) }),
    );
    head.insert("start".into(), rfc3339(after.range.start).into());
    head.insert("end".into(), rfc3339(after.range.end).into());
    if let Some(before) = before {
        let (start, end) = (rfc3339(before.range.start), rfc3339(before.range.end));
        head.insert("base".into(), json!({ "start": start, "end": end, "query": before.query.to_string() }));
    }
    let sides: Vec<Value> = std::iter::once(after).chain(before).map(side).collect();
    head.insert("sides".into(), sides.into());
    head.insert("facts".into(), after.remarks().into());
    head
}

impl Side {
    fn said(fetched: &Fetched) -> Value {
        let snapshots = fetched.snapshots.map(|of| {
            // `sum of 10 snapshots of 1 series`: what it is a sum or a mean of stands behind.
            let words = of.words();
            json!({ "moments": of.moments, "words": words.strip_prefix("sum of ").unwrap_or(&words) })
        });
        json!({ "start": rfc3339(fetched.range.start), "end": rfc3339(fetched.range.end), "snapshots": snapshots })
    }

    fn of_file(file: &FileSource, value: usize) -> Self {
        let stacks = Stacks::Profile(Box::new(file::only_value((*file.profile).clone(), value)));
        Self { stacks, said: json!({ "name": file.name, "snapshots": null }) }
    }
}

fn of_file(file: &FileSource, base: Option<&Source>, type_name: Option<&str>) -> Result<Answered, Refusal> {
    let wrong = |error: query::file::ValueError| Refusal::mistake("query", error.to_string());
    let title = file.name.clone();
    let Some(base) = base else {
        let value = file::value_of(&file.profile, type_name).map_err(wrong)?;
        let side = Side::of_file(file, value);
        let head = file_head(title, file, value, vec![side.said]);
        return Ok(Answered {
            head,
            drawn: Drawn::Profile(Box::new(side.stacks.into_profile()), Vec::new()),
        });
    };
    let Source::File(base) = base else {
        return Err(Refusal::mistake("baseSource", "expected a file, found a server"));
    };
    let [before, after] =
        file::common_value([&base.profile, &file.profile], [type_name, type_name]).map_err(wrong)?;
    let sides = [Side::of_file(base, before), Side::of_file(file, after)];
    let [before_said, after_said] = [0, 1].map(|at| sides[at].said.clone());
    let head =
        file_head(format!("{} and {}", base.name, file.name), file, after, vec![after_said, before_said]);
    let [before, after] = sides.map(|side| side.stacks.into_profile());
    Ok(Answered { head, drawn: comparison(&before, &after)? })
}

fn file_head(title: String, file: &FileSource, value: usize, sides: Vec<Value>) -> Map<String, Value> {
    let of = &file.profile.sample_types[value];
    let head = json!({
        "title": title, "query": of.name, "type": { "id": of.name, "name": friendly::sample_type_name(&of.name) },
        "sides": sides, "facts": file.facts,
    });
    let Value::Object(head) = head else { return Map::new() };
    head
}

/// What changed, in the values' own measure: shares are worked out where they are shown.
async fn compared(before: Profile, after: Profile) -> Result<Drawn, Refusal> {
    let made = tokio::task::spawn_blocking(move || comparison(&before, &after)).await;
    made.unwrap_or_else(|panicked| Err(Refusal::server(BackendError::Answer(panicked.into()))))
}

fn comparison(before: &Profile, after: &Profile) -> Result<Drawn, Refusal> {
    let selection = |profile| {
        Selection::new(profile, 0)
            .ok_or_else(|| Refusal::server(BackendError::Answer("expected a sample type, found none".into())))
    };
    let compared = compare(&selection(before)?, &selection(after)?);
    let compared = compared.map_err(|error| Refusal::server(BackendError::Answer(error.into())))?;
    Ok(Drawn::Comparison(Box::new(compared)))
}

impl Answered {
    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let head = serde_json::to_string(&self.head)?;
        out.write_all(head.strip_suffix('}').unwrap_or(&head).as_bytes())?;
        out.write_all(b",\"data\":")?;
        self.drawn.write(out)?;
        out.write_all(b"}\n")
    }
}

impl Drawn {
    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let mut options = FlameOptions::default();
        (options.by_mapping_file, options.by_function_file) = (true, true);
        // The page sorts siblings itself, by whatever its reader wants.
        let mut viewer = ViewerOptions::default();
        viewer.order = Order::FirstSight;
        let mut write = |flame: &Flame<'_>| viewer_data(flame, &viewer, out).map(drop);
        match self {
            Self::Tree(tree) => write(&Flame {
                graph: &tree.graph,
                symbols: &tree.symbols,
                value_type: &tree.value_type,
                is_comparison: false,
                whole: tree.graph.widths(false)[0].into(),
                scale: None,
            }),
            Self::Profile(profile, labels) => {
                let Some(selection) = Selection::new(profile, 0) else {
                    return Err(io::Error::other("expected a sample type, found none"));
                };
                let graph = if labels.is_empty() {
                    selection.flame_graph(options)
                } else {
                    selection.flame_graph_by(labels, options)
                };
                write(&selection.flame(&graph))
            }
            Self::Comparison(comparison) => {
                let selection = comparison.selection();
                let graph = selection.flame_graph(options);
                write(&selection.flame(&graph))
            }
        }
    }
}
