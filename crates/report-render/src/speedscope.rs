//! Files for <https://www.speedscope.app>, by its schema `file-format-schema.json`.

use std::io::{self, Write};

use hashbrown::HashMap;
use profile_model::{FlameKind, FlameNode, StringId, Unit};

use crate::{
    Flame, Limits, NodeName, Order,
    output::{buffered, json_string},
    walk::Walk,
};

/// The frame above stacks whose value is below 0: the form knows no such values, so they are told by their size.
const BELOW_ZERO: &str = "(below 0)";

/// Writes a tree as a sampled profile, a sample for each node in which something ends. Stacks whose value is below 0
/// stand below a frame `(below 0)`, with the size of their value.
///
/// # Errors
/// If `out` fails.
pub fn write(flame: &Flame<'_>, title: &str, out: &mut impl Write) -> io::Result<()> {
    buffered(out, |out| {
        out.write_all(
            b"{\"$schema\":\"https://www.speedscope.app/file-format-schema.json\",\"shared\":{\"frames\":[",
        )?;
        let frames = write_frames(flame, out)?;
        out.write_all(b"]},\"profiles\":[{\"type\":\"sampled\",\"name\":")?;
        json_string(out, title)?;
        let total = samples(flame).fold(0_i64, |sum, node| sum.saturating_add(node.flat.saturating_abs()));
        write!(out, ",\"unit\":\"{}\",\"startValue\":0", unit(&flame.value_type.unit))?;
        write!(out, ",\"endValue\":{total},\"samples\":[")?;
        write_samples(flame, &frames, out)?;
        out.write_all(b"],\"weights\":[")?;
        for (at, node) in samples(flame).enumerate() {
            write!(out, "{}{}", if at > 0 { "," } else { "" }, node.flat.saturating_abs())?;
        }
        out.write_all(b"]}],\"name\":")?;
        json_string(out, title)?;
        out.write_all(b",\"activeProfileIndex\":0,\"exporter\":\"report-render\"}\n")
    })
}

/// The schema has these units only.
fn unit(unit: &str) -> &'static str {
    match Unit::of(unit).map(Unit::name) {
        Some(known @ ("nanoseconds" | "microseconds" | "milliseconds" | "seconds" | "bytes")) => known,
        _ => "none",
    }
}

/// The nodes that are samples, in the order of a walk.
fn samples<'a>(flame: &Flame<'a>) -> impl Iterator<Item = &'a FlameNode> {
    walk(flame).map(|visit| visit.node).filter(|node| node.flat != 0)
}

fn walk<'a>(flame: &Flame<'a>) -> Walk<'a> {
    Walk::new(*flame, Order::FirstSight, Limits::default())
}

/// Writes each distinct frame once; gives the frame of each node. The root's is that of what is below 0, if there is
/// such.
fn write_frames(flame: &Flame<'_>, out: &mut impl Write) -> io::Result<Vec<usize>> {
    let mut known: HashMap<
        (NodeName<'_>, Option<StringId>, Option<i64>),
        usize,
        foldhash::fast::RandomState,
    > = HashMap::default();
    let mut frames = vec![0; flame.graph.nodes().len()];
    let mut buffer = String::new();
    for (at, node) in flame.graph.nodes().iter().enumerate().skip(1) {
        let (file, line) = match &node.kind {
            FlameKind::Frame(frame) => (frame.function_file, frame.line),
            _ => (None, None),
        };
        let name = flame.name(node);
        let next = known.len();
        frames[at] = *known.entry((name, file, line)).or_insert(next);
        if frames[at] < next {
            continue;
        }
        out.write_all(if next > 0 { b",{\"name\":" } else { b"{\"name\":" })?;
        json_string(out, name.text(&mut buffer))?;
        if let Some(file) = file.filter(|file| !file.is_empty()) {
            out.write_all(b",\"file\":")?;
            json_string(out, flame.symbols.string(file))?;
        }
        if let Some(line) = line.filter(|line| *line > 0) {
            write!(out, ",\"line\":{line}")?;
        }
        out.write_all(b"}")?;
    }
    if samples(flame).any(|node| node.flat < 0) {
        frames[0] = known.len();
        out.write_all(if known.is_empty() { b"{\"name\":" } else { b",{\"name\":" })?;
        json_string(out, BELOW_ZERO)?;
        out.write_all(b"}")?;
    }
    Ok(frames)
}

fn write_samples(flame: &Flame<'_>, frames: &[usize], out: &mut impl Write) -> io::Result<()> {
    let mut path: Vec<usize> = Vec::new();
    let mut is_first = true;
    for visit in walk(flame) {
        if let Some(level) = visit.node.depth.checked_sub(1) {
            path.truncate(level as usize);
            path.push(frames[visit.id.index()]);
        }
        if visit.node.flat == 0 {
            continue;
        }
        out.write_all(if std::mem::take(&mut is_first) { b"[" } else { b",[" })?;
        let above = (visit.node.flat < 0).then_some(&frames[0]);
        for (at, frame) in above.into_iter().chain(&path).enumerate() {
            write!(out, "{}{frame}", if at > 0 { "," } else { "" })?;
        }
        out.write_all(b"]")?;
    }
    Ok(())
}
