//! Writing of small things, fast.

use std::io::{self, BufWriter, Write};

/// Writes through a buffer of its own, as renderers write many small pieces.
pub(crate) fn buffered<W: Write, T>(
    out: W,
    write: impl FnOnce(&mut BufWriter<W>) -> io::Result<T>,
) -> io::Result<T> {
    let mut out = BufWriter::with_capacity(64 * 1024, out);
    let result = write(&mut out)?;
    out.flush()?;
    Ok(result)
}

/// Writes a text as a JSON string, quotes included.
pub(crate) fn json_string(out: &mut impl Write, text: &str) -> io::Result<()> {
    serde_json::to_writer(out, text).map_err(io::Error::from)
}
