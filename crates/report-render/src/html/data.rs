use std::io::{self, Write};

use profile_model::{FlameKind, FlameNode, Unit};

use super::tables::Tables;
use crate::{
    Cut, Flame, Limits, Order,
    output::{buffered, script_string},
    walk::Walk,
};

/// What of a tree is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ViewerOptions {
    /// How siblings are ordered.
    pub order: Order,
    /// What is left out.
    pub limits: Limits,
}

/// Writes the stacks that the page takes, as flat arrays: an object with `version` (2), `type`, `unit`, `comparison`,
/// `wholes` (what shares are of, now and before; 0 where it is the sum of what is there), `nodes`, `frames`, `names`,
/// `packages`, `files`, `binaries`, `raw` and `cut`.
///
/// - `nodes` has for each node its depth below the root, its frame and its own value, and in a comparison its own value
///   before; parents come first.
/// - `frames` has six numbers for each frame: its name, package, file, binary, line (0 if unknown) and kind (0 a call,
///   1 an inlined call, 2 a group of labels).
/// - `names` has the [forms](crate::names::forms) of each name; a number stands for the end of the first form from
///   there on. `raw` has the linker's names of those that were demangled.
/// - `packages` has name and whether it is part of the [system](crate::names::is_system).
///
/// Numbers that JavaScript would round are texts. The JSON can stand inside a `<script>` element as it is: `<` and the
/// line separators of Unicode are escaped in texts.
///
/// # Errors
/// If `out` fails.
pub fn viewer_data(flame: &Flame<'_>, options: &ViewerOptions, out: &mut impl Write) -> io::Result<Cut> {
    buffered(out, |out| {
        out.write_all(b"{\"version\":2,\"type\":")?;
        script_string(out, &flame.value_type.name)?;
        out.write_all(b",\"unit\":")?;
        let unit = &flame.value_type.unit;
        script_string(out, Unit::of(unit).map_or(unit.as_str(), |known| known.name()))?;
        write!(out, ",\"comparison\":{},\"wholes\":[", flame.is_comparison)?;
        write_number(out, flame.whole)?;
        out.write_all(b",0],\"nodes\":[")?;
        let before = if flame.is_comparison { own_before(flame) } else { Vec::new() };
        let mut tables = Tables::new(*flame);
        let mut walk = Walk::new(*flame, options.order, options.limits);
        let mut separator: &[u8] = b"";
        for visit in walk.by_ref() {
            if matches!(visit.node.kind, FlameKind::Root) {
                continue;
            }
            out.write_all(separator)?;
            separator = b",\n";
            let frame = tables.frame(visit.node);
            write_node(out, visit.node, frame, before.get(visit.id.index()).copied())?;
        }
        let cut = walk.cut();
        out.write_all(b"],")?;
        tables.write(out)?;
        write!(out, ",\"cut\":{{\"nodes\":{},\"value\":", cut.nodes)?;
        write_number(out, cut.value)?;
        out.write_all(b"}}")?;
        Ok(cut)
    })
}

fn write_node(out: &mut impl Write, node: &FlameNode, frame: usize, before: Option<i64>) -> io::Result<()> {
    // The root is not written, so its children are at depth 0.
    write!(out, "{},{frame},", node.depth.saturating_sub(1))?;
    write_number(out, node.flat)?;
    if let Some(before) = before {
        out.write_all(b",")?;
        write_number(out, before)?;
    }
    Ok(())
}

/// What each node was itself before, in its own measure: a base that was scaled for a comparison by share is scaled
/// back.
fn own_before(flame: &Flame<'_>) -> Vec<i64> {
    let nodes = flame.graph.nodes();
    let mut change: Vec<i64> = nodes.iter().map(|node| node.diff).collect();
    for node in nodes {
        if let Some(parent) = node.parent {
            let of_parent = &mut change[parent.index()];
            *of_parent = of_parent.saturating_sub(node.diff);
        }
    }
    let scale = flame.scale.unwrap_or(1.0);
    let before = |(node, change): (&FlameNode, i64)| match node.flat.saturating_sub(change) {
        before if scale == 1.0 => before,
        // A cast from floats saturates.
        before => (before as f64 / scale).round() as i64,
    };
    nodes.iter().zip(change).map(before).collect()
}

/// The largest number up to which JavaScript has all.
const MAX_SAFE_INTEGER: u128 = (1 << 53) - 1;

fn write_number(out: &mut impl Write, number: impl Into<i128>) -> io::Result<()> {
    let number = number.into();
    if number.unsigned_abs() > MAX_SAFE_INTEGER {
        write!(out, "\"{number}\"")
    } else {
        write!(out, "{number}")
    }
}
