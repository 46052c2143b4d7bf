use std::io::{self, Write};

use super::words::{cells, changed, name, normalised};
use super::{Diff, Row};
use crate::plain::fitting;

/// How a comparison looks in a terminal.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct TextOptions {
    /// How many functions there are at most.
    pub limit: usize,
    /// Functions whose share is below this on both sides are not shown, in percent.
    pub min_percent: f64,
    /// How long names may be, in columns.
    pub name_width: usize,
    /// Increases red, decreases green; nothing is said by colour alone.
    pub color: bool,
}

impl Default for TextOptions {
    fn default() -> Self {
        Self { limit: 20, min_percent: 0.0, name_width: 120, color: false }
    }
}

const HEAD: [&str; 7] = ["flat before", "after", "change", "cum before", "after", "change", "function"];

/// Writes the functions that changed as aligned text.
///
/// # Errors
/// If `out` fails.
pub fn text(diff: &Diff, options: &TextOptions, out: &mut impl Write) -> io::Result<()> {
    let rows: Vec<&Row> = changed(diff, options.min_percent).collect();
    if rows.is_empty() {
        return writeln!(out, "No function changed.");
    }
    writeln!(out, "Changed functions, {}:", normalised(diff))?;
    let shown = &rows[..rows.len().min(options.limit)];
    let lines: Vec<[String; 7]> = shown.iter().map(|row| line(diff, row, options.name_width)).collect();
    let mut widths: [usize; 6] = std::array::from_fn(|at| HEAD[at].len());
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = cell.chars().count().max(*width);
        }
    }
    write_line(out, &HEAD.map(str::to_owned), &widths, "")?;
    for (row, line) in shown.iter().zip(&lines) {
        let change = row.flat.weight();
        let change = if change == 0.0 { row.cumulative.weight() } else { change };
        let color = match change {
            _ if !options.color => "",
            change if change > 0.0 => "\x1b[31m",
            _ => "\x1b[32m",
        };
        write_line(out, line, &widths, color)?;
    }
    let more = rows.len() - shown.len();
    if more > 0 {
        writeln!(out, "({more} more functions changed)")?;
    }
    Ok(())
}

fn line(diff: &Diff, row: &Row, name_width: usize) -> [String; 7] {
    let unit = &diff.value_type.unit;
    let [flat_base, flat_compared, flat_change] = cells(&row.flat, unit);
    let [base, compared, change] = cells(&row.cumulative, unit);
    [flat_base, flat_compared, flat_change, base, compared, change, fitting(&name(row), name_width)]
}

fn write_line(out: &mut impl Write, cells: &[String; 7], widths: &[usize; 6], color: &str) -> io::Result<()> {
    out.write_all(color.as_bytes())?;
    for (cell, width) in cells.iter().zip(widths) {
        write!(out, "{:>pad$}{cell}  ", "", pad = width - cell.chars().count())?;
    }
    let end = if color.is_empty() { "" } else { "\x1b[0m" };
    writeln!(out, "{}{end}", cells[6])
}
