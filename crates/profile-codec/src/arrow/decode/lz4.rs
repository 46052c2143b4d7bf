//! The LZ4 frame format, from memory to memory.
//!
//! `lz4_flex` has a reader of frames too. It copies everything twice, and has debug assertions that
//! a hostile frame can break.

use lz4_flex::block::{decompress_into, decompress_into_with_dict};

use super::ArrowError;

const MAGIC: u32 = 0x184d_2204;
const VERSION: u8 = 0b0100_0000;
const VERSION_MASK: u8 = 0b1100_0000;
const INDEPENDENT_BLOCKS: u8 = 0b0010_0000;
const BLOCK_CHECKSUMS: u8 = 0b0001_0000;
const CONTENT_SIZE: u8 = 0b0000_1000;
const DICTIONARY_ID: u8 = 0b0000_0001;
const STORED: u32 = 1 << 31;
/// How far back a block may refer into the blocks before it.
const WINDOW: usize = 64 << 10;
/// One byte of LZ4 stands for at most so many.
const MOST_GAIN: usize = 255;

/// What a frame holds, which must be `len` bytes.
///
/// Checksums are not compared: the transport has its own, and hostile bytes have right ones.
pub(super) fn decompress(frame: &[u8], len: usize) -> Result<Vec<u8>, ArrowError> {
    // Before `len` bytes are taken, because the length comes from outside.
    if len > frame.len().saturating_mul(MOST_GAIN) {
        return Err(ArrowError::Lz4("a buffer is longer than its compressed form can hold"));
    }
    let mut frame = Bytes(frame);
    let flags = read_header(&mut frame)?;
    let mut output = vec![0; len];
    let mut filled = 0;
    while let Some(block) = next_block(&mut frame, flags)? {
        let (done, free) = output.split_at_mut(filled);
        filled += match block {
            Block::Stored(bytes) => copy(bytes, free)?,
            Block::Compressed(bytes) if flags & INDEPENDENT_BLOCKS != 0 => {
                decompress_into(bytes, free).map_err(broken_block)?
            }
            Block::Compressed(bytes) => {
                let window = &done[done.len().saturating_sub(WINDOW)..];
                decompress_into_with_dict(bytes, free, window).map_err(broken_block)?
            }
        };
    }
    if filled != len {
        return Err(ArrowError::Lz4("a buffer is shorter than it says"));
    }
    Ok(output)
}

fn read_header(frame: &mut Bytes<'_>) -> Result<u8, ArrowError> {
    if frame.u32()? != MAGIC {
        return Err(ArrowError::Lz4("a buffer is not a frame"));
    }
    let [flags, _block_size] = frame.array()?;
    if flags & VERSION_MASK != VERSION {
        return Err(ArrowError::Lz4("a frame has an unknown version"));
    }
    if flags & DICTIONARY_ID != 0 {
        return Err(ArrowError::Lz4("a frame needs a dictionary"));
    }
    if flags & CONTENT_SIZE != 0 {
        frame.array::<8>()?;
    }
    let [_checksum] = frame.array()?;
    Ok(flags)
}

enum Block<'a> {
    Stored(&'a [u8]),
    Compressed(&'a [u8]),
}

/// The next block, or nothing at the end mark. A frame may also end without one.
fn next_block<'a>(frame: &mut Bytes<'a>, flags: u8) -> Result<Option<Block<'a>>, ArrowError> {
    if frame.0.is_empty() {
        return Ok(None);
    }
    let size = frame.u32()?;
    if size == 0 {
        return Ok(None);
    }
    let bytes = frame.take((size & !STORED) as usize)?;
    if flags & BLOCK_CHECKSUMS != 0 {
        frame.u32()?;
    }
    Ok(Some(if size & STORED != 0 { Block::Stored(bytes) } else { Block::Compressed(bytes) }))
}

fn copy(bytes: &[u8], free: &mut [u8]) -> Result<usize, ArrowError> {
    let free = free.get_mut(..bytes.len()).ok_or(ArrowError::Lz4("a buffer is longer than it says"))?;
    free.copy_from_slice(bytes);
    Ok(bytes.len())
}

fn broken_block(_: lz4_flex::block::DecompressError) -> ArrowError {
    ArrowError::Lz4("a block is broken, or a buffer longer than it says")
}

/// What is left to be read.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], ArrowError> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or(ArrowError::Lz4("a frame is cut off"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ArrowError> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(ArrowError::Lz4("a frame is cut off"))?;
        self.0 = rest;
        Ok(*taken)
    }

    fn u32(&mut self) -> Result<u32, ArrowError> {
        self.array().map(u32::from_le_bytes)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const HEADER: [u8; 7] = [0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82];

    fn frame(flags: u8, rest: &[&[u8]]) -> Vec<u8> {
        let mut frame = HEADER.to_vec();
        frame[4] = flags;
        frame.extend(rest.iter().copied().flatten());
        frame
    }

    /// A block of a frame, with its size.
    fn block(bytes: &[u8]) -> Vec<u8> {
        let mut block = (bytes.len() as u32).to_le_bytes().to_vec();
        block.extend(bytes);
        block
    }

    fn stored(bytes: &[u8]) -> Vec<u8> {
        let mut block = block(bytes);
        block[3] |= 0x80;
        block
    }

    #[track_caller]
    fn check(frame: &[u8], len: usize, expect: Result<&[u8], &str>) {
        let found = decompress(frame, len).map_err(|error| error.to_string());
        let expect = expect.map(<[u8]>::to_vec).map_err(|error| format!("invalid lz4 data: {error}"));
        assert_eq!(found, expect);
    }

    #[test]
    fn blocks_are_put_together() {
        let end: &[u8] = &[0; 4];
        // `0x20` is a literal of two bytes.
        let literal = block(&[0x20, b'h', b'i']);
        check(&frame(0x60, &[&stored(b"hi"), end]), 2, Ok(b"hi"));
        check(&frame(0x60, &[&literal, end]), 2, Ok(b"hi"));
        check(&frame(0x60, &[&literal, &stored(b"!"), end]), 3, Ok(b"hi!"));
        check(&frame(0x60, &[&literal]), 2, Ok(b"hi"));
        check(&frame(0x60, &[end]), 0, Ok(b""));
        check(&frame(0x70, &[&literal, &[9; 4], end]), 2, Ok(b"hi"));
    }

    #[test]
    fn linked_blocks_refer_to_those_before() {
        // No literal, then a match of 4 bytes from 4 back, then the literals that must end a block.
        let back = block(&[0x00, 4, 0, 0x50, b'1', b'2', b'3', b'4', b'5']);
        check(&frame(0x40, &[&stored(b"abcd"), &back]), 13, Ok(b"abcdabcd12345"));
        let broken = Err("a block is broken, or a buffer longer than it says");
        check(&frame(0x60, &[&stored(b"abcd"), &back]), 13, broken);
    }

    #[test]
    fn broken_frames_are_errors() {
        check(&[], 0, Err("a frame is cut off"));
        check(&[0; 8], 1, Err("a buffer is not a frame"));
        check(&HEADER[..6], 1, Err("a frame is cut off"));
        check(&frame(0x20, &[]), 0, Err("a frame has an unknown version"));
        check(&frame(0x61, &[]), 0, Err("a frame needs a dictionary"));
        check(&frame(0x60, &[&stored(b"hi")[..5]]), 2, Err("a frame is cut off"));
        check(&frame(0x60, &[&stored(b"hi")]), 3, Err("a buffer is shorter than it says"));
        check(&frame(0x60, &[&stored(b"hi")]), 1, Err("a buffer is longer than it says"));
        let never = "a buffer is longer than its compressed form can hold";
        check(&frame(0x60, &[]), usize::MAX, Err(never));
    }

    #[test]
    fn what_the_encoder_writes_is_read() {
        let text: Vec<u8> = (0..200_000u32).flat_map(|at| (at % 1000).to_le_bytes()).collect();
        let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
        std::io::Write::write_all(&mut encoder, &text).unwrap();
        let frame = encoder.finish().unwrap();
        assert!(frame.len() < text.len() / 10);
        assert_eq!(decompress(&frame, text.len()).unwrap(), text);
    }
}
