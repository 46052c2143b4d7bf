use std::io::{self, Write};

use super::write_cut;
use words::columns;

use crate::{
    Cut, Flame, Human, Limits, Order, Percent, describe::Change, names::push_fitting, output::buffered,
    walk::Walk,
};

/// How a call tree looks.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct CallTreeOptions {
    /// Columns of the terminal; names are shortened to fit.
    pub width: usize,
    /// What is left out.
    pub limits: Limits,
    /// How siblings are ordered.
    pub order: Order,
    /// Makes what weighs little dim; nothing is said by colour alone.
    pub color: bool,
}

impl Default for CallTreeOptions {
    /// 100 columns, what is at least half a percent, 64 levels.
    fn default() -> Self {
        let limits = Limits { min_percent: 0.5, max_depth: 64 };
        Self { width: 100, limits, order: Order::Value, color: false }
    }
}

/// Below this share, in percent, a line is dim.
const DIM_BELOW: f64 = 5.0;

/// Writes a tree as one line per node: share, value, own value, and the name, indented by its depth.
///
/// # Errors
/// If `out` fails.
pub fn call_tree(flame: &Flame<'_>, options: &CallTreeOptions, out: &mut impl Write) -> io::Result<Cut> {
    buffered(out, |out| {
        let mut walk = Walk::new(*flame, options.order, options.limits);
        writeln!(out, "{}: {}", words::safe(&flame.value_type.name), flame.sum())?;
        writeln!(out, "{:>8}  {:>9}  {:>9}  call", "cum %", "cum", "flat")?;
        let (mut line, mut name) = (String::new(), String::new());
        for visit in walk.by_ref() {
            let node = visit.node;
            let share = Percent::new(node.cumulative, flame.whole);
            line.clear();
            push_right(&mut line, &share.to_string(), 8);
            for value in [node.cumulative, node.flat] {
                line.push_str("  ");
                push_right(&mut line, &Human::new(value, &flame.value_type.unit).to_string(), 9);
            }
            line.push_str("  ");
            push_indent(&mut line, node.depth, options.width / 3);
            let room = options.width.saturating_sub(columns(&line));
            if flame.is_comparison && node.diff != 0 {
                let change = Change { flame: *flame, node }.to_string();
                let room = room.saturating_sub(columns(&change) + 2);
                push_fitting(&mut line, flame.name(node).text(&mut name), room);
                line.push_str("  ");
                line.push_str(&change);
            } else {
                push_fitting(&mut line, flame.name(node).text(&mut name), room);
            }
            let is_dim = options.color && share.share().abs() * 100.0 < DIM_BELOW;
            let (start, end) = if is_dim { ("\x1b[2m", "\x1b[0m") } else { ("", "") };
            writeln!(out, "{start}{}{end}", line.trim_end())?;
        }
        write_cut(out, flame, walk.cut())?;
        Ok(walk.cut())
    })
}

fn push_right(line: &mut String, text: &str, width: usize) {
    line.extend(std::iter::repeat_n(' ', width.saturating_sub(columns(text))));
    line.push_str(text);
}

/// Two columns for each level, or where they would be more than `most`, the depth as a number.
fn push_indent(line: &mut String, depth: u32, most: usize) {
    let indent = 2 * depth as usize;
    if indent <= most {
        line.extend(std::iter::repeat_n(' ', indent));
        return;
    }
    let depth = format!("[{depth}] ");
    line.extend(std::iter::repeat_n(' ', most.saturating_sub(depth.len())));
    line.push_str(&depth);
}
