//! What was typed, and what it means.

mod hyphen;
mod typed;
mod words;

use std::ffi::OsString;

use clap::{CommandFactory, FromArgMatches};

pub(crate) use typed::*;
pub(crate) use words::Words;

/// Why there is nothing to do.
pub(crate) enum Stop {
    /// `--help` or `--version`: text for stdout.
    Asked(String),
    /// A mistake: text for stderr.
    Mistake(String),
}

/// Reads the command line.
pub(crate) fn read(args: impl Iterator<Item = OsString>) -> Result<Typed, Stop> {
    let matches = hyphen::unmarking(Typed::command()).try_get_matches_from(args.map(hyphen::mark));
    matches.and_then(|matches| Typed::from_arg_matches(&matches)).map_err(|error| {
        let text = hyphen::unmarked_text(&error.render().to_string());
        if error.use_stderr() {
            Stop::Mistake(ops::console::without_odd_tips(&text))
        } else {
            Stop::Asked(text)
        }
    })
}

/// The command line's own description, for completions and man pages.
pub(crate) fn command() -> clap::Command {
    Typed::command()
}
