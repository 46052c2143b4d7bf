use std::path::PathBuf;

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManualError {
    /// The program has no command of that name.
    #[error("expected a command of `{program}` ({known}), found `{found}`")]
    UnknownCommand {
        /// The program.
        program: String,
        /// The commands that the program has, separated by commas.
        known: String,
        /// What was typed, made safe to show.
        found: String,
    },
    /// The pages could not be written.
    #[error("cannot write man pages into `{}`", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
}
