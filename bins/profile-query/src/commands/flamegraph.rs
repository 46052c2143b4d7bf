use std::collections::HashSet;
use std::io::{self, Write};

use profile_model::{FlameKind, FlameOptions};
use query::backend::{Backend, Detail};
use query::report::{self, Form, Look};
use query::times::Window;
use query::{Ask, Changed, Fetched, Outline, Shown, Stacks};
use report_render::{Human, Percent, Selection};

use crate::args::{Flamegraph, Words};
use crate::context::Context;
use crate::failure::Failure;
use crate::source::{self, Source};
use crate::{forms, json_text, output, selection};

/// The scripts' own.
const DEFAULT_RANGE: &str = "10m";
const DEFAULT_MAX_NODES: u32 = 16384;
/// Servers refuse more.
const MOST_NODES: u32 = 1 << 20;

/// The rows of the scripts with a ranking, or a form of the stacks.
#[derive(Clone, Copy, PartialEq)]
enum Output {
    Summary,
    Of(Form),
}

pub(super) async fn run(context: &Context, mut args: Flamegraph) -> Result<(), Failure> {
    let output = args.output.as_deref().map(self::output).transpose()?;
    if context.json() && output.is_some_and(|output| output != Output::Of(Form::FlameJson)) {
        return Err(Failure::usage("expected one of --json and --output, found both"));
    }
    let mut look = Look::default();
    (look.sort, look.limit, look.sum) = (forms::sort(&args.sort)?, args.limit, args.sum);
    (look.width, look.color) = (output::width(), context.color);
    let mut words = Words::new(std::mem::take(&mut args.words));
    if let Some(path) = words.only().filter(|word| source::is_file(word)) {
        return of_file(context, &args, path, output, &look).await;
    }
    let deployment = context.deployment(&mut words)?;
    let named = selection::service_or_query(&mut words, &args.which.matching, 0)?;
    let service = named.clone().unwrap_or_default();
    legacy(&mut args, &mut words)?;
    let max_nodes = max_nodes(context, args.max_nodes.as_deref())?;
    let window = selection::window(&args.which.time, DEFAULT_RANGE, context.now)?;
    let ask = selection::ask(&args.which, named, &window)?;
    let mut changes = selection::changes(&args.filters)?;
    changes.collapse = args.collapse;
    let backend = context.backend(&deployment)?;
    if context.json() && output.is_none() {
        return server_json(context, &backend, &ask, max_nodes).await;
    }
    let output =
        output.unwrap_or(if output::is_terminal() { Output::Of(Form::FlameText) } else { Output::Summary });
    refuse_terminal(output)?;
    // Filters see what the server would cut off, and files.
    let detail = match output {
        Output::Of(Form::Pprof) => Detail::File,
        _ if changes.can_leave_nothing() || changes.collapse => Detail::Whole,
        _ => Detail::Tree { max_nodes: Some(max_nodes) },
    };
    let mut fetched = context.wait(&backend, backend.fetch(&ask, detail)).await?;
    let changed = changes.apply(std::mem::replace(&mut fetched.stacks, Stacks::Profile(Box::default())));
    if changed.stacks.is_empty() {
        return Err(selection::nothing_left(&args.filters));
    }
    if changes.can_leave_nothing() {
        fetched.outline = None;
    }
    match output {
        Output::Summary => {
            let about =
                About { deployment: &deployment.name, service: &service, window: &window, look: &look };
            output::data(|out| summary(&about, &fetched, changed, out))
        }
        Output::Of(form) => {
            let shown = Shown::of(&fetched, changed);
            output::data(|mut out| report::write(&shown, form, &look, &mut out))
        }
    }
}

fn output(name: &str) -> Result<Output, Failure> {
    let of = |(name, form): (&'static str, Form)| (name, Output::Of(form));
    let all: Vec<(&str, Output)> =
        std::iter::once(("text", Output::Summary)).chain(forms::OF_STACKS.into_iter().map(of)).collect();
    forms::named("--output", name, &all)
}

/// A picture of a file, or its ranking.
async fn of_file(
    context: &Context,
    args: &Flamegraph,
    path: String,
    output: Option<Output>,
    look: &Look,
) -> Result<(), Failure> {
    let default = match context.json() {
        true => Form::FlameJson,
        false if output::is_terminal() => Form::FlameText,
        false => Form::Top,
    };
    let form = match output {
        None => default,
        Some(Output::Summary) => Form::Top,
        Some(Output::Of(form)) => form,
    };
    refuse_terminal(Output::Of(form))?;
    let source = Source::File { path, value: args.which.profile_type.clone() };
    let mut changes = selection::changes(&args.filters)?;
    changes.collapse = args.collapse;
    let shown = source.shown_with(context, &changes, &args.filters, Detail::Whole).await?;
    output::data(|mut out| report::write(&shown, form, look, &mut out))
}

fn refuse_terminal(output: Output) -> Result<(), Failure> {
    if output == Output::Of(Form::Pprof) && output::is_terminal() {
        return Err(Failure::usage("expected a pipe or a file for pprof, found a terminal")
            .hint("`profile-query export` saves a file"));
    }
    Ok(())
}

/// The words after the service mean what their shape says, in any order; what has no such shape is a
/// mistake.
fn legacy(args: &mut Flamegraph, words: &mut Words) -> Result<(), Failure> {
    while let Some(word) = words.next() {
        let twice = |what: &str| {
            Failure::usage(format!("expected one {what}, found another: `{}`", words::safe(&word)))
        };
        if is_script_range(&word) {
            if args.which.time.range.is_some() || args.which.time.start.is_some() {
                return Err(twice("range"));
            }
            args.which.time.range = Some(word);
        } else if word.contains(':') {
            if args.which.profile_type.is_some() {
                return Err(twice("profile type"));
            }
            args.which.profile_type = Some(word);
        } else if word.bytes().all(|byte| byte.is_ascii_digit()) {
            if args.max_nodes.is_some() {
                return Err(twice("number of nodes"));
            }
            args.max_nodes = Some(word);
        } else {
            let shown = words::safe(&word);
            return Err(Failure::usage(format!(
                "expected a range such as `30m`, a full profile type or a number of nodes, found `{shown}`"
            ))
            .hint(format!("--type {shown} names a profile type, --range a range")));
        }
    }
    Ok(())
}

/// `^[0-9]+[smhd]$`.
fn is_script_range(word: &str) -> bool {
    let digits = word.strip_suffix(['s', 'm', 'h', 'd']).unwrap_or_default();
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn max_nodes(context: &Context, text: Option<&str>) -> Result<u32, Failure> {
    let Some(text) = text else { return Ok(DEFAULT_MAX_NODES) };
    let wanted = selection::count("--max-nodes", text)?;
    let nodes = u32::try_from(wanted).unwrap_or(u32::MAX).min(MOST_NODES);
    if u64::from(nodes) != wanted {
        context.warn(&format!("--max-nodes {nodes} is the most that servers take"));
    }
    // 0 is the server's own default, as it was for the scripts.
    Ok(nodes)
}

/// What the server sends, indented.
async fn server_json(context: &Context, backend: &Backend, ask: &Ask, max_nodes: u32) -> Result<(), Failure> {
    let body = context.wait(backend, backend.flame_graph_json(ask, Some(max_nodes))).await?;
    let text = json_text::indented(&body)
        .ok_or_else(|| Failure::run("expected JSON from the server, found something else"))?;
    output::data(|out| out.write_all(&text))
}

/// What stands above the ranking.
struct About<'a> {
    deployment: &'a str,
    service: &'a str,
    window: &'a Window,
    look: &'a Look,
}

/// The rows of the scripts, and a ranking.
fn summary(about: &About<'_>, fetched: &Fetched, changed: Changed, out: &mut dyn Write) -> io::Result<()> {
    let mut out = out;
    let facts = Facts::of(fetched, &changed);
    let unit = changed.stacks.unit().to_owned();
    writeln!(out, "Deployment: {}", words::safe(about.deployment))?;
    writeln!(out, "Service: {}", words::safe(about.service))?;
    writeln!(out, "Profile: {}", fetched.query.profile_type)?;
    writeln!(out, "Time: {}\n", words::safe(&about.window.typed))?;
    writeln!(out, "Total samples: {}", forms::value(facts.total, &unit))?;
    writeln!(out, "Max self: {}", forms::value(facts.max_self, &unit))?;
    writeln!(out, "Functions: {}", facts.functions)?;
    writeln!(out, "Stack depth: {}\n", facts.depth)?;
    let shown = Shown::of(fetched, changed);
    // The window in UTC stands first; it is above in the words that were typed.
    for fact in shown.facts.iter().skip(1) {
        writeln!(out, "Note: {fact}\n")?;
    }
    let mean = if fetched.snapshots.is_some() && !about.look.sum { ", means over time" } else { "" };
    writeln!(out, "Top functions{mean}:")?;
    let mut look = about.look.clone();
    look.head = false;
    report::write(&shown, Form::Top, &look, &mut out)?;
    if fetched.truncated != 0 {
        let (value, share) =
            (Human::new(fetched.truncated, &unit), Percent::new(fetched.truncated, facts.total));
        writeln!(out, "other: {value} ({share}) was cut off by the server;")?;
        writeln!(out, "--max-nodes raises the limit, and `top` has none")?;
    }
    Ok(())
}

/// What the scripts said about the server's flame graph; worked out from the stacks where there was none.
struct Facts {
    total: i128,
    max_self: i64,
    functions: usize,
    depth: usize,
}

impl Facts {
    fn of(fetched: &Fetched, changed: &Changed) -> Self {
        let total = changed.stacks.total();
        if let Some(Outline { names, levels, max_self, .. }) = fetched.outline {
            return Self { total, max_self, functions: names, depth: levels };
        }
        let profile = changed.stacks.clone().into_profile();
        let graph =
            Selection::new(&profile, 0).map(|selection| selection.flame_graph(FlameOptions::default()));
        let nodes = graph.as_ref().map(|graph| graph.nodes()).unwrap_or_default();
        let names: HashSet<String> = nodes
            .iter()
            .filter_map(|node| match &node.kind {
                FlameKind::Frame(frame) => Some(frame.name(&profile.symbols).to_string()),
                _ => None,
            })
            .collect();
        Self {
            total,
            max_self: nodes.iter().map(|node| node.flat).max().unwrap_or(0),
            // The server's table of names begins with that of the root.
            functions: names.len() + 1,
            depth: graph.as_ref().map_or(1, |graph| graph.height() as usize),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_judged_as_the_scripts_did() {
        for (word, expect) in
            [("30m", true), ("1h", true), ("10", false), ("1h30m", false), ("m", false), ("10w", false)]
        {
            assert_eq!(is_script_range(word), expect, "{word}");
        }
    }
}
