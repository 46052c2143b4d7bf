use std::io::{self, Write};

use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;
use parca_client::FlamegraphRecord;

/// Writes Parca's flame graph message as canonical JSON of protobuf.
pub(crate) fn arrow(record: &FlamegraphRecord, out: &mut impl Write) -> io::Result<()> {
    let FlamegraphRecord { record, unit, height, trimmed, .. } = record;
    write!(out, "{{\"record\":\"{}\",\"unit\":", Base64Display::new(record, &STANDARD))?;
    text(unit, out)?;
    if *height != 0 {
        write!(out, ",\"height\":{height}")?;
    }
    if *trimmed != 0 {
        write!(out, ",\"trimmed\":\"{trimmed}\"")?;
    }
    out.write_all(b"}")
}

fn text(text: &str, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer(out, text).map_err(io::Error::from)
}
