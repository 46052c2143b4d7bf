use std::borrow::Cow;

use super::{DecodeError, Limits};

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The bytes as they are, or decompressed if they are gzip. `expanded` counts what several of them have come to so far,
/// for all of which the limit of decoded bytes is one.
///
/// # Errors
/// The bytes begin as gzip and are none, or exceed what is left.
pub fn unpack<'b>(
    bytes: &'b [u8],
    limits: &Limits,
    expanded: &mut usize,
) -> Result<Cow<'b, [u8]>, DecodeError> {
    let limit = limits.max_decoded_bytes;
    let left = limit.saturating_sub(*expanded);
    let bytes = match bytes.starts_with(&GZIP_MAGIC) {
        true => Cow::Owned(gunzip::at_most(left, bytes).map_err(|error| refused(error, limit))?),
        false => Cow::Borrowed(bytes),
    };
    if bytes.len() > left {
        return Err(too_large(limit));
    }
    *expanded += bytes.len();
    Ok(bytes)
}

fn refused(error: gunzip::Error, limit: usize) -> DecodeError {
    match error {
        gunzip::Error::Broken(reason) => DecodeError::Gzip(reason),
        gunzip::Error::TooLarge { .. } => too_large(limit),
        other => DecodeError::Gzip(std::io::Error::other(other)),
    }
}

fn too_large(limit: usize) -> DecodeError {
    DecodeError::TooLarge { what: "decoded bytes", limit }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn several_are_within_one_limit() {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(&[7; 40]).unwrap();
        let packed = packer.finish().unwrap();
        let limits = Limits { max_decoded_bytes: 100, ..Limits::default() };
        let mut expanded = 0;
        let mut take = |bytes: &[u8]| unpack(bytes, &limits, &mut expanded).map(|plain| plain.len()).ok();
        assert_eq!([take(&packed), take(&[1; 21]), take(&packed)], [Some(40), Some(21), None]);
        assert_eq!([take(&[1; 40]), take(&[1; 39]), take(b"")], [None, Some(39), Some(0)]);
        let error = unpack(&packed, &limits, &mut expanded).unwrap_err();
        assert_eq!(error.to_string(), "expected at most 100 decoded bytes");
    }
}
