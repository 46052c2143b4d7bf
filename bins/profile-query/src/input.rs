//! What files and stdin hold, up to a limit.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// The most of a profile's file that is read.
pub(crate) const MAX_PROFILE_BYTES: u64 = 256 << 20;

/// What is in a file.
pub(crate) fn file(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    // A pipe has no length. With room for the byte that tells the end.
    let length = file.metadata()?.len().min(limit) as usize + 1;
    read(file, Vec::with_capacity(length), limit)
}

/// What comes on stdin.
pub(crate) fn stdin(limit: u64) -> io::Result<Vec<u8>> {
    read(io::stdin().lock(), Vec::new(), limit)
}

fn read(from: impl Read, mut bytes: Vec<u8>, limit: u64) -> io::Result<Vec<u8>> {
    from.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::other(format!("expected at most {limit} bytes, found more")));
    }
    Ok(bytes)
}
