use std::borrow::Cow;

use super::DecodeError;

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The bytes as they are, or decompressed if they are gzip, up to a limit.
pub(super) fn inflate(bytes: &[u8], limit: usize) -> Result<Cow<'_, [u8]>, DecodeError> {
    let bytes = match bytes.starts_with(&GZIP_MAGIC) {
        true => Cow::Owned(gunzip::at_most(limit, bytes).map_err(refused)?),
        false => Cow::Borrowed(bytes),
    };
    if bytes.len() > limit {
        return Err(too_large(limit));
    }
    Ok(bytes)
}

fn refused(error: gunzip::Error) -> DecodeError {
    match error {
        gunzip::Error::Broken(reason) => DecodeError::Gzip(reason),
        gunzip::Error::TooLarge { limit } => too_large(limit),
        other => DecodeError::Gzip(std::io::Error::other(other)),
    }
}

fn too_large(limit: usize) -> DecodeError {
    DecodeError::TooLarge { what: "decoded bytes", limit }
}
