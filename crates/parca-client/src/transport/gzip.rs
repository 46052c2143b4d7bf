use std::io::{self, Write};

use bytes::Bytes;
use flate2::Compression;
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
    gunzip::at_most(limit, message).map(Bytes::from).map_err(|error| match error {
        gunzip::Error::TooLarge { .. } => too_large(limit.saturating_add(1), limit),
        broken => Error::new(Code::Internal, "expected a gzip message").with_source(broken),
    })
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
