//! How wide the terminals are that we write to.

use std::io;

/// The columns of the terminal that stdout is; `None` if it is none.
pub fn stdout_width() -> Option<usize> {
    terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| usize::from(width.0))
}

/// The columns of the terminal that stderr is; `None` if it is none.
pub fn stderr_width() -> Option<usize> {
    terminal_size::terminal_size_of(io::stderr()).map(|(width, _)| usize::from(width.0))
}
