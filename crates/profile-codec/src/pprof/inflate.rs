use std::{borrow::Cow, io::Read};

use flate2::bufread::MultiGzDecoder;

use super::DecodeError;

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The bytes as they are, or decompressed if they are gzip, up to a limit.
pub(super) fn inflate(bytes: &[u8], limit: usize) -> Result<Cow<'_, [u8]>, DecodeError> {
    let bytes = match bytes.starts_with(&GZIP_MAGIC) {
        true => Cow::Owned(gunzip(bytes, limit)?),
        false => Cow::Borrowed(bytes),
    };
    if bytes.len() > limit {
        return Err(DecodeError::TooLarge { what: "decoded bytes", limit });
    }
    Ok(bytes)
}

/// Reads one byte past the limit at most, so that a bomb is known before it takes memory.
fn gunzip(bytes: &[u8], limit: usize) -> Result<Vec<u8>, DecodeError> {
    // Profiles shrink to a quarter or less.
    let mut decoded = Vec::with_capacity(bytes.len().saturating_mul(4).min(limit));
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    MultiGzDecoder::new(bytes).take(most).read_to_end(&mut decoded).map_err(DecodeError::Gzip)?;
    Ok(decoded)
}
