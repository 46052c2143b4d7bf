//! Chunks, of which a file has one or several: a head of fixed size, then events, each with its size in front.

use super::cursor::Cursor;
use super::error::{CutOff, Fault, JfrError, Result};

/// The events that describe types.
pub(super) const METADATA: u64 = 0;
/// The events that fill constant pools.
pub(super) const CHECKPOINT: u64 = 1;

const MAGIC: &[u8; 4] = b"FLR\0";
const HEAD: usize = 68;

/// A chunk of a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chunk<'a> {
    /// Which one, counted from 1.
    pub(super) number: usize,
    /// From the chunk's first event to its end, or to that of the file.
    pub(super) events: Cursor<'a>,
    /// Where the chunk ends.
    pub(super) end: usize,
    /// When it began, in nanoseconds since 1970.
    pub(super) start_nanos: i64,
    pub(super) duration_nanos: i64,
    pub(super) ticks_per_second: i64,
    state: State,
}

/// An event, as yet unread.
#[derive(Clone, Copy, Debug)]
pub(super) struct Event<'a> {
    pub(super) type_id: u64,
    /// What is behind its size and type, up to its end.
    pub(super) body: Cursor<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Whole,
    CutOff,
    Unfinished,
}

impl<'a> Chunk<'a> {
    /// The chunk that begins here in a file, which must not end here.
    pub(super) fn at(file: &'a [u8], start: usize, number: usize) -> std::result::Result<Self, JfrError> {
        let rest = file.get(start..).unwrap_or_default();
        if !rest.starts_with(&MAGIC[..rest.len().min(MAGIC.len())]) {
            let found = super::hex(&rest[..rest.len().min(8)]);
            return Err(JfrError::Magic { chunk: number, offset: start, found });
        }
        let Some(head) = rest.first_chunk::<HEAD>() else {
            return Err(JfrError::CutOff(CutOff { chunk: number, offset: start, is_unfinished: false }));
        };
        let (major, minor) = (u16::from_be_bytes([head[4], head[5]]), u16::from_be_bytes([head[6], head[7]]));
        if major != 2 {
            return Err(JfrError::Version { chunk: number, major, minor });
        }
        let long = |at: usize| head[at..].first_chunk().map_or(0, |bytes| i64::from_be_bytes(*bytes));
        let broken = |at: usize, expected, found: i64| {
            Fault::broken(start + at, expected, found.to_string()).within(number, "the chunk's head")
        };
        let ticks_per_second = long(56);
        if ticks_per_second <= 0 {
            return Err(broken(56, "more than no ticks per second", ticks_per_second));
        }
        let (end, state) = match (usize::try_from(long(8)), head[64]) {
            (Ok(size @ HEAD..), state) if size <= rest.len() => {
                (start + size, if state == 0 { State::Whole } else { State::Unfinished })
            }
            // The size is written when the chunk is finished.
            (Ok(0), _) => (file.len(), State::Unfinished),
            (Ok(HEAD..), _) => (file.len(), State::CutOff),
            (_, _) => return Err(broken(8, "a size of more than the head's 68 bytes", long(8))),
        };
        let is_compressed = head[67] & 1 == 1;
        Ok(Self {
            number,
            events: Cursor::new(&file[..end], start + HEAD, is_compressed),
            end,
            start_nanos: long(32),
            duration_nanos: long(40),
            ticks_per_second,
            state,
        })
    }

    /// Hands over each event in order.
    ///
    /// # Errors
    /// Those of `each`, or if events do not fill the chunk, which those of one that is not whole need not.
    pub(super) fn each_event(&self, mut each: impl FnMut(Event<'a>) -> Result<()>) -> Result<()> {
        let mut at = self.events;
        while at.remaining() > 0 {
            match next(at) {
                Ok((event, end)) => {
                    each(event)?;
                    at = at.moved_to(end);
                }
                Err(_) if !self.is_whole() => break,
                Err(fault) => return Err(fault),
            }
        }
        Ok(())
    }

    /// How the chunk ends before its end, if it does.
    pub(super) fn cut_off(&self) -> Option<CutOff> {
        if self.is_whole() {
            return None;
        }
        let mut offset = self.events.at();
        let _ = self.each_event(|event| {
            offset = event.body.at() + event.body.remaining();
            Ok(())
        });
        let is_unfinished = self.state == State::Unfinished;
        Some(CutOff { chunk: self.number, offset, is_unfinished })
    }

    pub(super) fn is_whole(&self) -> bool {
        self.state == State::Whole
    }
}

/// The event that begins here, and where it ends.
fn next(at: Cursor<'_>) -> Result<(Event<'_>, usize)> {
    let mut body = at;
    let size = body.number(4)?;
    let fits = usize::try_from(size).ok().filter(|size| *size <= at.remaining());
    let outside = || Fault::broken(at.at(), "the size of an event within the chunk", size.to_string());
    let end = at.at() + fits.ok_or_else(outside)?;
    body = body.up_to(end);
    let type_id = body.long().map_err(|_| outside())?;
    Ok((Event { type_id, body }, end))
}
