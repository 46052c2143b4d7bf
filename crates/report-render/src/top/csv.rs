use std::io::{self, Write};

use super::{Rest, Top, TopRow};
use crate::{NodeName, output::buffered};

/// Writes the table by RFC 4180: a header, then the rows, lines ended by CRLF. Values are exact; the
/// unit is a column of its own. What the limit left out is a row at the end without a cumulative value, so that
/// `flat` sums up to the total.
///
/// Names are data and stay as they are: one that starts with `=`, `+`, `-` or `@` is a formula to
/// spreadsheets, which should read the column as text.
///
/// # Errors
/// If `out` fails.
pub fn csv(top: &Top<'_>, out: &mut impl Write) -> io::Result<()> {
    buffered(out, |out| {
        let changes = if top.is_comparison { ",flat_diff,cumulative_diff" } else { "" };
        write!(out, "name,file,mapping,unit,flat,cumulative{changes}\r\n")?;
        let mut buffer = String::new();
        for row in &top.rows {
            write_row(out, top, row, &mut buffer)?;
        }
        let Rest { functions, flat, flat_diff } = top.rest;
        if functions > 0 {
            write_sum(out, top, &format!("({functions} more functions)"), flat, flat_diff)?;
        }
        Ok(())
    })
}

fn write_row(out: &mut impl Write, top: &Top<'_>, row: &TopRow<'_>, buffer: &mut String) -> io::Result<()> {
    let name = NodeName::Frame(row.name).text(buffer);
    for text in [name, row.file, row.mapping, &top.value_type.unit] {
        write_field(out, text)?;
        out.write_all(b",")?;
    }
    write!(out, "{},{}", row.flat, row.cumulative)?;
    if top.is_comparison {
        write!(out, ",{},{}", row.flat_diff, row.cumulative_diff)?;
    }
    out.write_all(b"\r\n")
}

/// Writes a row that is no function.
fn write_sum(out: &mut impl Write, top: &Top<'_>, name: &str, flat: i64, flat_diff: i64) -> io::Result<()> {
    write!(out, "{name},,,")?;
    write_field(out, &top.value_type.unit)?;
    write!(out, ",{flat},")?;
    if top.is_comparison {
        write!(out, ",{flat_diff},")?;
    }
    out.write_all(b"\r\n")
}

fn write_field(out: &mut impl Write, text: &str) -> io::Result<()> {
    if !text.contains(['"', ',', '\r', '\n']) {
        return out.write_all(text.as_bytes());
    }
    write!(out, "\"{}\"", text.replace('"', "\"\""))
}
