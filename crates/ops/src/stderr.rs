//! Stderr as a daemon may use it: writing never fails, never waits long, and never ends a task.
//!
//! A log whose disk is full, whose reader is gone or has stopped reading must not change what the
//! program does. `eprintln!` panics on the first two and waits for ever on the third.
//!
//! One lock is around all of it, so that log lines and a live table do not write into each other.

use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

/// How long a reader that has stopped reading is waited for, once.
#[cfg(unix)]
const PATIENCE: rustix::time::Timespec = rustix::time::Timespec { tv_sec: 1, tv_nsec: 0 };
/// What a pipe takes without waiting if it says that it takes anything (POSIX' `PIPE_BUF`).
const PIECE: usize = 4096;

/// What was written so far, as far as later lines depend on it.
#[derive(Debug)]
struct State {
    /// Lines that could not be written.
    lost: u64,
    /// Whether the reader had stopped reading the last time.
    stuck: bool,
    /// Lines at the bottom of a terminal, drawn again below whatever else is written.
    footer: Vec<String>,
}

static STATE: Mutex<State> = Mutex::new(State { lost: 0, stuck: false, footer: Vec::new() });

/// Writes one line to stderr. A closed or full stderr is ignored.
pub fn eprint_line(line: &str) {
    write(format!("{line}\n").as_bytes());
}

/// Draws lines at the bottom of the terminal that stderr is, in the place of those drawn before. Other
/// lines, such as those of the log, appear above them from now on.
pub fn draw_footer(lines: Vec<String>) {
    let mut state = STATE.lock().unwrap_or_else(PoisonError::into_inner);
    let frame = erased(&state.footer) + &drawn(&lines);
    state.footer = lines;
    let _gone = try_write(&mut io::stderr().lock(), frame.as_bytes(), &mut state.stuck);
}

/// Leaves the lines of [`draw_footer`] as they are: what is written now comes below them.
pub fn end_footer() {
    STATE.lock().unwrap_or_else(PoisonError::into_inner).footer.clear();
}

/// Writes whole lines, or counts them as lost; the count is written when there is room again.
fn write(text: &[u8]) {
    let mut state = STATE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut out = io::stderr().lock();
    if state.lost > 0 {
        let words = format!("{} lines before this one could not be written here\n", state.lost);
        if try_write(&mut out, words.as_bytes(), &mut state.stuck) {
            state.lost = 0;
        }
    }
    let framed: Vec<u8>;
    let text = if state.footer.is_empty() {
        text
    } else {
        framed = [erased(&state.footer).as_bytes(), text, drawn(&state.footer).as_bytes()].concat();
        &framed
    };
    if state.lost > 0 || !try_write(&mut out, text, &mut state.stuck) {
        state.lost += 1;
    }
}

fn drawn(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// The way back to where the lines begin. On a terminal that was made narrower, they take more rows now.
fn erased(lines: &[String]) -> String {
    let width = crate::terminal::stderr_width().unwrap_or(usize::MAX).max(1);
    let rows: usize = lines.iter().map(|line| words::columns(line).div_ceil(width).max(1)).sum();
    if rows == 0 { String::new() } else { format!("\x1b[{rows}A\r\x1b[J") }
}

/// False if not all of it was written.
fn try_write(out: &mut impl Write, text: &[u8], stuck: &mut bool) -> bool {
    text.chunks(PIECE).all(|piece| takes_more(stuck) && out.write_all(piece).is_ok())
}

/// Whether stderr takes a piece now, or soon; a reader that was waited for in vain gets no second chance
/// until it reads.
#[cfg(unix)]
fn takes_more(stuck: &mut bool) -> bool {
    use rustix::event::{PollFd, PollFlags, poll};

    let stderr = io::stderr();
    let patience = if *stuck { rustix::time::Timespec::default() } else { PATIENCE };
    let mut polled = [PollFd::new(&stderr, PollFlags::OUT)];
    // A descriptor that cannot be polled is one that a write does not wait for.
    *stuck = matches!(poll(&mut polled, Some(&patience)), Ok(0));
    !*stuck
}

#[cfg(not(unix))]
fn takes_more(_: &mut bool) -> bool {
    true
}

/// Where log lines go: [`write`], one event at a time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LogWriter;

impl Write for LogWriter {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        write(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
