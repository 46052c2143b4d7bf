use std::io::{self, Write};

use profile_model::NodeId;

use super::write_cut;
use crate::{
    Cut, Flame, Limits, Order,
    color::Palette,
    names,
    output::buffered,
    walk::{Visit, Walk},
};

/// How a flame graph looks in a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FlameTextOptions {
    /// Columns of the terminal.
    pub width: usize,
    /// How many levels below the root are shown.
    pub max_depth: u32,
    /// How siblings are ordered.
    pub order: Order,
    /// Gives frames a background, by name or by change; they are told apart without it, too.
    pub color: bool,
}

impl Default for FlameTextOptions {
    fn default() -> Self {
        Self { width: 100, max_depth: 64, order: Order::Value, color: false }
    }
}

/// Draws a tree, the root in the first line, each frame between bars; before the name a `-` if its value is below
/// 0, and in a comparison the sign of its change. Frames are as wide as what they stand for is large, signs aside. What is narrower than a column is left out.
///
/// # Errors
/// If `out` fails.
pub fn flame_graph(flame: &Flame<'_>, options: &FlameTextOptions, out: &mut impl Write) -> io::Result<Cut> {
    let width = options.width.max(1);
    let limits = Limits { min_percent: 50.0 / width as f64, max_depth: options.max_depth };
    let mut walk = Walk::of_drawn(*flame, options.order, limits);
    let whole = walk.width();
    let mut boxes = Vec::new();
    let mut cut = Cut::default();
    for visit in walk.by_ref() {
        let place = Place::of(&visit, whole, width);
        if place.start < place.end {
            boxes.push((visit, place));
        } else {
            cut.nodes += 1;
        }
    }
    boxes.sort_by_key(|(visit, place)| (visit.node.depth, place.start));
    cut.nodes += walk.cut().nodes;
    cut.value = walk.cut().value;
    buffered(out, |out| {
        writeln!(out, "{}", flame.sum())?;
        let mut line = String::new();
        let palette = options.color.then(|| Palette::of(flame));
        for level in boxes.chunk_by(|(a, _), (b, _)| a.node.depth == b.node.depth) {
            line.clear();
            push_level(&mut line, flame, palette.as_ref(), level);
            writeln!(out, "{}", line.trim_end())?;
        }
        write_cut(out, flame, cut)
    })?;
    Ok(cut)
}

/// The columns of a frame.
#[derive(Clone, Copy)]
struct Place {
    start: usize,
    end: usize,
}

impl Place {
    fn of(visit: &Visit<'_>, whole: i64, width: usize) -> Self {
        let column =
            |at: i64| (at as f64 / whole.max(1) as f64 * width as f64).round().clamp(0.0, width as f64);
        let end = visit.start.saturating_add(visit.width);
        if visit.id == NodeId::ROOT {
            return Self { start: 0, end: width };
        }
        Self { start: column(visit.start) as usize, end: column(end) as usize }
    }
}

fn push_level<'a>(
    line: &mut String,
    flame: &Flame<'a>,
    palette: Option<&Palette<'a>>,
    level: &[(Visit<'a>, Place)],
) {
    let (mut at, mut name, mut text) = (0, String::new(), String::new());
    for (visit, place) in level {
        line.extend(std::iter::repeat_n(' ', place.start.saturating_sub(at)));
        let name = flame.name(visit.node).text(&mut name);
        let sign = match visit.node.diff {
            _ if !flame.is_comparison => {
                if visit.node.cumulative < 0 {
                    "-"
                } else {
                    ""
                }
            }
            0 => "=",
            1.. => "+",
            _ => "-",
        };
        text.clear();
        text.push('|');
        text.push_str(sign);
        let width = place.end - place.start;
        let room = width.saturating_sub(words::columns(&text));
        names::push_fitting(&mut text, name, room);
        let colored = palette.map(|palette| palette.color(flame, visit.node, visit.id).ansi());
        if let Some(number) = colored {
            line.push_str(&format!("\x1b[30;48;5;{number}m"));
        }
        let taken = words::push_fitting(line, &text, width);
        line.extend(std::iter::repeat_n(' ', width - taken));
        if colored.is_some() {
            line.push_str("\x1b[0m");
        }
        at = place.end;
    }
}
