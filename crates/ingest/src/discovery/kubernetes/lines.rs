//! Lines of an answer that has no end.

use std::time::Duration;

use http_config::{Chunks, SendError};

/// The longest line. The API server keeps objects of up to 1.5 MB.
const LONGEST: usize = 8 << 20;

/// Why there is no line.
#[derive(Debug, thiserror::Error)]
pub(super) enum LineError {
    #[error("nothing was said for a while")]
    Silence,
    #[error("{}", words::with_causes(.0))]
    Broken(SendError),
    #[error("expected lines of at most {LONGEST} bytes, found a longer one")]
    TooLong,
}

pub(super) struct Lines {
    chunks: Chunks,
    cut: Cut,
}

impl Lines {
    pub(super) fn new(chunks: Chunks) -> Self {
        Self { chunks, cut: Cut::default() }
    }

    /// The next line, without its end; `None` at the end of the answer. What stands there without an end is a line too: an
    /// answer that breaks off is an error.
    pub(super) async fn next(&mut self, idle: Duration) -> Result<Option<Vec<u8>>, LineError> {
        loop {
            if let Some(line) = self.cut.line() {
                return Ok(Some(line));
            }
            if self.cut.bytes.len() > LONGEST {
                return Err(LineError::TooLong);
            }
            match self.chunks.next(idle).await {
                Ok(Some(chunk)) => self.cut.bytes.extend_from_slice(&chunk),
                Ok(None) => return Ok(self.cut.rest()),
                Err(SendError::Deadline) => return Err(LineError::Silence),
                Err(error) => return Err(LineError::Broken(error)),
            }
        }
    }
}

/// Bytes that are cut into lines.
#[derive(Default)]
struct Cut {
    bytes: Vec<u8>,
    /// The first line that was not given yet begins here.
    start: usize,
    /// Up to here there is no end of it.
    looked: usize,
}

impl Cut {
    /// A whole line that is not empty.
    fn line(&mut self) -> Option<Vec<u8>> {
        while let Some(at) = self.bytes[self.looked..].iter().position(|byte| *byte == b'\n') {
            let end = self.looked + at;
            let line = self.bytes[self.start..end].trim_ascii().to_vec();
            (self.start, self.looked) = (end + 1, end + 1);
            if !line.is_empty() {
                return Some(line);
            }
        }
        // All whole lines are given: what is left moves to the front, once for each chunk.
        self.bytes.drain(..self.start);
        (self.start, self.looked) = (0, self.bytes.len());
        None
    }

    /// What is left after all whole lines, once.
    fn rest(&mut self) -> Option<Vec<u8>> {
        (self.start, self.looked) = (0, 0);
        Some(std::mem::take(&mut self.bytes)).filter(|rest| !rest.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn lines_are_the_same_however_they_come(lines in prop::collection::vec("[a-z ]{0,9}", 0..9), cuts in prop::collection::vec(1_usize..9, 1..9)) {
            let text = lines.iter().map(|line| format!("{line}\n")).collect::<String>() + "half";
            let (mut cut, mut found, mut rest) = (Cut::default(), Vec::new(), text.as_bytes());
            for length in cuts.iter().cycle() {
                let (chunk, more) = rest.split_at((*length).min(rest.len()));
                cut.bytes.extend_from_slice(chunk);
                found.extend(std::iter::from_fn(|| cut.line()));
                rest = more;
                if rest.is_empty() {
                    break;
                }
            }
            let wanted: Vec<&str> = lines.iter().map(|line| line.trim()).filter(|line| !line.is_empty()).collect();
            let found: Vec<&str> = found.iter().map(|line| std::str::from_utf8(line).unwrap_or("-")).collect();
            prop_assert_eq!(found, wanted);
            prop_assert_eq!(cut.rest(), Some(b"half".to_vec()));
            prop_assert_eq!(cut.rest(), None);
        }
    }
}
