//! Logs go to stderr; stdout is for data.

use std::io::IsTerminal;
use std::str::FromStr;

use tracing_subscriber::EnvFilter;

use crate::stderr::LogWriter;

/// How a log line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// Words and fields, with colours on a terminal.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

impl FromStr for LogFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            other => Err(format!("expected `text` or `json`, found `{other}`")),
        }
    }
}

/// Why logs cannot be written as asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// A word that is no level; as a filter it would turn all logs off.
    #[error("expected error, warn, info, debug, trace or a filter such as `info,hyper=debug`, found `{0}`")]
    Level(String),
    /// The filter does not parse.
    #[error("expected a filter such as `info,hyper=debug`, found `{filter}`")]
    Filter {
        /// As it was asked for.
        filter: String,
        /// What is wrong with it.
        source: tracing_subscriber::filter::ParseError,
    },
    /// A subscriber is installed already.
    #[error("cannot install the log")]
    Installed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// Installs the process' subscriber and a panic hook that logs. `level` is a level (`info`) or a filter
/// (`info,h2=warn`).
///
/// No log line can stop the program: what cannot be written to stderr is left out.
///
/// # Errors
/// [`LogError`].
pub fn init_logs(level: &str, format: LogFormat) -> Result<(), LogError> {
    let filter = filter(level)?;
    let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    // Its internal errors go through `eprintln!`, which panics the task that logs.
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .log_internal_errors(false)
        .with_writer(LogWriter::default);
    match format {
        LogFormat::Text => builder.with_ansi(colours).try_init(),
        LogFormat::Json => builder.json().try_init(),
    }
    .map_err(LogError::Installed)?;
    crate::panics::log_panics();
    Ok(())
}

fn filter(level: &str) -> Result<EnvFilter, LogError> {
    let is_level = |word: &str| LEVELS.iter().any(|known| known.eq_ignore_ascii_case(word));
    let mut words = level.split(',').map(str::trim).filter(|word| !word.contains(['=', '[']));
    if let Some(word) = words.find(|word| !is_level(word)) {
        return Err(LogError::Level(word.to_owned()));
    }
    EnvFilter::try_new(level).map_err(|source| LogError::Filter { filter: level.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_is_no_level_does_not_turn_all_logs_off() {
        for good in ["info", "WARN", "off", "info,h2=warn", "warn,hyper::client=debug", "[span]=info"] {
            assert!(filter(good).is_ok(), "{good}");
        }
        for bad in ["inof", "foo", "", "info,hyper", "3"] {
            let words = filter(bad).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(words.starts_with("expected error, warn"), "{bad}: {words}");
        }
        assert!(matches!(filter("info,h2=loud"), Err(LogError::Filter { .. })));
    }
}
