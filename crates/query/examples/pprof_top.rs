//! The functions that the values of a pprof file were spent in, in the order of `go tool pprof -top
//! -nodefraction=0 FILE`, for the sample type that is shown first:
//!
//! ```sh
//! pprof_top FILE        # aligned text
//! pprof_top FILE csv    # exact values
//! ```

use std::{cmp::Reverse, error::Error, fs, io};

use profile_codec::pprof::{self, Limits};
use report_render::{Selection, top};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (file, form) = match &arguments[..] {
        [file] => (file, "text"),
        [file, form] => (file, form.as_str()),
        _ => return Err("expected FILE [text|csv]".into()),
    };
    let profile = pprof::decode(&fs::read(file)?, &Limits::default())?;
    let selection = Selection::preferred(&profile).ok_or("expected a sample type, found none")?;
    let mut table = top::Top::of(&selection, &top::TopOptions::default());
    rank_like_go(&mut table);
    let mut out = io::stdout().lock();
    match form {
        "text" => top::text(&table, &top::TextOptions::default(), &mut out)?,
        "csv" => top::csv(&table, &mut out)?,
        other => return Err(format!("expected the form `text` or `csv`, found `{other}`").into()),
    }
    Ok(())
}

/// Go leaves out what has no value, and sorts by name where ours sorts by cumulative value: see
/// `FlatNameOrder` in <https://github.com/google/pprof/blob/main/internal/graph/graph.go>.
fn rank_like_go(table: &mut top::Top<'_>) {
    table.rows.retain(|row| (row.flat, row.cumulative) != (0, 0));
    table.rows.sort_by_cached_key(|row| {
        let (flat, cumulative) = (row.flat.unsigned_abs(), row.cumulative.unsigned_abs());
        (Reverse(flat), row.name.to_string(), Reverse(cumulative))
    });
}
