//! Functions between those who call them and those they call.
//!
//! ```
//! use report_render::{Selection, folded, peek};
//!
//! let profile = folded::parse(&b"main;serve;parse 3\nmain;parse 5\n"[..], &folded::ParseOptions::default())?;
//! let selection = Selection::preferred(&profile).expect("folded stacks have one kind of value");
//! let found = peek::of(&selection, |name| name.contains("parse"));
//! assert_eq!((found[0].name.as_str(), found[0].flat, found[0].callers.len()), ("parse", 8, 2));
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```

use std::io::{self, Write};

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use profile_model::{FlameOptions, NodeId};

use crate::{Flame, Human, NodeName, Percent, Selection, flame, names, output::buffered};

/// A function with its neighbours.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Peeked {
    /// What it is called.
    pub name: String,
    /// What it did itself.
    pub flat: i64,
    /// What it did and had done for it; where it is several times in a stack, that stack counts once.
    pub cumulative: i64,
    /// Who called it, and with how much; the largest first.
    pub callers: Vec<(String, i64)>,
    /// What it called, and with how much; the largest first.
    pub callees: Vec<(String, i64)>,
}

/// How a text of functions looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PeekOptions {
    /// Columns of the terminal; names are shortened to fit.
    pub width: usize,
    /// How many functions are written, and how many neighbours of each.
    pub limit: usize,
}

impl Default for PeekOptions {
    fn default() -> Self {
        Self { width: 100, limit: 20 }
    }
}

#[derive(Default)]
struct Sums<'a> {
    flat: i64,
    cumulative: i64,
    callers: HashMap<NodeName<'a>, i64, RandomState>,
    callees: HashMap<NodeName<'a>, i64, RandomState>,
}

/// The functions whose name is wanted, the largest first.
pub fn of(selection: &Selection<'_>, is_wanted: impl Fn(&str) -> bool) -> Vec<Peeked> {
    let graph = selection.flame_graph(FlameOptions::default());
    of_flame(&selection.flame(&graph), is_wanted)
}

/// As [`of`], of a tree.
pub fn of_flame(flame: &Flame<'_>, is_wanted: impl Fn(&str) -> bool) -> Vec<Peeked> {
    let mut wanted: HashMap<NodeName<'_>, bool, RandomState> = HashMap::default();
    let mut sums: HashMap<NodeName<'_>, Sums<'_>, RandomState> = HashMap::default();
    let mut buffer = String::new();
    for (at, node) in flame.graph.nodes().iter().enumerate().skip(1) {
        let id = NodeId::new(u32::try_from(at).expect("ids of nodes have 32 bits"));
        let name = flame.name(node);
        let above =
            node.parent.filter(|parent| *parent != NodeId::ROOT).map(|parent| flame.graph.node(parent));
        let caller = above.map(|above| flame.name(above)).filter(|name| matches!(name, NodeName::Frame(_)));
        if let Some(caller) = caller.filter(|caller| *caller != name && wanted.get(caller) == Some(&true)) {
            *sums.entry(caller).or_default().callees.entry(name).or_default() += node.cumulative;
        }
        let is_wanted = *wanted.entry(name).or_insert_with(|| {
            let text = name.text(&mut buffer);
            matches!(name, NodeName::Frame(_)) && (is_wanted(text) || is_wanted(&names::readable(text)))
        });
        if !is_wanted {
            continue;
        }
        let entry = sums.entry(name).or_default();
        entry.flat = entry.flat.saturating_add(node.flat);
        if !is_nested(flame, id, name) {
            entry.cumulative = entry.cumulative.saturating_add(node.cumulative);
            if let Some(caller) = caller {
                *entry.callers.entry(caller).or_default() += node.cumulative;
            }
        }
    }
    let mut found: Vec<Peeked> = sums.into_iter().map(|(name, sums)| peeked(name, sums)).collect();
    found.sort_by(|a, b| size(b.cumulative).cmp(&size(a.cumulative)).then_with(|| a.name.cmp(&b.name)));
    found
}

/// Whether a function of this name is above a node.
fn is_nested(flame: &Flame<'_>, id: NodeId, name: NodeName<'_>) -> bool {
    let parent = |id: &NodeId| flame.graph.node(*id).parent;
    std::iter::successors(parent(&id), parent).any(|above| flame.name(flame.graph.node(above)) == name)
}

fn size(value: i64) -> u64 {
    value.unsigned_abs()
}

fn peeked(name: NodeName<'_>, sums: Sums<'_>) -> Peeked {
    let sorted = |of: HashMap<NodeName<'_>, i64, RandomState>| {
        let mut rows: Vec<(String, i64)> = of.into_iter().map(|(name, value)| (shown(name), value)).collect();
        rows.sort_by(|a, b| size(b.1).cmp(&size(a.1)).then_with(|| a.0.cmp(&b.0)));
        rows
    };
    let Sums { flat, cumulative, callers, callees } = sums;
    Peeked { name: shown(name), flat, cumulative, callers: sorted(callers), callees: sorted(callees) }
}

fn shown(name: NodeName<'_>) -> String {
    names::readable(&name.to_string()).into_owned()
}

/// Writes functions with their callers above and their callees below them.
///
/// # Errors
/// If `out` fails.
pub fn text(
    found: &[Peeked],
    selection: &Selection<'_>,
    options: &PeekOptions,
    out: &mut impl Write,
) -> io::Result<()> {
    let (unit, whole) = (&selection.value_type().unit, selection.whole());
    let line = |out: &mut dyn Write, flat: Option<i64>, cumulative: i64, of: i128, name: &str| {
        let human = |value: i64| Human::new(value, unit).to_string();
        let flat = flat.map_or_else(String::new, human);
        let share = Percent::new(cumulative, of).to_string();
        let room = options.width.saturating_sub(34).max(10);
        writeln!(out, "{flat:>10}  {:>10}  {share:>8}  {}", human(cumulative), names::fitting(name, room))
    };
    buffered(out, |out| {
        let sum = flame::sum(selection.total(), whole, unit);
        writeln!(out, "{}: {sum}", words::safe(&selection.value_type().name))?;
        writeln!(out, "{:>10}  {:>10}  {:>8}  function", "flat", "cum", "%")?;
        for one in found.iter().take(options.limit) {
            writeln!(out, "{}", "-".repeat(options.width.min(72)))?;
            // Shares of neighbours are of the function, its own is of the whole.
            let own = i128::from(one.cumulative);
            write_neighbours(out, &one.callers, options.limit, &|out, name, value| {
                line(out, None, value, own, &format!("  {name}"))
            })?;
            line(out, Some(one.flat), one.cumulative, whole, &one.name)?;
            write_neighbours(out, &one.callees, options.limit, &|out, name, value| {
                line(out, None, value, own, &format!("  {name}"))
            })?;
        }
        let more = found.len().saturating_sub(options.limit);
        if more > 0 {
            writeln!(out, "({more} more functions)")?;
        }
        Ok(())
    })
}

type Line<'a> = dyn Fn(&mut dyn Write, &str, i64) -> io::Result<()> + 'a;

fn write_neighbours(
    out: &mut impl Write,
    rows: &[(String, i64)],
    limit: usize,
    line: &Line<'_>,
) -> io::Result<()> {
    for (name, value) in rows.iter().take(limit) {
        line(out, name, *value)?;
    }
    if rows.len() > limit {
        writeln!(out, "{:>34}  ({} more)", "", rows.len() - limit)?;
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::folded;

    #[test]
    fn callers_and_callees_have_their_sums_and_recursion_counts_once() {
        let text = b"main;f;g 4\nmain;f;f;h 6\nother;f 2\nmain 1\n";
        let mut options = folded::ParseOptions::default();
        options.value_type = profile_model::ValueType::new("cpu", "nanoseconds");
        let profile = folded::parse(&text[..], &options).unwrap();
        let selection = Selection::preferred(&profile).unwrap();
        let found = of(&selection, |name| name == "f");
        let row = |name: &str, value| (name.to_owned(), value);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].flat, found[0].cumulative), (2, 12));
        assert_eq!(found[0].callers, [row("main", 10), row("other", 2)]);
        assert_eq!(found[0].callees, [row("h", 6), row("g", 4)]);
        let mut written = Vec::new();
        super::text(&found, &selection, &PeekOptions::default(), &mut written).unwrap();
        let written = String::from_utf8(written).unwrap();
        assert!(written.contains("      2 ns       12 ns    92.3 %  f\n"), "{written}");
        assert!(written.contains("                 10 ns    83.3 %    main\n"), "{written}");
        assert!(written.lines().all(|line| words::columns(line) <= 80), "{written}");
    }
}
