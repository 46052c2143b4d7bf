//! Decompresses gzip from strangers into no more bytes than allowed: a small file may hold gigabytes of zeros.
//!
//! ```
//! use std::io::Write;
//!
//! let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
//! packer.write_all(&[0; 1_000_000])?;
//! let bomb = packer.finish()?;
//! assert!(bomb.len() < 10_000);
//! assert_eq!(gunzip::at_most(1_000_000, &bomb)?.len(), 1_000_000);
//! assert!(matches!(gunzip::at_most(999_999, &bomb), Err(gunzip::Error::TooLarge { limit: 999_999 })));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What it does not know: what the bytes are, streams, and other compressions.

use std::io::Read;

use flate2::bufread::MultiGzDecoder;

/// Why bytes were not decompressed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Bytes that are no gzip, or end too early.
    #[error("expected bytes compressed with gzip")]
    Broken(#[source] std::io::Error),
    /// There is more in them than allowed.
    #[error("expected at most {limit} bytes once decompressed, found more")]
    TooLarge {
        /// What is allowed.
        limit: usize,
    },
}

/// All members of a gzip file, one after the other, of at most `limit` bytes together. At most one byte more is ever
/// decompressed, and memory is taken as it is needed.
///
/// # Errors
/// The bytes are no gzip, or hold more.
pub fn at_most(limit: usize, bytes: &[u8]) -> Result<Vec<u8>, Error> {
    // What is sent in earnest grows to about four times its size.
    let mut plain = Vec::with_capacity(bytes.len().saturating_mul(4).min(limit));
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    MultiGzDecoder::new(bytes).take(most).read_to_end(&mut plain).map_err(Error::Broken)?;
    if plain.len() > limit { Err(Error::TooLarge { limit }) } else { Ok(plain) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
        packer.write_all(bytes).unwrap();
        packer.finish().unwrap()
    }

    #[test]
    fn members_follow_each_other_within_one_limit() {
        let two = [packed(b"one "), packed(b"two")].concat();
        assert_eq!(at_most(7, &two).unwrap(), b"one two");
        assert!(matches!(at_most(6, &two), Err(Error::TooLarge { limit: 6 })));
        assert_eq!(at_most(usize::MAX, &packed(b"")).unwrap(), b"");
    }

    #[test]
    fn what_is_no_gzip_is_said_to_be_none() {
        let whole = packed(b"hello");
        for broken in [&b"plain"[..], &whole[..whole.len() - 1], &whole[..4], b""] {
            assert!(matches!(at_most(100, broken), Err(Error::Broken(_))), "{broken:?}");
        }
    }
}
