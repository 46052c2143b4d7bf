//! The JSON round reports; docs/parcaquery.schema.json describes it.

use std::io::{self, Write};

use super::{Answer, Found};
use crate::report::write_value;
use crate::{Snapshots, rfc3339};

pub(crate) fn write(answer: &Answer, out: &mut impl Write) -> io::Result<()> {
    let field = answer.form.field().unwrap_or("report");
    out.write_all(b"{\"query\":")?;
    text(&answer.query, out)?;
    let (start, end) = (rfc3339(answer.range.start), rfc3339(answer.range.end));
    write!(out, ",\"start\":\"{start}\",\"end\":\"{end}\"")?;
    if let Some(base) = answer.base {
        let (start, end) = (rfc3339(base.start), rfc3339(base.end));
        write!(out, ",\"baseStart\":\"{start}\",\"baseEnd\":\"{end}\"")?;
    }
    write!(out, ",\"reportType\":\"{}\",\"profiles\":[", answer.form)?;
    for (index, found) in answer.profiles.iter().enumerate() {
        if index > 0 {
            out.write_all(b",")?;
        }
        profile(answer, found, field, out)?;
    }
    out.write_all(b"]}\n")
}

fn profile(answer: &Answer, found: &Found, field: &str, out: &mut impl Write) -> io::Result<()> {
    out.write_all(b"{\"profileType\":")?;
    text(&found.profile_type.to_string(), out)?;
    out.write_all(b",\"unit\":")?;
    text(found.shown.unit(), out)?;
    write!(
        out,
        ",\"total\":{},\"filtered\":{},\"whole\":{}",
        found.total, found.filtered, found.shown.whole
    )?;
    if let Some(Snapshots { profiles: Some(profiles), series: Some(series), moments }) = found.shown.snapshots
    {
        let mean = found.total as f64 / moments;
        write!(out, ",\"snapshots\":{{\"profiles\":{profiles},\"series\":{series},\"mean\":{mean}}}")?;
    }
    write!(out, ",\"{field}\":")?;
    let cut = write_value(&found.shown, answer.form, &answer.look, out)?;
    if !cut.is_nothing() {
        // Known only now: what is cut is found out while the tree is written.
        write!(out, ",\"cut\":{{\"nodes\":{},\"value\":{}}}", cut.nodes, cut.value)?;
    }
    out.write_all(b"}")
}

fn text(text: &str, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer(out, text).map_err(io::Error::from)
}
