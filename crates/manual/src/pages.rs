//! Pages in roff.

use std::path::Path;

use clap::Command;
use clap_mangen::Man;

use crate::ManualError;

/// The page of the program, or that of one of its commands.
pub(crate) fn one(mut program: Command, name: Option<&str>) -> Result<Vec<u8>, ManualError> {
    program.build();
    let page = match name {
        None => program,
        Some(name) => match program.get_subcommands().find(|known| known.get_name() == name) {
            Some(found) => found.clone(),
            None => return Err(unknown(&program, name)),
        },
    };
    let mut text = Vec::new();
    Man::new(page).render(&mut text).expect("a vector takes whatever is written");
    Ok(text)
}

/// A file for the program and for each of its commands, but for clap's own `help`.
pub(crate) fn all(mut program: Command, folder: &Path) -> Result<(), ManualError> {
    program = program.disable_help_subcommand(true);
    program.build();
    let pages = std::iter::once(&program).chain(program.get_subcommands().filter(|one| !one.is_hide_set()));
    let written = std::fs::create_dir_all(folder)
        .and_then(|()| pages.cloned().try_for_each(|page| Man::new(page).generate_to(folder).map(drop)));
    written.map_err(|source| ManualError::Folder { folder: folder.to_owned(), source })
}

fn unknown(program: &Command, name: &str) -> ManualError {
    let known: Vec<_> =
        program.get_subcommands().filter(|one| !one.is_hide_set()).map(Command::get_name).collect();
    let (known, found) = (known.join(", "), words::safe(name).to_string());
    ManualError::UnknownCommand { program: program.get_name().to_owned(), known, found }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn program() -> Command {
        let push = Command::new("push").about("Push files").arg(clap::Arg::new("fast").long("fast"));
        let inner = Command::new("inner").hide(true);
        Command::new("tool").about("A tool").subcommand(push).subcommand(inner)
    }

    #[test]
    fn a_page_is_named_by_program_and_command() {
        let check = |name, expect: &[&str]| {
            let page = String::from_utf8(one(program(), name).unwrap()).unwrap();
            expect.iter().for_each(|words| assert!(page.contains(words), "{words} in {page}"));
        };
        check(None, &["tool \\- A tool", "tool\\-push"]);
        check(Some("push"), &["tool\\-push \\- Push files", "\\-\\-fast"]);
    }

    #[test]
    fn a_command_that_is_not_there_is_named_safely() {
        let error = one(program(), Some("pu\u{1b}sh")).unwrap_err().to_string();
        assert!(error.starts_with("expected a command of `tool` (push, help), found `pu"), "{error}");
        assert!(!error.contains('\u{1b}'), "{error}");
    }

    #[test]
    fn a_folder_has_a_page_for_everything_that_is_not_hidden() {
        let folder = tempfile::tempdir().unwrap();
        all(program(), &folder.path().join("new")).unwrap();
        let mut names: Vec<_> = std::fs::read_dir(folder.path().join("new"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, ["tool-push.1", "tool.1"]);
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_an_error() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = all(program(), &file.path().join("below")).unwrap_err();
        assert!(error.to_string().starts_with("cannot write man pages into"), "{error}");
    }
}
