use std::io::{self, Write};

use super::words::{change, changed, name, normalised, relative};
use super::{Diff, Verdict};
use report_render::Human;
use words::safe as plain;

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
            None if verdict.skipped.is_some() => {
                let why = verdict.skipped.as_deref().unwrap_or_default();
                writeln!(out, "- :grey_question: {condition}: {}", escaped(why))?
            }
            None if verdict.is_met() => {
                writeln!(out, "- :white_check_mark: {condition}: no function is beyond it")?
            }
            None => {
                let functions = words::listed(verdict.functions.iter().map(|name| code(name)), 10);
                writeln!(out, "- :x: {condition}: {functions}")?;
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
    let [before, after] = diff.wholes().map(|whole| Human::new(whole, unit).to_string());
    let what = escaped(&plain(&diff.value_type.name));
    writeln!(out, "Changes of {what}, {} ({before} before, {after} after):\n", normalised(diff))?;
    writeln!(out, "| function | flat | flat, relative | cumulative | cumulative, relative |")?;
    writeln!(out, "|---|---:|---:|---:|---:|")?;
    for row in rows.iter().take(limit) {
        let [flat, cumulative] = [&row.flat, &row.cumulative];
        writeln!(
            out,
            "| {} | {} | {} | {} | {} |",
            code(&name(row)),
            change(flat, unit),
            relative(row, flat),
            change(cumulative, unit),
            relative(row, cumulative),
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
