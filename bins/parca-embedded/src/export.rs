//! `export`: pprof out of a data folder.

use std::process::ExitCode;
use std::time::SystemTime;

use durable::StdDisk;
use ops::{Hint, console, eprint_line};
use profile_model::{TimeRange, Timestamp};
use profile_store::Span;

use crate::Failure;
use crate::args::Export;

/// Writes what was asked for; exit code 1 where nothing was found.
pub(crate) fn run(export: &Export) -> Result<ExitCode, Failure> {
    crate::check::warn_if_in_use(&export.dir)?;
    let view = profile_store::open_read_only(&StdDisk::shared(), &export.dir)?;
    let Some(query) = &export.query else {
        let types = view.profile_types(Span::ALL)?;
        let lines: String = types.iter().map(|of| format!("{of}\n")).collect();
        console::print(lines)?;
        return Ok(if types.is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS });
    };
    let start = time(export.start.as_deref(), Timestamp::new(i64::MIN / 4, 0))?;
    let end = time(export.end.as_deref(), Timestamp::new(i64::MAX / 4, 0))?;
    let found = parca_embedded::pprof_of(&view, query, TimeRange::new(start, end)).map_err(|words| {
        Hint::new(words, "without a query, `export DIR` lists the profile types that are there")
    })?;
    let Some(bytes) = found else {
        eprint_line("error: no profile of this query in this span");
        return Ok(ExitCode::FAILURE);
    };
    match &export.output {
        Some(path) => std::fs::write(path, bytes)
            .map_err(|error| format!("cannot write `{}`: {error}", path.display()))?,
        None => console::print(bytes)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn time(text: Option<&str>, otherwise: Timestamp) -> Result<Timestamp, Failure> {
    let Some(text) = text else { return Ok(otherwise) };
    Ok(timespec::parse_point(text, SystemTime::now())?.into())
}
