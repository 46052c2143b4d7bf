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

/// Ends a program that does not run: help that was asked for goes to stdout (exit 0), words about what was typed wrongly go
/// to stderr (exit 2). `text` is what a parser of arguments made.
pub fn usage(text: &str, is_mistake: bool) -> ExitCode {
    if is_mistake {
        eprint_line(without_odd_tips(text).trim_end());
        return ExitCode::from(2);
    }
    printed(text)
}

/// Ends a program that was asked for a text only: the text goes to stdout (exit 0), or the reason why there is none, which
/// is what was typed, to stderr (exit 2).
pub fn asked(text: Result<impl AsRef<[u8]>, impl Error + 'static>) -> ExitCode {
    match text {
        Ok(text) => printed(text),
        Err(error) => {
            eprint_line(&describe(&error));
            ExitCode::from(2)
        }
    }
}

fn printed(text: impl AsRef<[u8]>) -> ExitCode {
    print(text).map_or_else(|error| fail(&error), |()| ExitCode::SUCCESS)
}

/// Words about a flag that does not exist, without the advice of clap to pass it as a value, which nobody means.
pub fn without_odd_tips(text: &str) -> String {
    let is_odd = |line: &&str| line.trim_start().starts_with("tip: to pass '");
    let mut lines: Vec<&str> = text.lines().filter(|line| !is_odd(line)).collect();
    lines.dedup_by(|a, b| a.is_empty() && b.is_empty());
    lines.join("\n")
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

    #[test]
    fn advice_to_pass_a_flag_as_a_value_is_left_out() {
        let text = "error: unexpected argument '--nope' found\n\n  tip: to pass '--nope' as a value, use '-- --nope'\n\nUsage: a";
        assert_eq!(without_odd_tips(text), "error: unexpected argument '--nope' found\n\nUsage: a");
        let good = "  tip: a similar argument exists: '--ignore'";
        assert_eq!(without_odd_tips(good), good);
    }
}
