use std::io::{self, Write};

use report_render::{Human, names};
use words::{columns, safe};

use super::words::{cells, changed, name, normalised};
use super::{Diff, Row, Sort};

/// How a comparison looks in a terminal.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct TextOptions {
    /// How many functions there are at most.
    pub limit: usize,
    /// Functions whose share is below this on both sides are not shown, in percent.
    pub min_percent: f64,
    /// Columns of the terminal: names are shortened to fit, and where that is not enough only the columns that rank
    /// the rows are there.
    pub width: usize,
    /// What ranks the rows.
    pub sort: Sort,
    /// Increases red, decreases green; nothing is said by colour alone.
    pub color: bool,
}

impl Default for TextOptions {
    fn default() -> Self {
        Self { limit: 20, min_percent: 0.0, width: 120, sort: Sort::Flat, color: false }
    }
}

const HEAD: [&str; 6] = ["flat before", "after", "change", "cum before", "after", "change"];
/// The least room for names; with less some columns go.
const LEAST_NAME: usize = 24;

/// Writes the functions that changed as aligned text.
///
/// # Errors
/// If `out` fails.
pub fn text(diff: &Diff, options: &TextOptions, out: &mut impl Write) -> io::Result<()> {
    let rows: Vec<&Row> = changed(diff, options.min_percent).collect();
    if rows.is_empty() {
        return writeln!(out, "No function changed.");
    }
    let [before, after] = diff.wholes().map(|whole| Human::new(whole, &diff.value_type.unit).to_string());
    writeln!(out, "Changed functions, {}:", normalised(diff))?;
    writeln!(out, "({}: {before} before, {after} after)", safe(&diff.value_type.name))?;
    let shown = &rows[..rows.len().min(options.limit)];
    let table = Table::of(diff, shown, options);
    table.write_line(out, &HEAD.map(str::to_owned), "function", "")?;
    for (row, line) in shown.iter().zip(&table.lines) {
        table.write_line(out, line, &name(row), color(row, options))?;
    }
    let more = rows.len() - shown.len();
    if more > 0 {
        writeln!(out, "({more} more functions changed)")?;
    }
    Ok(())
}

fn color(row: &Row, options: &TextOptions) -> &'static str {
    let change = row.flat.weight();
    let change = if change == 0.0 { row.cumulative.weight() } else { change };
    match change {
        _ if !options.color => "",
        change if change > 0.0 => "\x1b[31m",
        _ => "\x1b[32m",
    }
}

struct Table {
    lines: Vec<[String; 6]>,
    /// The positions of the columns that are shown, with their widths.
    columns: Vec<(usize, usize)>,
    name_width: usize,
}

impl Table {
    fn of(diff: &Diff, rows: &[&Row], options: &TextOptions) -> Self {
        let lines: Vec<[String; 6]> = rows.iter().map(|row| line(diff, row)).collect();
        let width = |at: usize| {
            let cells = lines.iter().map(|line| columns(&line[at]));
            cells.chain([HEAD[at].len()]).max().unwrap_or_default()
        };
        let all: Vec<(usize, usize)> = (0..HEAD.len()).map(|at| (at, width(at))).collect();
        let taken =
            |columns: &[(usize, usize)]| -> usize { columns.iter().map(|(_, width)| width + 2).sum() };
        let ranking = match options.sort {
            Sort::Flat => 0..3,
            Sort::Cumulative => 3..6,
        };
        let fits = taken(&all) + LEAST_NAME <= options.width;
        let columns = if fits { all } else { all[ranking].to_vec() };
        let name_width = options.width.saturating_sub(taken(&columns)).max(4);
        Self { lines, columns, name_width }
    }

    fn write_line(
        &self,
        out: &mut impl Write,
        cells: &[String; 6],
        name: &str,
        color: &str,
    ) -> io::Result<()> {
        out.write_all(color.as_bytes())?;
        for (at, width) in &self.columns {
            write!(out, "{:>pad$}{}  ", "", cells[*at], pad = width - columns(&cells[*at]))?;
        }
        let end = if color.is_empty() { "" } else { "\x1b[0m" };
        writeln!(out, "{}{end}", names::fitting(name, self.name_width))
    }
}

fn line(diff: &Diff, row: &Row) -> [String; 6] {
    let unit = &diff.value_type.unit;
    let [flat_base, flat_compared, flat_change] = cells(&row.flat, unit);
    let [base, compared, change] = cells(&row.cumulative, unit);
    [flat_base, flat_compared, flat_change, base, compared, change]
}
