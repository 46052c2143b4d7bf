use std::{
    io::{self, Read},
    ops::Range,
};

use memchr::memchr;

use super::options::{ParseErrorKind, ParseOptions};

/// The lines of an input, as pieces of one buffer, so that no line is copied.
pub(super) struct Lines<R> {
    input: R,
    buffer: Vec<u8>,
    /// What of the buffer is read but not yet given.
    ready: Range<usize>,
    is_at_end: bool,
    given: u64,
    max_bytes: u64,
    max_line_bytes: usize,
}

const BUFFER_BYTES: usize = 256 * 1024;

impl<R: Read> Lines<io::Take<R>> {
    pub(super) fn new(input: R, options: &ParseOptions) -> Self {
        Self {
            // One byte more than allowed tells too much from just enough.
            input: input.take(options.max_bytes.saturating_add(1)),
            buffer: vec![0; BUFFER_BYTES],
            ready: 0..0,
            is_at_end: false,
            given: 0,
            max_bytes: options.max_bytes,
            max_line_bytes: options.max_line_bytes,
        }
    }
}

impl<R: Read> Lines<R> {
    /// The next line without its end, or nothing after the last.
    pub(super) fn next(&mut self) -> Result<Option<&[u8]>, ParseErrorKind> {
        let Some((line, next)) = self.find()? else { return Ok(None) };
        self.given += (next - self.ready.start) as u64;
        self.ready.start = next;
        if self.given > self.max_bytes {
            return Err(ParseErrorKind::TooLong(self.max_bytes));
        }
        if line.len() > self.max_line_bytes {
            return Err(ParseErrorKind::LineTooLong(self.max_line_bytes));
        }
        Ok(Some(&self.buffer[line]))
    }

    /// Where the next line is and where the one after it starts.
    fn find(&mut self) -> Result<Option<(Range<usize>, usize)>, ParseErrorKind> {
        let mut searched = 0;
        loop {
            let Range { start, end } = self.ready;
            if let Some(at) = memchr(b'\n', &self.buffer[start + searched..end]) {
                let newline = start + searched + at;
                return Ok(Some((start..newline, newline + 1)));
            }
            if self.is_at_end || end - start > self.max_line_bytes {
                return Ok((start < end).then_some((start..end, end)));
            }
            searched = end - start;
            self.fill().map_err(ParseErrorKind::Read)?;
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        self.buffer.copy_within(self.ready.clone(), 0);
        self.ready = 0..self.ready.len();
        if self.ready.end == self.buffer.len() {
            self.buffer.resize(2 * self.buffer.len(), 0);
        }
        loop {
            match self.input.read(&mut self.buffer[self.ready.end..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
                Ok(read) => {
                    self.is_at_end = read == 0;
                    self.ready.end += read;
                    return Ok(());
                }
            }
        }
    }
}
