//! Compression around a file: gzip, more than once where somebody did so, and in several parts.

use std::borrow::Cow;
use std::io::Read;
use std::ops::Range;

use flate2::bufread::GzDecoder;

use crate::pprof::{DecodeError, Limits};

/// The most layers that are taken off.
const MAX_LAYERS: usize = 3;
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// A file without its compression.
pub(crate) struct Unpacked<'a> {
    pub(crate) bytes: Cow<'a, [u8]>,
    /// How many layers there were.
    pub(crate) layers: usize,
    /// Which of the bytes were compressed together, in the innermost layer.
    pub(crate) parts: Vec<Range<usize>>,
}

/// Takes off compression, up to the limit of decoded bytes in each layer.
pub(crate) fn unpack<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Unpacked<'a>, DecodeError> {
    let all = 0..bytes.len();
    let mut unpacked =
        Unpacked { bytes: Cow::Borrowed(bytes), layers: 0, parts: std::iter::once(all).collect() };
    while unpacked.layers < MAX_LAYERS && unpacked.bytes.starts_with(&GZIP) {
        let (inner, parts) = gunzip(&unpacked.bytes, limits.max_decoded_bytes)?;
        unpacked = Unpacked { bytes: Cow::Owned(inner), layers: unpacked.layers + 1, parts };
    }
    match unpacked.bytes.len() > limits.max_decoded_bytes {
        true => Err(DecodeError::TooLarge { what: "decoded bytes", limit: limits.max_decoded_bytes }),
        false => Ok(unpacked),
    }
}

/// Decompresses member by member. Zeros behind the last are padding.
fn gunzip(bytes: &[u8], limit: usize) -> Result<(Vec<u8>, Vec<Range<usize>>), DecodeError> {
    let (mut inner, mut parts, mut rest) = (Vec::new(), Vec::new(), bytes);
    while rest.iter().any(|byte| *byte != 0) {
        let start = inner.len();
        // One byte more than allowed tells a bomb before it takes memory.
        let most = u64::try_from(limit - start.min(limit)).unwrap_or(u64::MAX).saturating_add(1);
        let mut decoder = GzDecoder::new(rest);
        (&mut decoder).take(most).read_to_end(&mut inner).map_err(DecodeError::Gzip)?;
        if inner.len() > limit {
            return Err(DecodeError::TooLarge { what: "decoded bytes", limit });
        }
        parts.push(start..inner.len());
        rest = decoder.into_inner();
    }
    Ok((inner, parts))
}
