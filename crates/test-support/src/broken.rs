//! Streams of a process that cannot be written to, and the end of a process without a log to read.

use std::fs::File;
use std::process::{Child, Stdio};
use std::time::Instant;

use rustix::process::{Pid, Signal, kill_process};

use crate::wait::{LOOK, PATIENCE};

/// What a stream may be that cannot be written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// The reader of the pipe is gone.
    Closed,
    /// The disk is full.
    Full,
}

impl Broken {
    /// For standard output or standard error.
    ///
    /// # Panics
    /// The system makes no pipe, or has no `/dev/full`.
    pub fn stream(self) -> Stdio {
        match self {
            Self::Closed => Stdio::from(std::io::pipe().expect("a pipe can be made").1),
            Self::Full => {
                Stdio::from(File::options().write(true).open("/dev/full").expect("/dev/full can be opened"))
            }
        }
    }
}

/// Asks a process to end.
///
/// # Panics
/// There is no such process.
pub fn terminate(child: &Child) {
    kill_process(Pid::from_child(child), Signal::TERM).expect("the process is there");
}

/// The exit code of a process, waited for on this thread.
///
/// # Panics
/// It does not end within [`PATIENCE`]; it is killed then.
pub fn exit_code(mut child: Child) -> Option<i32> {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if let Some(status) = child.try_wait().expect("a child can be waited for") {
            return status.code();
        }
        std::thread::sleep(LOOK);
    }
    child.kill().expect("a child can be killed");
    panic!("it did not end within {PATIENCE:?}");
}
