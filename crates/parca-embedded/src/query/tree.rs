//! The flame graphs of nested messages: with names in each node, or with tables of names.

use std::collections::HashMap;

use parca_proto::metastore::{Function, Line, Location, Mapping};
use parca_proto::query::{Flamegraph, FlamegraphNode, FlamegraphNodeMeta, FlamegraphRootNode};
use profile_model::{FlameFrame, FlameGraph, FlameKind, FlameNode, NodeId, Symbols};
use tonic::Status;

use super::frames::{Described, described};
use super::rows::Rows;

/// How deep messages may be nested: encoders and decoders call themselves for each level.
const DEEPEST: u32 = 400;

/// `trim_percent` is that of the parent below which a child is cut.
pub(super) fn flamegraph(
    graph: &FlameGraph,
    rows: &Rows,
    unit: String,
    trim_percent: f32,
    with_tables: bool,
) -> Result<Flamegraph, Status> {
    if graph.height() > DEEPEST {
        return Err(Status::resource_exhausted(format!(
            "expected stacks of at most {DEEPEST} calls in a report of nested nodes, found {}: ask for FLAMEGRAPH_ARROW",
            graph.height()
        )));
    }
    let mut builder = Builder {
        graph,
        symbols: &rows.symbols,
        tables: with_tables.then(Tables::new),
        trim: trim_percent / 100.0,
        trimmed: 0,
    };
    let children = builder.children(NodeId::ROOT);
    // Stacks without frames have no node, and are in the root, as there.
    let cumulative = rows.total;
    let diff = rows.rows.iter().fold(0_i64, |sum, row| sum.saturating_add(row.diff));
    let root = FlamegraphRootNode { cumulative, diff, children };
    let trimmed = builder.trimmed;
    let tables = builder.tables.unwrap_or_default();
    let mut answer = Flamegraph {
        root: Some(root),
        unit,
        height: i32::try_from(graph.height()).unwrap_or(i32::MAX),
        string_table: tables.strings,
        locations: tables.locations,
        mapping: tables.mappings,
        function: tables.functions,
        trimmed,
        ..Default::default()
    };
    set_totals(&mut answer, cumulative, trimmed);
    Ok(answer)
}

#[expect(deprecated, reason = "the fields are still on the wire")]
fn set_totals(answer: &mut Flamegraph, cumulative: i64, trimmed: i64) {
    answer.total = cumulative;
    answer.untrimmed_total = if trimmed == 0 { 0 } else { cumulative.saturating_add(trimmed) };
}

struct Builder<'a> {
    graph: &'a FlameGraph,
    symbols: &'a Symbols,
    tables: Option<Tables>,
    trim: f32,
    trimmed: i64,
}

impl Builder<'_> {
    /// Calls itself for each level; the depth was checked.
    fn children(&mut self, of: NodeId) -> Vec<FlamegraphNode> {
        let parent = self.graph.node(of);
        let mut children = Vec::new();
        for id in self.graph.children(of) {
            let node = self.graph.node(id);
            if self.is_cut(parent, node) {
                self.trimmed = self.trimmed.saturating_add(node.cumulative);
                continue;
            }
            let meta = match &node.kind {
                FlameKind::Frame(frame) => Some(self.meta(frame, id)),
                _ => None,
            };
            let below = self.children(id);
            children.push(FlamegraphNode {
                meta,
                cumulative: node.cumulative,
                diff: node.diff,
                children: below,
            });
        }
        children
    }

    #[expect(clippy::cast_precision_loss, reason = "the threshold is a float")]
    fn is_cut(&self, parent: &FlameNode, node: &FlameNode) -> bool {
        self.trim > 0.0 && (node.cumulative as f32) < parent.cumulative as f32 * self.trim
    }

    fn meta(&mut self, frame: &FlameFrame, id: NodeId) -> FlamegraphNodeMeta {
        match &mut self.tables {
            Some(tables) => FlamegraphNodeMeta {
                location_index: tables.location(frame, self.symbols),
                ..Default::default()
            },
            None => {
                let Described { location, mapping, function, line } =
                    described(frame, self.symbols, id.index());
                FlamegraphNodeMeta { location: Some(location), mapping, function, line, ..Default::default() }
            }
        }
    }
}

/// Entries are pointed to from 1; 0 is none. The first string is empty.
#[derive(Default)]
struct Tables {
    strings: Vec<String>,
    known_strings: HashMap<String, u32>,
    locations: Vec<Location>,
    known_locations: HashMap<Entry, u32>,
    mappings: Vec<Mapping>,
    known_mappings: HashMap<[u32; 2], u32>,
    functions: Vec<Function>,
    known_functions: HashMap<([u32; 3], i64), u32>,
}

/// What makes a location distinct.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Entry {
    address: u64,
    mapping: u32,
    function: u32,
    line: i64,
}

impl Tables {
    fn new() -> Self {
        let mut tables = Self::default();
        tables.string("");
        tables
    }

    fn string(&mut self, text: &str) -> u32 {
        if let Some(known) = self.known_strings.get(text) {
            return *known;
        }
        let index = index(self.strings.len());
        self.strings.push(text.to_owned());
        self.known_strings.insert(text.to_owned(), index);
        index
    }

    fn location(&mut self, frame: &FlameFrame, symbols: &Symbols) -> u32 {
        let Described { location, mapping, function, line } = described(frame, symbols, 0);
        let mapping = mapping.map_or(0, |mapping| self.mapping(&mapping));
        let function = function.map_or(0, |function| self.function(&function));
        let line = line.map_or(0, |line| line.line);
        let entry = Entry { address: location.address, mapping, function, line };
        if let Some(known) = self.known_locations.get(&entry) {
            return *known;
        }
        let lines = match function {
            0 => Vec::new(),
            function_index => vec![Line { line, function_index, ..Default::default() }],
        };
        self.locations.push(Location {
            address: entry.address,
            mapping_index: mapping,
            lines,
            ..Default::default()
        });
        self.known_locations.insert(entry, index(self.locations.len()));
        index(self.locations.len())
    }

    fn mapping(&mut self, mapping: &Mapping) -> u32 {
        let key = [self.string(&mapping.file), self.string(&mapping.build_id)];
        if let Some(known) = self.known_mappings.get(&key) {
            return *known;
        }
        let [file_string_index, build_id_string_index] = key;
        self.mappings.push(Mapping { file_string_index, build_id_string_index, ..Default::default() });
        self.known_mappings.insert(key, index(self.mappings.len()));
        index(self.mappings.len())
    }

    fn function(&mut self, function: &Function) -> u32 {
        let names = [
            self.string(&function.name),
            self.string(&function.system_name),
            self.string(&function.filename),
        ];
        let key = (names, function.start_line);
        if let Some(known) = self.known_functions.get(&key) {
            return *known;
        }
        let [name_string_index, system_name_string_index, filename_string_index] = names;
        self.functions.push(Function {
            start_line: function.start_line,
            name_string_index,
            system_name_string_index,
            filename_string_index,
            ..Default::default()
        });
        self.known_functions.insert(key, index(self.functions.len()));
        index(self.functions.len())
    }
}

fn index(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
