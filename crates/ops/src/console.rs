//! Data to stdout, the reason of an end to stderr, and the exit code that belongs to it.

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

pub use crate::terminal::{stderr_width, stdout_width};
use crate::{describe, eprint_line};

/// Why data could not be written to stdout.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrintError {
    /// The reader is gone, as in `| head -1`: no mistake of anybody.
    #[error("nobody reads stdout any more")]
    Closed,
    /// The system's reason, such as a full disk.
    #[error("cannot write to stdout")]
    Failed(#[source] io::Error),
}

impl From<io::Error> for PrintError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::Closed,
            _ => Self::Failed(error),
        }
    }
}

/// Writes data to stdout, all of it or an error.
///
/// # Errors
/// [`PrintError`]; give it to [`fail`], which is quiet where it has to be.
pub fn print(data: impl AsRef<[u8]>) -> Result<(), PrintError> {
    let mut out = io::stdout().lock();
    out.write_all(data.as_ref())?;
    out.flush()?;
    Ok(())
}

/// Says on stderr why the program ends, and gives its exit code: 1, or 0 without a word where the
/// reader of stdout had seen enough.
pub fn fail(error: &(dyn Error + 'static)) -> ExitCode {
    if is_closed_stdout(error) {
        return ExitCode::SUCCESS;
    }
    eprint_line(&describe(error));
    ExitCode::FAILURE
}

/// Whether a [`PrintError::Closed`] is among the causes.
pub fn is_closed_stdout(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(cause) = next {
        if matches!(cause.downcast_ref(), Some(PrintError::Closed)) {
            return true;
        }
        next = cause.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot show the windows")]
    struct Outer(#[source] PrintError);

    #[test]
    fn a_reader_that_has_gone_is_no_failure_and_a_full_disk_is_one() {
        let outer = |kind: io::ErrorKind| Outer(PrintError::from(io::Error::from(kind)));
        assert!(is_closed_stdout(&outer(io::ErrorKind::BrokenPipe)));
        assert!(!is_closed_stdout(&outer(io::ErrorKind::StorageFull)));
        assert_eq!(
            describe(&outer(io::ErrorKind::StorageFull)),
            "error: cannot show the windows: cannot write to stdout: no storage space"
        );
    }
}
