use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::{Code, Error};

/// A flag byte and a big-endian length stand before every message.
pub(crate) const PREFIX_BYTES: usize = 5;
const COMPRESSED: u8 = 0x01;
/// gRPC-Web's mark of the frame that holds the trailers as text.
const TRAILERS: u8 = 0x80;
/// Parca's longest messages quote a request's field; this leaves room and bounds what a server can make us hold.
const MAX_TRAILER_BYTES: usize = 256 * 1024;

/// A message with its prefix, ready to be a request body.
pub(crate) fn framed(message: &[u8], compressed: bool) -> Bytes {
    let mut frame = BytesMut::with_capacity(PREFIX_BYTES + message.len());
    frame.put_u8(if compressed { COMPRESSED } else { 0 });
    // A length of 4 GiB and more is refused before: requests are bounded by the message limit.
    frame.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    frame.put_slice(message);
    frame.freeze()
}

/// What a call does with the messages that it receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Counts the bytes and lets them go.
    Nothing,
    /// Returns the message, not decoded.
    Message,
}

/// Takes a body apart into frames, however it is cut into chunks.
pub(crate) struct FrameReader {
    keep: Keep,
    /// The largest message, in bytes.
    limit: usize,
    prefix: [u8; PREFIX_BYTES],
    prefix_filled: usize,
    payload: Option<Payload>,
    messages: usize,
    message: Option<Message>,
    trailers: Option<Message>,
}

/// A complete payload; `compressed` is what its flag says.
#[derive(Debug, PartialEq)]
pub(crate) struct Message {
    pub(crate) bytes: Bytes,
    pub(crate) compressed: bool,
}

struct Payload {
    flags: u8,
    missing: usize,
    kept: Kept,
}

enum Kept {
    Nothing,
    /// No byte yet. If one chunk holds all of the payload, it is kept without a copy.
    Empty {
        length: usize,
    },
    Some(BytesMut),
    Whole(Bytes),
}

impl FrameReader {
    pub(crate) fn new(keep: Keep, limit: usize) -> Self {
        let prefix = [0; PREFIX_BYTES];
        Self {
            keep,
            limit,
            prefix,
            prefix_filled: 0,
            payload: None,
            messages: 0,
            message: None,
            trailers: None,
        }
    }

    /// Takes the next piece of the body.
    pub(crate) fn push(&mut self, mut chunk: Bytes) -> Result<(), Error> {
        loop {
            match &mut self.payload {
                Some(payload) => {
                    payload.take(&mut chunk);
                    if payload.missing > 0 {
                        return Ok(());
                    }
                    self.finish_payload()?;
                }
                None if chunk.is_empty() => return Ok(()),
                None => self.take_prefix(&mut chunk)?,
            }
        }
    }

    /// The frames of a body that has ended: the message, if one was to be kept, and the trailers.
    pub(crate) fn finish(self) -> Result<Frames, Error> {
        if self.prefix_filled > 0 || self.payload.is_some() {
            return Err(Error::new(Code::Internal, "expected a complete frame, found the end of the answer"));
        }
        Ok(Frames { messages: self.messages, message: self.message, trailers: self.trailers })
    }

    fn take_prefix(&mut self, chunk: &mut Bytes) -> Result<(), Error> {
        let wanted = PREFIX_BYTES - self.prefix_filled;
        let count = wanted.min(chunk.len());
        chunk.copy_to_slice(&mut self.prefix[self.prefix_filled..self.prefix_filled + count]);
        self.prefix_filled += count;
        if self.prefix_filled < PREFIX_BYTES {
            return Ok(());
        }
        self.prefix_filled = 0;
        let [flags, length @ ..] = self.prefix;
        self.payload = Some(self.start_payload(flags, u32::from_be_bytes(length) as usize)?);
        Ok(())
    }

    fn start_payload(&self, flags: u8, length: usize) -> Result<Payload, Error> {
        if flags & !(COMPRESSED | TRAILERS) != 0 {
            let hint = "is this the address of a Parca? what answers there does not frame like gRPC";
            let text = format!("expected the flags of a gRPC frame, found {flags:#04x}");
            return Err(Error::new(Code::Internal, text).with_hint(hint));
        }
        if self.trailers.is_some() {
            return Err(Error::new(
                Code::Internal,
                "expected the end of the answer, found a frame after the trailers",
            ));
        }
        let trailers = flags & TRAILERS != 0;
        if !trailers && self.messages > 0 {
            return Err(Error::new(
                Code::Unimplemented,
                "expected one message in the answer, found a second",
            ));
        }
        let limit = if trailers { MAX_TRAILER_BYTES } else { self.limit };
        if length > limit {
            return Err(too_large(length, limit));
        }
        let drop = !trailers && self.keep == Keep::Nothing;
        let kept = if drop { Kept::Nothing } else { Kept::Empty { length } };
        Ok(Payload { flags, missing: length, kept })
    }

    fn finish_payload(&mut self) -> Result<(), Error> {
        let Some(Payload { flags, kept, .. }) = self.payload.take() else { return Ok(()) };
        let compressed = flags & COMPRESSED != 0;
        let message = kept.into_bytes().map(|bytes| Message { bytes, compressed });
        if flags & TRAILERS != 0 {
            self.trailers = message;
        } else {
            self.messages += 1;
            self.message = message;
        }
        Ok(())
    }
}

/// What a whole body held.
#[derive(Debug, PartialEq)]
pub(crate) struct Frames {
    /// How many messages, kept or not.
    pub(crate) messages: usize,
    pub(crate) message: Option<Message>,
    pub(crate) trailers: Option<Message>,
}

impl Payload {
    fn take(&mut self, chunk: &mut Bytes) {
        let count = self.missing.min(chunk.len());
        if count > 0 {
            self.missing -= count;
            self.kept.extend(chunk.split_to(count));
        }
    }
}

impl Kept {
    fn extend(&mut self, part: Bytes) {
        match self {
            Self::Nothing => {}
            Self::Empty { length } if part.len() == *length => *self = Self::Whole(part),
            Self::Empty { length } => {
                // The length is within the limit; pages that never arrive are never touched.
                let mut buffer = BytesMut::with_capacity(*length);
                buffer.extend_from_slice(&part);
                *self = Self::Some(buffer);
            }
            Self::Some(buffer) => buffer.extend_from_slice(&part),
            Self::Whole(_) => debug_assert!(part.is_empty(), "a payload is not extended past its length"),
        }
    }

    fn into_bytes(self) -> Option<Bytes> {
        match self {
            Self::Nothing => None,
            Self::Empty { .. } => Some(Bytes::new()),
            Self::Some(buffer) => Some(buffer.freeze()),
            Self::Whole(bytes) => Some(bytes),
        }
    }
}

pub(crate) fn too_large(length: usize, limit: usize) -> Error {
    let text = format!("expected a message of at most {limit} bytes, found {length}");
    Error::new(Code::ResourceExhausted, text)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMIT: usize = 1000;

    fn read(body: &[u8], cuts: &[usize], keep: Keep) -> Result<Frames, Error> {
        let mut reader = FrameReader::new(keep, LIMIT);
        let mut rest = Bytes::copy_from_slice(body);
        for cut in cuts {
            reader.push(rest.split_to((*cut).min(rest.len())))?;
        }
        reader.push(rest)?;
        reader.finish()
    }

    fn body(message: &[u8], trailers: &[u8]) -> Vec<u8> {
        let mut body = framed(message, false).to_vec();
        let frame = framed(trailers, false);
        body.push(TRAILERS);
        body.extend_from_slice(&frame[1..]);
        body
    }

    #[test]
    fn broken_bodies_are_refused() {
        let check = |body: &[u8], expect: Code| {
            let error = read(body, &[], Keep::Message).unwrap_err();
            assert_eq!(error.code(), expect, "{body:?}: {error}");
        };
        check(&[0], Code::Internal);
        check(&[0, 0, 0, 0, 1], Code::Internal);
        check(b"<html>", Code::Internal);
        check(&[0, 0, 0, 3, 0xe9], Code::ResourceExhausted);
        check(&[0, 0xff, 0xff, 0xff, 0xff], Code::ResourceExhausted);
        check(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0], Code::Unimplemented);
        check(&[0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0], Code::Internal);
        check(&[0x80, 0, 0x10, 0, 0], Code::ResourceExhausted);
    }

    #[test]
    fn nothing_kept_is_still_counted() {
        let frames = read(&body(b"abc", b"t"), &[], Keep::Nothing).unwrap();
        assert_eq!((frames.messages, frames.message), (1, None));
        assert_eq!(frames.trailers.unwrap().bytes, "t");
    }

    proptest! {
        #[test]
        fn any_chunking_gives_the_same_frames(
            message in prop::collection::vec(any::<u8>(), 0..60),
            trailers in prop::collection::vec(any::<u8>(), 0..20),
            cuts in prop::collection::vec(0_usize..20, 0..20),
        ) {
            let body = body(&message, &trailers);
            let frames = read(&body, &cuts, Keep::Message).unwrap();
            prop_assert_eq!(&frames, &read(&body, &[], Keep::Message).unwrap());
            prop_assert_eq!(&frames.message.unwrap().bytes, &message);
            prop_assert_eq!(&frames.trailers.unwrap().bytes, &trailers);
        }

        #[test]
        fn arbitrary_bytes_never_panic(
            body in prop::collection::vec(any::<u8>(), 0..60),
            cuts in prop::collection::vec(0_usize..20, 0..20),
        ) {
            let whole = read(&body, &[], Keep::Message).map_err(|e| e.code());
            prop_assert_eq!(read(&body, &cuts, Keep::Message).map_err(|e| e.code()), whole);
        }
    }
}
