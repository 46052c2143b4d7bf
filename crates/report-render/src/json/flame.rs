use std::io::{self, Write};

use profile_model::{FlameKind, Labels};

use super::frame::Details;
use crate::{
    Cut, Flame, Limits, Order,
    output::{buffered, json_string},
    walk::{Visit, Walk},
};

/// How a tree is written as JSON.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct FlameJsonOptions {
    /// How siblings are ordered.
    pub order: Order,
    /// What is left out.
    pub limits: Limits,
}

impl Default for FlameJsonOptions {
    /// All of the tree, in its own order.
    fn default() -> Self {
        Self { order: Order::FirstSight, limits: Limits::default() }
    }
}

/// Writes a tree as nested objects, the root outermost.
///
/// Each has `name`, `flat`, `cumulative` and `children`, as far as they are known `system_name` (if
/// it is another than the name), `file`, `line`, `mapping`, `address` and `inlined` (if so), `labels`
/// in a group, and `diff` in a comparison. Where some is left out, `flat` is still what it was, so
/// that all sums hold with what is reported as cut.
///
/// Each frame nests two levels, an object and the array of its children; readers with a limit on
/// that need trees with a [`max_depth`](Limits::max_depth).
///
/// # Errors
/// If `out` fails.
pub fn flame_graph(flame: &Flame<'_>, options: &FlameJsonOptions, out: &mut impl Write) -> io::Result<Cut> {
    buffered(out, |out| {
        let mut walk = Walk::new(*flame, options.order, options.limits);
        let mut buffer = String::new();
        let mut last_depth = None;
        for visit in walk.by_ref() {
            let depth = visit.node.depth;
            match last_depth.replace(depth) {
                Some(last) if depth <= last => {
                    close(out, last - depth + 1)?;
                    out.write_all(b",")?;
                }
                _ => {}
            }
            open(out, flame, visit, &mut buffer)?;
        }
        close(out, last_depth.map_or(0, |last| last + 1))?;
        Ok(walk.cut())
    })
}

/// Writes a node up to its children.
fn open(out: &mut impl Write, flame: &Flame<'_>, visit: Visit<'_>, buffer: &mut String) -> io::Result<()> {
    let node = visit.node;
    let name = flame.name(node).text(buffer);
    // A line for each node, for people who compare.
    out.write_all(if node.depth > 0 { b"\n{\"name\":" } else { b"{\"name\":" })?;
    json_string(out, name)?;
    match &node.kind {
        FlameKind::Root => {}
        FlameKind::Group(group) => write_labels(out, flame.graph.group(*group))?,
        FlameKind::Frame(frame) => Details::of_node(flame.symbols, frame).write(out, name)?,
    }
    write!(out, ",\"flat\":{},\"cumulative\":{}", node.flat, node.cumulative)?;
    if flame.is_comparison {
        write!(out, ",\"diff\":{}", node.diff)?;
    }
    out.write_all(b",\"children\":[")
}

fn close(out: &mut impl Write, levels: u32) -> io::Result<()> {
    (0..levels).try_for_each(|_| out.write_all(b"]}"))
}

fn write_labels(out: &mut impl Write, labels: &Labels) -> io::Result<()> {
    out.write_all(b",\"labels\":{")?;
    for (at, (name, value)) in labels.iter().enumerate() {
        if at > 0 {
            out.write_all(b",")?;
        }
        json_string(out, name)?;
        out.write_all(b":")?;
        json_string(out, value)?;
    }
    out.write_all(b"}")
}
