//! Where the summary goes, found out before the run: hours are not lost to a wrong path.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use durable::StdDisk;
use ops::console::{self, PrintError};

/// The file that `-summary-json` names.
pub(crate) enum Json {
    /// Not asked for.
    None,
    /// `-`: data on stdout, the words on stderr then.
    Stdout,
    File(PathBuf),
}

/// Why the JSON cannot be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OutputError {
    #[error("cannot write the summary to `{}`", path.display())]
    Open { path: PathBuf, source: std::io::Error },
    #[error("cannot write the summary")]
    Replace(#[from] durable::DiskError),
    #[error("cannot print the summary")]
    Print(#[from] PrintError),
}

impl Json {
    /// Makes sure that the file can be written, and makes it if it is not there.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, OutputError> {
        let Some(path) = path else { return Ok(Self::None) };
        if path == Path::new("-") {
            return Ok(Self::Stdout);
        }
        let opened = OpenOptions::new().append(true).create(true).open(path);
        opened.map_err(|source| OutputError::Open { path: path.to_owned(), source })?;
        Ok(Self::File(path.to_owned()))
    }

    /// Writes the summary in both forms: first what is for people, so that it is not lost to a full disk.
    pub(crate) fn write(&self, text: &str, json: &str) -> Result<(), OutputError> {
        match self {
            // Data and words do not mix: a script that reads the JSON gets nothing else.
            Self::Stdout => {
                console::print(json)?;
                ops::eprint_line(text.trim_end());
            }
            Self::File(path) => {
                console::print(text)?;
                write_file(path, json)?;
            }
            Self::None => console::print(text)?,
        }
        Ok(())
    }
}

/// Whole or not at all; a pipe or a device cannot be replaced.
fn write_file(path: &Path, json: &str) -> Result<(), OutputError> {
    if fs::metadata(path).is_ok_and(|meta| !meta.is_file()) {
        let written =
            OpenOptions::new().write(true).open(path).and_then(|mut file| file.write_all(json.as_bytes()));
        return written.map_err(|source| OutputError::Open { path: path.to_owned(), source });
    }
    Ok(durable::replace(&StdDisk, path, json.as_bytes())?)
}
