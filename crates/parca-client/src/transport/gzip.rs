use std::io::{self, Read, Write};

use bytes::Bytes;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;

use super::frame::too_large;
use crate::{Code, Error};

/// A request, compressed at the speed that pays on a network.
pub(crate) fn compress(message: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(message.len() / 2), Compression::fast());
    encoder.write_all(message)?;
    encoder.finish()
}

/// An answer, of which at most `limit` bytes may come out.
pub(crate) fn decompress(message: &[u8], limit: usize) -> Result<Bytes, Error> {
    let mut plain = Vec::with_capacity(limit.min(message.len().saturating_mul(4)));
    let broken = |error: io::Error| Error::new(Code::Internal, "expected a gzip message").with_source(error);
    MultiGzDecoder::new(message).take(limit as u64 + 1).read_to_end(&mut plain).map_err(broken)?;
    if plain.len() > limit {
        return Err(too_large(plain.len(), limit));
    }
    Ok(plain.into())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn round_trips_within_the_limit_only() {
        let bomb = compress(&vec![0; 1_000_000]).unwrap();
        assert!(bomb.len() < 10_000);
        assert_eq!(decompress(&bomb, 1_000_000).unwrap().len(), 1_000_000);
        assert_eq!(decompress(&bomb, 999_999).unwrap_err().code(), Code::ResourceExhausted);
        assert_eq!(decompress(&bomb[..20], 1_000_000).unwrap_err().code(), Code::Internal);
        assert_eq!(decompress(b"plain", 100).unwrap_err().code(), Code::Internal);
    }
}
