use std::io::{self, Write};

use super::words::{change, changed, name, normalised, relative};
use super::{Diff, Verdict};
use crate::plain::plain;

/// Writes a comparison as GitHub's Markdown, for the summary of a job or a comment: the verdicts, the
/// totals, and the first `limit` functions that changed.
///
/// # Errors
/// If `out` fails.
pub fn markdown(
    diff: &Diff,
    title: &str,
    verdicts: &[Verdict],
    limit: usize,
    out: &mut impl Write,
) -> io::Result<()> {
    writeln!(out, "### {}\n", escaped(&plain(title)))?;
    for verdict in verdicts {
        let condition = code(&verdict.condition);
        match &verdict.unchecked {
            Some(why) => writeln!(out, "- :warning: {condition}: {}", escaped(why))?,
            None if verdict.is_met() => {
                writeln!(out, "- :white_check_mark: {condition}: no function is beyond it")?
            }
            None => {
                let functions: Vec<String> = verdict.functions.iter().take(10).map(|f| code(f)).collect();
                let more = verdict.functions.len().saturating_sub(functions.len());
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                writeln!(out, "- :x: {condition}: {}{more}", functions.join(", "))?;
            }
        }
    }
    if !verdicts.is_empty() {
        writeln!(out)?;
    }
    let unit = &diff.value_type.unit;
    let rows: Vec<_> = changed(diff, 0.0).collect();
    if rows.is_empty() {
        return writeln!(out, "No function changed.");
    }
    writeln!(out, "Changes {}:\n", normalised(diff))?;
    writeln!(out, "| function | flat | flat, relative | cumulative | cumulative, relative |")?;
    writeln!(out, "|---|---:|---:|---:|---:|")?;
    for row in rows.iter().take(limit) {
        let [flat, cumulative] = [&row.flat, &row.cumulative];
        writeln!(
            out,
            "| {} | {} | {} | {} | {} |",
            code(&name(row)),
            change(flat, unit),
            relative(flat),
            change(cumulative, unit),
            relative(cumulative),
        )?;
    }
    if rows.len() > limit {
        writeln!(out, "\n{} more functions changed.", rows.len() - limit)?;
    }
    Ok(())
}

/// As code in a cell of a table, whatever it holds.
fn code(text: &str) -> String {
    format!("`{}`", plain(text).replace('`', "'").replace('|', "\\|"))
}

/// As text, whatever it holds.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '&') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}
