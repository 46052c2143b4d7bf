use std::io::{self, Write};

use super::{Top, TopRow};
use crate::{NodeName, output::buffered};

/// Writes the table by RFC 4180: a header, then the rows, lines ended by CRLF. Values are exact; the
/// unit is a column of its own. What the limit left out is the last row, without a cumulative value.
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
        if top.rest.functions > 0 {
            write_rest(out, top)?;
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

fn write_rest(out: &mut impl Write, top: &Top<'_>) -> io::Result<()> {
    write!(out, "({} more functions),,,", top.rest.functions)?;
    write_field(out, &top.value_type.unit)?;
    write!(out, ",{},", top.rest.flat)?;
    if top.is_comparison {
        write!(out, ",{},", top.rest.flat_diff)?;
    }
    out.write_all(b"\r\n")
}

fn write_field(out: &mut impl Write, text: &str) -> io::Result<()> {
    if !text.contains(['"', ',', '\r', '\n']) {
        return out.write_all(text.as_bytes());
    }
    write!(out, "\"{}\"", text.replace('"', "\"\""))
}
