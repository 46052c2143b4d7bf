//! Call graphs for Graphviz: `dot -Tsvg`.

mod calls;

use std::io::{self, Write};

use calls::{Call, Calls, Function};

use crate::{
    Flame, Human, Percent,
    color::{Color, Palette},
    output::buffered,
};

/// Which functions and calls are drawn.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct DotOptions {
    /// What stands above the graph.
    pub title: String,
    /// Functions with less than this share of the total go, in percent, with calls from and to them.
    pub min_node_percent: f64,
    /// Calls with less than this share of the total go, in percent.
    pub min_edge_percent: f64,
    /// How many functions are drawn at most: those that weigh most.
    pub max_nodes: usize,
}

impl Default for DotOptions {
    /// What `go tool pprof` draws: 80 functions of at least 0.5 %, calls of at least 0.1 %.
    fn default() -> Self {
        Self { title: String::new(), min_node_percent: 0.5, min_edge_percent: 0.1, max_nodes: 80 }
    }
}

/// What was left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// How many functions.
    pub functions: usize,
    /// The sum of what they did themselves, in the unit of the values; saturating.
    pub flat: i64,
    /// How many calls, those from and to the functions left out included.
    pub calls: usize,
}

/// Writes who calls whom: a box for each function, the larger its letters the more it did itself,
/// and an arrow for each pair of caller and callee. A function or call that is several times in a
/// stack counts once. What was left out stands below the title.
///
/// # Errors
/// If `out` fails.
pub fn call_graph(flame: &Flame<'_>, options: &DotOptions, out: &mut impl Write) -> io::Result<Dropped> {
    let calls = Calls::of(flame);
    let whole = flame.whole.max(flame.graph.widths(flame.is_comparison)[0].into());
    let chosen = Chosen::of(&calls, whole, options);
    buffered(out, |out| {
        write_head(out, flame, options, chosen.dropped)?;
        let palette = Palette::of(flame);
        for at in &chosen.functions {
            write_function(out, flame, &palette, *at, &calls.functions[*at])?;
        }
        for call in &chosen.calls {
            write_call(out, flame, call)?;
        }
        out.write_all(b"}\n")
    })?;
    Ok(chosen.dropped)
}

/// How long a name may be, in columns.
const MAX_NAME: usize = 400;

struct Chosen {
    /// Positions, in order of first sight.
    functions: Vec<usize>,
    calls: Vec<Call>,
    dropped: Dropped,
}

impl Chosen {
    fn of(calls: &Calls<'_>, whole: i128, options: &DotOptions) -> Self {
        let least = |percent: f64| whole as f64 * percent / 100.0;
        let [least_function, least_call] = [options.min_node_percent, options.min_edge_percent].map(least);
        let is_enough = |size: i64, least: f64| size as f64 >= least || least.is_nan();
        let mut functions: Vec<usize> = (0..calls.functions.len()).collect();
        functions.retain(|at| is_enough(calls.functions[*at].size, least_function));
        functions.sort_by_key(|at| std::cmp::Reverse(calls.functions[*at].size));
        functions.truncate(options.max_nodes);
        functions.sort_unstable();
        let is_chosen = |at: usize| functions.binary_search(&at).is_ok();
        let mut dropped = Dropped::default();
        for (_, function) in calls.functions.iter().enumerate().filter(|(at, _)| !is_chosen(*at)) {
            dropped.functions += 1;
            dropped.flat = dropped.flat.saturating_add(function.flat);
        }
        let mut kept = calls.calls.clone();
        kept.retain(|call| {
            is_chosen(call.caller) && is_chosen(call.callee) && is_enough(call.size, least_call)
        });
        dropped.calls = calls.calls.len() - kept.len();
        Self { functions, calls: kept, dropped }
    }
}

fn write_head(
    out: &mut impl Write,
    flame: &Flame<'_>,
    options: &DotOptions,
    dropped: Dropped,
) -> io::Result<()> {
    let human = |value: i64| Human::new(value, &flame.value_type.unit);
    let mut label = format!("{}: {}", flame.value_type.name, flame.sum());
    if !options.title.is_empty() {
        let title: Vec<String> = options.title.lines().map(|line| words::fitting(line, MAX_NAME)).collect();
        label = format!("{}\n{label}", title.join("\n"));
    }
    if dropped != Dropped::default() {
        let Dropped { functions, flat, calls } = dropped;
        label +=
            &format!("\nnot shown: {functions} functions that did {} themselves, {calls} calls", human(flat));
    }
    write!(
        out,
        "digraph calls {{\nlabel=\"{}\"; labelloc=t; labeljust=l; fontname=\"sans-serif\";\n\
         node [shape=box, style=filled, fontname=\"sans-serif\"];\nedge [fontname=\"sans-serif\", fontsize=10];\n",
        quoted(&label),
    )
}

fn write_function<'a>(
    out: &mut impl Write,
    flame: &Flame<'a>,
    palette: &Palette<'a>,
    at: usize,
    function: &Function<'a>,
) -> io::Result<()> {
    let human = |value: i64| Human::new(value, &flame.value_type.unit).to_string();
    let percent = |part: i64| Percent::new(part, flame.whole);
    let name = function.name.to_string();
    // Graphviz takes no text of more than 16,384 bytes.
    let shown = words::fitting(&name, MAX_NAME);
    let mut label = format!("{shown}\n{} ({})", human(function.flat), percent(function.flat));
    if function.cumulative != function.flat {
        label += &format!("\nof {} ({})", human(function.cumulative), percent(function.cumulative));
    }
    let color = if flame.is_comparison {
        let scaled = if flame.scale.is_some() { "scaled change" } else { "change" };
        label += &format!("\n{scaled} {}{}", if function.diff > 0 { "+" } else { "" }, human(function.diff));
        Color::of_sums(function.cumulative, function.diff)
    } else {
        palette.of_name(function.name)
    };
    let size = 10.0 + 26.0 * percent(function.flat).share().abs().sqrt().min(1.0);
    writeln!(out, "n{at} [label=\"{}\", fontsize={size:.0}, fillcolor=\"{}\"];", quoted(&label), color.hsv())
}

fn write_call(out: &mut impl Write, flame: &Flame<'_>, call: &Call) -> io::Result<()> {
    let Call { caller, callee, value, .. } = *call;
    let human = Human::new(value, &flame.value_type.unit).to_string();
    let width = 1.0 + 4.0 * Percent::new(value, flame.whole).share().abs().min(1.0);
    writeln!(out, "n{caller} -> n{callee} [label=\" {}\", penwidth={width:.1}];", quoted(&human))
}

/// A text inside quotes of the language; a backslash would start an escape there.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            c if words::is_unprintable(c) => quoted.push(words::REPLACEMENT),
            c => quoted.push(c),
        }
    }
    quoted
}
