//! What nodes of the page's data refer to by number.

use std::io::{self, Write};

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use profile_model::{FlameFrame, FlameKind, FlameNode, StringId};

use crate::names;
use crate::{Flame, NodeName, output::script_string};

/// What makes a frame of a tree the same as another: all that is said of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Group(usize),
    Frame {
        names: [Option<StringId>; 2],
        places: [Option<StringId>; 2],
        line: Option<i64>,
        address: Option<u64>,
        inlined: bool,
    },
}

/// Texts that are numbered in the order of their first use; number 0 is empty.
struct Numbered {
    numbers: HashMap<String, usize, RandomState>,
    in_order: Vec<String>,
}

impl Numbered {
    fn new() -> Self {
        let mut made = Self { numbers: HashMap::default(), in_order: Vec::new() };
        made.number("");
        made
    }

    fn number(&mut self, text: &str) -> usize {
        if let Some(known) = self.numbers.get(text) {
            return *known;
        }
        self.in_order.push(text.to_owned());
        self.numbers.insert(text.to_owned(), self.in_order.len() - 1);
        self.in_order.len() - 1
    }
}

/// The tables of frames, and of what frames refer to.
pub(super) struct Tables<'a> {
    flame: Flame<'a>,
    known: HashMap<Key, usize, RandomState>,
    /// Name, package, file, binary, line and kind of each frame.
    frames: Vec<(usize, usize, usize, usize, i64, u8)>,
    names: Numbered,
    packages: Numbered,
    files: Numbered,
    binaries: Numbered,
    /// What the linker called those that were demangled.
    raw: Vec<(usize, String)>,
}

impl<'a> Tables<'a> {
    pub(super) fn new(flame: Flame<'a>) -> Self {
        Self {
            flame,
            known: HashMap::default(),
            frames: Vec::new(),
            names: Numbered::new(),
            packages: Numbered::new(),
            files: Numbered::new(),
            binaries: Numbered::new(),
            raw: Vec::new(),
        }
    }

    /// The number of a node's frame.
    pub(super) fn frame(&mut self, node: &FlameNode) -> usize {
        let key = key(node);
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let frame = self.row(node);
        self.frames.push(frame);
        self.known.insert(key, self.frames.len() - 1);
        self.frames.len() - 1
    }

    fn row(&mut self, node: &FlameNode) -> (usize, usize, usize, usize, i64, u8) {
        let mut buffer = String::new();
        let name = self.flame.name(node);
        let is_group = matches!(name, NodeName::Group(_));
        let text = name.text(&mut buffer);
        let readable = if is_group { text.into() } else { names::readable(text) };
        let number = self.names.number(&readable);
        let FlameKind::Frame(frame) = &node.kind else { return (number, 0, 0, 0, 0, 2) };
        if *readable != *text && self.raw.last().is_none_or(|(last, _)| *last != number) {
            self.raw.push((number, text.to_owned()));
        }
        let symbols = self.flame.symbols;
        let string = |id: Option<StringId>| id.map_or("", |id| symbols.string(id));
        let (file, binary) = (string(frame.function_file), string(frame.mapping_file));
        let package = self.packages.number(&names::package(text, file, binary));
        let (file, binary) = (self.files.number(file), self.binaries.number(binary));
        let line = frame.line.filter(|line| *line > 0).or(frame.function_start_line).unwrap_or(0).max(0);
        (number, package, file, binary, line, u8::from(frame.inlined == Some(true)))
    }

    /// Writes the tables as members of an object.
    pub(super) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        out.write_all(b"\"frames\":[")?;
        for (at, (name, package, file, binary, line, kind)) in self.frames.iter().enumerate() {
            out.write_all(if at > 0 { b",\n" } else { b"" })?;
            write!(out, "{name},{package},{file},{binary},{line},{kind}")?;
        }
        out.write_all(b"],\"names\":[")?;
        for (at, name) in self.names.in_order.iter().enumerate() {
            out.write_all(if at > 0 { b",\n" } else { b"" })?;
            write_forms(out, name)?;
        }
        out.write_all(b"],\"raw\":{")?;
        for (at, (number, raw)) in self.raw.iter().enumerate() {
            out.write_all(if at > 0 { b"," } else { b"" })?;
            write!(out, "\"{number}\":")?;
            script_string(out, raw)?;
        }
        out.write_all(b"},\"packages\":[")?;
        for (at, package) in self.packages.in_order.iter().enumerate() {
            out.write_all(if at > 0 { b",[" } else { b"[" })?;
            script_string(out, package)?;
            write!(out, ",{}]", u8::from(names::is_system(package)))?;
        }
        for (title, list) in [("files", &self.files), ("binaries", &self.binaries)] {
            write!(out, "],\"{title}\":[")?;
            for (at, text) in list.in_order.iter().enumerate() {
                out.write_all(if at > 0 { b"," } else { b"" })?;
                script_string(out, text)?;
            }
        }
        out.write_all(b"]")
    }
}

fn key(node: &FlameNode) -> Key {
    match &node.kind {
        FlameKind::Root => Key::Group(usize::MAX),
        FlameKind::Group(group) => Key::Group(*group),
        FlameKind::Frame(frame) => {
            let FlameFrame { function_name, function_system_name, function_file, mapping_file, .. } = *frame;
            let is_named =
                [function_name, function_system_name].iter().flatten().any(|name| !name.is_empty());
            Key::Frame {
                names: [function_name, function_system_name],
                places: [function_file, mapping_file],
                line: frame.line,
                address: frame.address.filter(|_| !is_named),
                inlined: frame.inlined == Some(true),
            }
        }
    }
}

/// The forms of a name, as ends of the first where they are.
fn write_forms(out: &mut impl Write, name: &str) -> io::Result<()> {
    let is_group = name.starts_with('{');
    let forms = if is_group { vec![name.to_owned()] } else { names::forms(name) };
    out.write_all(b"[")?;
    for (at, form) in forms.iter().enumerate() {
        out.write_all(if at > 0 { b"," } else { b"" })?;
        match at {
            // JavaScript counts letters otherwise than Rust but for these.
            1.. if forms[0].is_ascii() && forms[0].ends_with(form.as_str()) => {
                write!(out, "{}", forms[0].len() - form.len())?;
            }
            _ => script_string(out, form)?,
        }
    }
    out.write_all(b"]")
}
