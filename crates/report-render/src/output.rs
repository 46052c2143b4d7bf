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

/// Writes a text as a JSON string that may stand in a `<script>` of a page: it can neither end the
/// element nor start a comment, and has no line end in the eyes of old JavaScript.
pub(crate) fn script_string(out: &mut impl Write, text: &str) -> io::Result<()> {
    out.write_all(b"\"")?;
    let mut rest = text;
    while let Some((at, c)) = rest.char_indices().find(|(_, c)| is_special(*c)) {
        out.write_all(&rest.as_bytes()[..at])?;
        match c {
            '"' | '\\' => write!(out, "\\{c}")?,
            c => write!(out, "\\u{:04x}", u32::from(c))?,
        }
        rest = &rest[at + c.len_utf8()..];
    }
    out.write_all(rest.as_bytes())?;
    out.write_all(b"\"")
}

fn is_special(c: char) -> bool {
    matches!(c, '"' | '\\' | '<' | '>' | '&' | '\0'..='\x1f' | '\x7f' | '\u{2028}' | '\u{2029}')
}
