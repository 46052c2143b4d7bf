use std::io::{self, Write};

use words::columns;

use super::Top;
use crate::{Human, NodeName, Percent, flame, names, output::buffered};

/// How a table looks in a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TextOptions {
    /// Columns of the terminal; names are shortened to fit, but not below 10 columns.
    pub width: usize,
}

impl Default for TextOptions {
    fn default() -> Self {
        Self { width: 100 }
    }
}

const LEAST_NAME_WIDTH: usize = 10;

/// Writes the table as aligned text: the values as people read them, shares of the total, names.
///
/// # Errors
/// If `out` fails.
pub fn text(top: &Top<'_>, options: &TextOptions, out: &mut impl Write) -> io::Result<()> {
    let lines = lines(top);
    let mut widths = vec![0; lines[0].cells.len()];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(&line.cells) {
            *width = columns(cell).max(*width);
        }
    }
    let taken: usize = widths.iter().map(|width| width + 2).sum();
    let room = options.width.saturating_sub(taken).max(LEAST_NAME_WIDTH);
    buffered(out, |out| {
        let sum = flame::sum(top.total.into(), top.whole, &top.value_type.unit);
        writeln!(out, "{}: {sum}", words::safe(&top.value_type.name))?;
        for line in &lines {
            for (width, cell) in widths.iter().zip(&line.cells) {
                write!(out, "{:>pad$}{cell}  ", "", pad = width - columns(cell))?;
            }
            writeln!(out, "{}", names::fitting(&line.name, room))?;
        }
        Ok(())
    })
}

struct TextLine {
    cells: Vec<String>,
    name: String,
}

fn lines(top: &Top<'_>) -> Vec<TextLine> {
    let mut header: Vec<String> = ["flat", "flat %", "cum", "cum %"].map(String::from).into();
    if top.is_comparison {
        header.push("flat change".to_owned());
    }
    let mut lines = vec![TextLine { cells: header, name: "function".to_owned() }];
    for row in &top.rows {
        let cells = cells(top, row.flat, Some(row.cumulative), row.flat_diff);
        lines.push(TextLine { cells, name: NodeName::Frame(row.name).to_string() });
    }
    let rest = top.rest;
    if rest.functions > 0 {
        let name = format!("({} more functions)", rest.functions);
        lines.push(TextLine { cells: cells(top, rest.flat, None, rest.flat_diff), name });
    }
    lines
}

fn cells(top: &Top<'_>, flat: i64, cumulative: Option<i64>, change: i64) -> Vec<String> {
    let human = |value: i64| Human::new(value, &top.value_type.unit).to_string();
    let percent = |part: i64| Percent::new(part, top.whole).to_string();
    let mut cells = vec![human(flat), percent(flat)];
    cells.push(cumulative.map(human).unwrap_or_default());
    cells.push(cumulative.map(percent).unwrap_or_default());
    if top.is_comparison {
        cells.push(format!("{}{}", if change > 0 { "+" } else { "" }, human(change)));
    }
    cells
}
