//! Man pages and shell completions of a program, made from the arguments that it takes: two subcommands that a program's
//! own ones are joined with.
//!
//! ```
//! use clap::{CommandFactory, Parser, Subcommand};
//! use manual::Manual;
//!
//! #[derive(Parser)]
//! #[command(name = "tool")]
//! struct Args {
//!     #[command(subcommand)]
//!     command: Command,
//! }
//!
//! #[derive(Subcommand)]
//! enum Command {
//!     /// Do the work
//!     Work,
//!     #[command(flatten)]
//!     Manual(Manual),
//! }
//!
//! let args = Args::parse_from(["tool", "man", "work"]);
//! let Command::Manual(manual) = args.command else { unreachable!("`man` was typed") };
//! let page = manual.text(Args::command()).unwrap();
//! assert!(String::from_utf8(page).unwrap().contains("tool\\-work"));
//! ```
//!
//! This crate reads no arguments by itself, and prints nothing: a program hands over its [`clap::Command`] and writes the
//! text that comes back.

mod error;
mod pages;

use std::path::PathBuf;

use clap::Subcommand;
use clap_complete::Shell;

pub use error::ManualError;

/// The subcommands `completions` and `man`.
#[derive(Clone, Debug, Subcommand)]
pub enum Manual {
    /// Print completions for a shell: bash, elvish, fish, powershell or zsh
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the man page, or that of a command
    Man {
        /// The command
        command: Option<String>,
        /// Write all pages into this folder instead, each as NAME.1
        #[arg(long, value_name = "FOLDER", conflicts_with = "command")]
        into: Option<PathBuf>,
    },
}

impl Manual {
    /// Reads the two subcommands from the words of a program that has no others, such as `["man"]`; nothing where the
    /// words begin otherwise.
    ///
    /// # Errors
    /// Clap's own, whose text says what was expected; help that was asked for is one, too.
    pub fn asked(program: &'static str, words: &[String]) -> Result<Option<Self>, clap::Error> {
        use clap::FromArgMatches;

        if !words.first().is_some_and(|word| Self::has_subcommand(word)) {
            return Ok(None);
        }
        let command = Self::augment_subcommands(clap::Command::new(program));
        let matches =
            command.try_get_matches_from(std::iter::once(program).chain(words.iter().map(String::as_str)))?;
        Self::from_arg_matches(&matches).map(Some)
    }

    /// The text for stdout: a script, a page, or nothing where the pages went into a folder.
    ///
    /// # Errors
    /// The program has no such command, or the folder cannot be written to.
    pub fn text(self, mut command: clap::Command) -> Result<Vec<u8>, ManualError> {
        match self {
            Self::Completions { shell } => {
                let name = command.get_name().to_owned();
                let mut script = Vec::new();
                clap_complete::generate(shell, &mut command, name, &mut script);
                Ok(script)
            }
            Self::Man { into: Some(folder), .. } => pages::all(command, &folder).map(|()| Vec::new()),
            Self::Man { command: name, .. } => pages::one(command, name.as_deref()),
        }
    }
}
