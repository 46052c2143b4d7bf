use std::io::{self, Write};

use super::{Sort, Top, TopRow};
use crate::{
    NodeName,
    output::{buffered, json_string},
};

/// Writes the table as one object: `type`, `unit`, `total` (the sum of all values), `whole` (what shares are of),
/// `sort`, `rows`, and `rest` where a limit left some out. Values are exact.
///
/// # Errors
/// If `out` fails.
pub fn json(top: &Top<'_>, out: &mut impl Write) -> io::Result<()> {
    buffered(out, |out| {
        out.write_all(b"{\"type\":")?;
        json_string(out, &top.value_type.name)?;
        out.write_all(b",\"unit\":")?;
        json_string(out, &top.value_type.unit)?;
        write!(
            out,
            ",\"total\":{},\"whole\":{},\"sort\":\"{}\",\"rows\":[",
            top.total,
            top.whole,
            sort_name(top.sort)
        )?;
        let mut buffer = String::new();
        for (at, row) in top.rows.iter().enumerate() {
            out.write_all(if at > 0 { b"," } else { b"" })?;
            write_row(out, top, row, &mut buffer)?;
        }
        out.write_all(b"]")?;
        if top.rest.functions > 0 {
            write!(out, ",\"rest\":{{\"functions\":{},\"flat\":{}", top.rest.functions, top.rest.flat)?;
            if top.is_comparison {
                write!(out, ",\"flat_diff\":{}", top.rest.flat_diff)?;
            }
            out.write_all(b"}")?;
        }
        out.write_all(b"}")
    })
}

fn sort_name(sort: Sort) -> &'static str {
    match sort {
        Sort::Flat => "flat",
        Sort::Cumulative => "cumulative",
        Sort::FlatChange => "flat_change",
    }
}

fn write_row(out: &mut impl Write, top: &Top<'_>, row: &TopRow<'_>, buffer: &mut String) -> io::Result<()> {
    let name = NodeName::Frame(row.name).text(buffer);
    out.write_all(b"{\"name\":")?;
    json_string(out, name)?;
    let system_name = if row.system_name == name { "" } else { row.system_name };
    for (key, text) in [("system_name", system_name), ("file", row.file), ("mapping", row.mapping)] {
        if !text.is_empty() {
            write!(out, ",\"{key}\":")?;
            json_string(out, text)?;
        }
    }
    write!(out, ",\"flat\":{},\"cumulative\":{}", row.flat, row.cumulative)?;
    if top.is_comparison {
        write!(out, ",\"flat_diff\":{},\"cumulative_diff\":{}", row.flat_diff, row.cumulative_diff)?;
    }
    out.write_all(b"}")
}
