//! What was typed, and what it means.

mod check;
mod go;
mod names;
mod typed;

use std::ffi::OsString;

use clap::{CommandFactory, FromArgMatches};
use manual::Manual;

pub(crate) use check::{Config, Limits, Target, VaultConfig};
use names::Names;
pub(crate) use typed::Typed;

/// Why there is nothing to run.
pub(crate) enum Stop {
    /// `--help`, `--version`, `man` or `completions`: text for stdout, exit 0.
    Asked(Vec<u8>),
    /// `probe`: whether one that listens at this address is ready.
    Probe(String),
    /// Mistakes, each a line of its own; exit 2.
    Mistakes(Vec<String>),
}

/// Reads the command line and the environment, every mistake at once, and starts the logs that they
/// ask for.
pub(crate) fn read(args: impl Iterator<Item = OsString>) -> Result<Config, Stop> {
    let mut mistakes = Vec::new();
    let mut words = Vec::new();
    for arg in args {
        match arg.into_string() {
            Ok(word) => words.push(word),
            Err(word) => mistakes.push(format!("expected UTF-8, found {word:?}")),
        }
    }
    let program = if words.is_empty() { "parca-load".to_owned() } else { words.remove(0) };
    let command = Typed::command();
    if words.first().is_some_and(|word| word == "probe") {
        return Err(probe(&words[1..]));
    }
    if let Some(asked) = Manual::asked("parca-load", &words).map_err(|error| stop(&error, &mistakes))? {
        return Err(printed(asked, command));
    }
    let known = known_flags(&command);
    let (words, wrong) = go::normalise(words, &known);
    mistakes.extend(wrong);
    let matches = command
        .try_get_matches_from(std::iter::once(program).chain(words))
        .map_err(|error| stop(&error, &mistakes))?;
    let typed = Typed::from_arg_matches(&matches).map_err(|error| stop(&error, &mistakes))?;
    let names = Names::of(&matches);
    start_logs(&typed, &names, &mut mistakes);
    match check::check(&typed, &names, &mut mistakes) {
        Some(config) if mistakes.is_empty() => Ok(config),
        _ => Err(Stop::Mistakes(mistakes)),
    }
}

/// Here, because only this finds out whether a filter makes sense.
fn start_logs(typed: &Typed, names: &Names, mistakes: &mut Vec<String>) {
    let format = typed.log_format.parse().unwrap_or_else(|words| {
        mistakes.push(format!("{}: {words}", names.name("log-format")));
        ops::LogFormat::default()
    });
    if let Err(error) = ops::init_logs(&typed.log_level, format) {
        mistakes.push(format!("{}: {error}", names.name("log-level")));
    }
}

/// `probe [HOST:PORT]`: by default at the address where a run would listen.
fn probe(words: &[String]) -> Stop {
    match words {
        [] => Stop::Probe(std::env::var("PARCA_LOAD_ADDR").unwrap_or_else(|_| typed::ADDR.to_owned())),
        [address] => Stop::Probe(address.clone()),
        [_, second, ..] => Stop::Mistakes(vec![format!(
            "expected only HOST:PORT after `probe`, found `{}`",
            words::safe(second)
        )]),
    }
}

/// What is printed instead of a run.
fn printed(asked: Manual, command: clap::Command) -> Stop {
    match asked.text(command) {
        Ok(text) => Stop::Asked(text),
        Err(error) => Stop::Mistakes(vec![ops::describe(&error).trim_start_matches("error: ").to_owned()]),
    }
}

fn stop(error: &clap::Error, mistakes: &[String]) -> Stop {
    if error.use_stderr() {
        let text = error.to_string();
        let line = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
        Stop::Mistakes(mistakes.iter().cloned().chain([line]).collect())
    } else {
        Stop::Asked(error.render().to_string().into_bytes())
    }
}

fn known_flags(command: &clap::Command) -> Vec<go::Known> {
    let own = command.get_arguments().filter_map(|arg| {
        let takes_value = arg.get_action().takes_values();
        arg.get_long().map(|long| (long.to_owned(), takes_value))
    });
    own.chain([("help".to_owned(), false), ("version".to_owned(), false)]).collect()
}
