use std::collections::HashSet;
use std::io::{self, Write};

use profile_model::{FlameKind, FlameOptions};
use query::backend::{Ask, Backend, Detail, Merged, Outline};
use query::times::Window;
use report_render::{Human, Percent, Selection};

use crate::args::{Flamegraph, Words};
use crate::context::Context;
use crate::failure::Failure;
use crate::render::{self, Form, Look};
use crate::{json_text, output, selection};

/// The scripts' own.
const DEFAULT_RANGE: &str = "10m";
const DEFAULT_MAX_NODES: u32 = 16384;
/// Servers refuse more.
const MOST_NODES: u32 = 1 << 20;

const FORMS: [Form; 10] = [
    Form::Text,
    Form::Tree,
    Form::Json,
    Form::Folded,
    Form::Svg,
    Form::Html,
    Form::Speedscope,
    Form::Pprof,
    Form::Dot,
    Form::Top,
];

pub(super) async fn run(context: &Context, mut args: Flamegraph) -> Result<(), Failure> {
    let form = args.output.as_deref().map(|name| Form::named(name, &FORMS)).transpose()?;
    if context.json() && form.is_some_and(|form| form != Form::Json) {
        return Err(Failure::usage("expected one of --json and --output, found both"));
    }
    let sort = render::sort(&args.sort)?;
    let mut words = Words::new(std::mem::take(&mut args.words));
    let deployment = context.deployment(&mut words)?;
    let service = words.expect("SERVICE")?;
    legacy(&mut args, &mut words)?;
    let max_nodes = max_nodes(context, args.max_nodes.as_deref())?;
    let window = selection::window(&args.which.time, DEFAULT_RANGE, context.now)?;
    let ask = selection::ask(&args.which, Some(service.clone()), &window)?;
    let filter = selection::stacks(&args.filters)?;
    let backend = context.backend(&deployment)?;
    if context.json() && form.is_none() {
        return server_json(context, &backend, &ask, max_nodes).await;
    }
    let form = form.unwrap_or(Form::Text);
    // Filters see what the server would cut off, and files.
    let detail = match form {
        Form::Pprof => Detail::File,
        _ if filter.is_some() => Detail::Whole,
        _ => Detail::Tree { max_nodes: Some(max_nodes) },
    };
    let mut merged = context.wait(&backend, backend.fetch(&ask, detail)).await?;
    if filter.is_some() {
        merged.profile = selection::left_by(filter.as_ref(), merged.profile)?;
        merged.outline = None;
    }
    let title = format!("{service}: {}", merged.query.profile_type);
    let look = Look { title: &title, limit: args.limit, sort, color: context.color };
    if form == Form::Pprof && output::is_terminal() {
        return Err(Failure::usage("expected a pipe or a file for pprof, found a terminal")
            .hint("`profile-query export` saves a file"));
    }
    output::data(|out| match form {
        Form::Text => text(&deployment.name, &service, &window, &merged, &look, out),
        form => render::report(&merged.profile, form, &look, out),
    })
}

/// The words after the service mean what their shape says, in any order; what has no such shape is a
/// mistake.
fn legacy(args: &mut Flamegraph, words: &mut Words) -> Result<(), Failure> {
    while let Some(word) = words.next() {
        let twice = |what: &str| {
            Failure::usage(format!("expected one {what}, found another: `{}`", query::plain(&word)))
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
            let shown = query::plain(&word);
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

/// The rows of the scripts, and a ranking.
fn text(
    deployment: &str,
    service: &str,
    window: &Window,
    merged: &Merged,
    look: &Look<'_>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut out = out;
    let Some(selection) = Selection::new(&merged.profile, 0) else { return Ok(()) };
    let facts = Facts::of(merged, &selection);
    let unit = selection.value_type().unit.as_str();
    writeln!(out, "Deployment: {}", query::plain(deployment))?;
    writeln!(out, "Service: {}", query::plain(service))?;
    writeln!(out, "Profile: {}", merged.query.profile_type)?;
    writeln!(out, "Time: {}\n", query::plain(&window.typed))?;
    writeln!(out, "Total samples: {}", render::value(facts.total, unit))?;
    writeln!(out, "Max self: {}", render::value(facts.max_self, unit))?;
    writeln!(out, "Functions: {}", facts.functions)?;
    writeln!(out, "Stack depth: {}\n", facts.depth)?;
    writeln!(out, "Top functions:")?;
    render::top(&selection, look, &mut out)?;
    if merged.truncated != 0 {
        let share = Percent { part: merged.truncated, whole: facts.total };
        writeln!(
            out,
            "other: {} ({share}) was cut off by the server; --max-nodes raises the limit, and `top` has none",
            Human { value: merged.truncated, unit }
        )?;
    }
    Ok(())
}

/// What the scripts said about the server's flame graph; worked out from the stacks where there was none.
struct Facts {
    total: i64,
    max_self: i64,
    functions: usize,
    depth: usize,
}

impl Facts {
    fn of(merged: &Merged, selection: &Selection<'_>) -> Self {
        let total = i64::try_from(merged.total()).unwrap_or(i64::MAX);
        if let Some(Outline { names, levels, max_self, .. }) = merged.outline {
            return Self { total, max_self, functions: names, depth: levels };
        }
        let graph = selection.flame_graph(FlameOptions::default());
        let nodes = graph.nodes();
        let names: HashSet<String> = nodes
            .iter()
            .filter_map(|node| match &node.kind {
                FlameKind::Frame(frame) => Some(frame.name(&merged.profile.symbols).to_string()),
                _ => None,
            })
            .collect();
        Self {
            total,
            max_self: nodes.iter().map(|node| node.flat).max().unwrap_or(0),
            // The server's table of names begins with that of the root.
            functions: names.len() + 1,
            depth: graph.height() as usize,
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
