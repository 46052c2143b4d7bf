//! Data on stdout, words on stderr.

use std::fs::OpenOptions;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;

use crate::failure::Failure;

/// Data. A reader that is gone, as in `profile-query services prod | head -1`, is no error.
pub(crate) fn data(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    try_data(write).map(drop)
}

/// Data, and whether there is still a reader.
pub(crate) fn try_data(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<bool, Failure> {
    let mut out = BufWriter::new(io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Failure::run(error)),
    }
}

/// Words.
pub(crate) fn words(text: &str) {
    let _gone = writeln!(io::stderr(), "{text}");
}

/// Data in a file.
pub(crate) fn file(
    path: &Path,
    overwrite: bool,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true);
    if overwrite {
        options.create(true).truncate(true)
    } else {
        options.create_new(true)
    };
    let failed = |error: io::Error| {
        let exists = error.kind() == io::ErrorKind::AlreadyExists;
        let failure = Failure::run(format!("cannot write `{}`: {error}", path.display()));
        if exists { failure.hint("--force overwrites it") } else { failure }
    };
    let mut out = BufWriter::new(options.open(path).map_err(failed)?);
    write(&mut out).and_then(|()| out.flush()).map_err(failed)
}

/// Whether stdout is looked at by a person.
pub(crate) fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Columns of the terminal; for files and pipes so many that nothing is shortened.
pub(crate) fn width() -> usize {
    const WHOLE: usize = 4096;
    match terminal_size::terminal_size() {
        Some((columns, _)) if is_terminal() => usize::from(columns.0).max(40),
        _ => WHOLE,
    }
}

/// Whether output is coloured.
pub(crate) fn color(when: &str) -> Result<bool, Failure> {
    match when {
        "auto" => Ok(is_terminal() && std::env::var_os("NO_COLOR").is_none()),
        "always" => Ok(true),
        "never" => Ok(false),
        other => Err(Failure::usage(format!(
            "--color: expected auto, always or never, found `{}`",
            words::safe(other)
        ))),
    }
}

/// Rows as columns, two blanks between them; the last one is not padded.
pub(crate) fn columns(rows: &[Vec<String>], out: &mut dyn Write) -> io::Result<()> {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |at: usize| rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..count).map(|at| width(at).unwrap_or(0)).collect();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', width - cell.chars().count() + 2));
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}
