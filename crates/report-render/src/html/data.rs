use std::io::{self, Write};

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use profile_model::{FlameKind, FlameNode, StringId, Unit};

use crate::{
    Cut, Flame, Limits, NodeName, Order,
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

/// Writes what `flameView` takes: an object with `version` (1), `type`, `unit`, `comparison`,
/// `scaled` (whether what was before was brought to the total of what is now), `whole` (what shares are of),
/// `nodes`, `strings` and `cut`.
///
/// `nodes` is one flat array with parents before children: for each node the positions of its name
/// and of its file in `strings`, its depth, its cumulative and its own value, and in a comparison the
/// change. Numbers that JavaScript would round are texts. The JSON can stand inside a `<script>`
/// element as it is: `<` and the line separators of Unicode are escaped in texts.
///
/// # Errors
/// If `out` fails.
pub fn viewer_data(flame: &Flame<'_>, options: &ViewerOptions, out: &mut impl Write) -> io::Result<Cut> {
    buffered(out, |out| {
        out.write_all(b"{\"version\":1,\"type\":")?;
        script_string(out, &flame.value_type.name)?;
        out.write_all(b",\"unit\":")?;
        let unit = &flame.value_type.unit;
        script_string(out, Unit::of(unit).map_or(unit.as_str(), |known| known.name()))?;
        let (comparison, scaled) = (flame.is_comparison, flame.scale.is_some());
        write!(out, ",\"comparison\":{comparison},\"scaled\":{scaled},\"whole\":")?;
        write_number(out, flame.whole)?;
        out.write_all(b",\"nodes\":[")?;
        let mut strings = Strings::new(*flame);
        let mut walk = Walk::new(*flame, options.order, options.limits);
        for (at, visit) in walk.by_ref().enumerate() {
            out.write_all(if at > 0 { b",\n" } else { b"" })?;
            write_node(out, &mut strings, visit.node)?;
        }
        let cut = walk.cut();
        out.write_all(b"],\"strings\":[")?;
        strings.write(out)?;
        write!(out, "],\"cut\":{{\"nodes\":{},\"value\":", cut.nodes)?;
        write_number(out, cut.value)?;
        out.write_all(b"}}")?;
        Ok(cut)
    })
}

fn write_node<'a>(out: &mut impl Write, strings: &mut Strings<'a>, node: &'a FlameNode) -> io::Result<()> {
    let flame = strings.flame;
    let file = match &node.kind {
        FlameKind::Frame(frame) => [frame.function_file, frame.mapping_file],
        _ => [None, None],
    };
    let file = file.into_iter().flatten().find(|file| !file.is_empty());
    let name = strings.of_name(flame.name(node));
    let file = file.map_or(0, |file| strings.of_text(file));
    write!(out, "{name},{file},{},", node.depth)?;
    write_number(out, node.cumulative)?;
    out.write_all(b",")?;
    write_number(out, node.flat)?;
    if flame.is_comparison {
        out.write_all(b",")?;
        write_number(out, node.diff)?;
    }
    Ok(())
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

/// The strings that nodes refer to, in order of first use; the first is empty.
struct Strings<'a> {
    flame: Flame<'a>,
    numbers: HashMap<NodeName<'a>, usize, RandomState>,
    in_order: Vec<NodeName<'a>>,
}

impl<'a> Strings<'a> {
    fn new(flame: Flame<'a>) -> Self {
        let mut strings = Self { flame, numbers: HashMap::default(), in_order: Vec::new() };
        strings.of_text(StringId::EMPTY);
        strings
    }

    fn of_text(&mut self, id: StringId) -> usize {
        let text = self.flame.symbols.string(id);
        self.of_name(NodeName::Frame(profile_model::FrameName::Function(text)))
    }

    fn of_name(&mut self, name: NodeName<'a>) -> usize {
        let Self { numbers, in_order, .. } = self;
        *numbers.entry(name).or_insert_with(|| {
            in_order.push(name);
            in_order.len() - 1
        })
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let mut buffer = String::new();
        for (at, name) in self.in_order.iter().enumerate() {
            out.write_all(if at > 0 { b",\n" } else { b"" })?;
            script_string(out, name.text(&mut buffer))?;
        }
        Ok(())
    }
}
