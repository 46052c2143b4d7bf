//! Words such as `-2h`, which are times and no flags.
//!
//! clap can take words with a hyphen as positionals, but then takes every later flag for one, too; so
//! they are marked before it sees them.

use std::ffi::OsString;

use clap::{Arg, Command};

const MARK: char = '\u{1}';

/// Marks words of a hyphen and a digit. No flag looks like that.
pub(super) fn mark(word: OsString) -> OsString {
    let is_time = word
        .to_str()
        .and_then(|text| text.strip_prefix('-'))
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    if !is_time {
        return word;
    }
    let mut marked = OsString::from(MARK.to_string());
    marked.push(word);
    marked
}

/// The command line's description with every text that it takes unmarked, so that no command gets a mark.
pub(super) fn unmarking(command: Command) -> Command {
    let is_text = |arg: &Arg| {
        arg.get_action().takes_values()
            && arg.get_value_parser().type_id() == std::any::TypeId::of::<String>()
    };
    command
        .mut_args(|arg| if is_text(&arg) { arg.value_parser(unmarked) } else { arg })
        .mut_subcommands(unmarking)
}

/// The word as it was typed: a value parser.
fn unmarked(word: &str) -> Result<String, std::convert::Infallible> {
    Ok(word.strip_prefix(MARK).unwrap_or(word).to_owned())
}

/// A message without marks.
pub(super) fn unmarked_text(text: &str) -> String {
    text.replace(MARK, "")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn times_are_marked_and_flags_are_not() {
        for (word, is_time) in
            [("-2h", true), ("-30", true), ("-n", false), ("--json", false), ("-", false), ("2h", false)]
        {
            let marked = mark(word.into());
            assert_eq!(marked != *word, is_time, "{word}");
            assert_eq!(unmarked(marked.to_str().unwrap()).unwrap(), word);
        }
    }
}
