use hashbrown::HashMap;

use super::clock::Clock;
use super::{FlameFrame, FlameGraph, FlameKind, FlameOptions, FlameSample, FlameSums, NodeId};
use crate::{Frame, Function, Labels, Line, LocationId, StringId, Symbols};

pub(super) struct Builder<'a> {
    symbols: &'a Symbols,
    options: FlameOptions,
    graph: FlameGraph,
    nodes: HashMap<Key, NodeId, foldhash::fast::RandomState>,
    groups: HashMap<Labels, usize, foldhash::fast::RandomState>,
    /// The frame that was merged into each node last: most often the next one is the same.
    last_merged: Vec<Option<Origin>>,
    /// In a graph over time.
    clock: Option<Clock>,
}

/// What makes a node distinct.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    parent: NodeId,
    what: What,
    mapping_file: Option<StringId>,
    address: u64,
    function_file: Option<StringId>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum What {
    Frameless,
    Group(usize),
    Name(StringId),
    Address(u64),
}

/// What a frame's properties follow from.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Origin {
    location: LocationId,
    line: Option<Line>,
    inlined: bool,
}

impl<'a> Builder<'a> {
    pub(super) fn new(symbols: &'a Symbols, options: FlameOptions) -> Self {
        Self {
            symbols,
            options,
            graph: FlameGraph::new(FlameSums::default()),
            nodes: HashMap::default(),
            groups: HashMap::default(),
            last_merged: vec![None],
            clock: None,
        }
    }

    pub(super) fn finish(self) -> FlameGraph {
        self.graph
    }

    pub(super) fn add_at(&mut self, time_nanos: i64, sample: FlameSample<'_>) {
        self.clock.get_or_insert_with(|| Clock::at(time_nanos)).now = time_nanos;
        self.add(sample);
    }

    pub(super) fn add(&mut self, sample: FlameSample<'_>) {
        let symbols = self.symbols;
        let mut frames = symbols.frames(sample.stack);
        let Some(first) = (if self.options.invert { frames.next() } else { frames.next_back() }) else {
            return self.add_frameless(sample);
        };
        self.count(NodeId::ROOT, sample);
        let top = match sample.group {
            Some(labels) if !labels.is_empty() => self.descend_group(labels, sample),
            _ => NodeId::ROOT,
        };
        let mut node = self.descend(top, &first, sample);
        if self.options.invert {
            for frame in frames {
                node = self.descend(node, &frame, sample);
            }
        } else {
            for frame in frames.rev() {
                node = self.descend(node, &frame, sample);
            }
        }
        let flat = &mut self.graph.nodes[node.index()].flat;
        *flat = flat.saturating_add(sample.value);
    }

    fn add_frameless(&mut self, sample: FlameSample<'_>) {
        if !self.options.with_frameless {
            return;
        }
        self.count(NodeId::ROOT, sample);
        let key = Key {
            parent: NodeId::ROOT,
            what: What::Frameless,
            mapping_file: None,
            address: 0,
            function_file: None,
        };
        let unknown = FlameKind::Frame(FlameFrame::UNKNOWN);
        let node = self.find(key).unwrap_or_else(|| self.append(key, unknown, None));
        self.count(node, sample);
        let flat = &mut self.graph.nodes[node.index()].flat;
        *flat = flat.saturating_add(sample.value);
    }

    fn descend_group(&mut self, labels: &Labels, sample: FlameSample<'_>) -> NodeId {
        let group = self.group(labels);
        let what = What::Group(group);
        let key = Key { parent: NodeId::ROOT, what, mapping_file: None, address: 0, function_file: None };
        let node = self.find(key).unwrap_or_else(|| self.append(key, FlameKind::Group(group), None));
        self.count(node, sample);
        node
    }

    fn group(&mut self, labels: &Labels) -> usize {
        if let Some(known) = self.groups.get(labels) {
            return *known;
        }
        let group = self.graph.add_group(labels.clone());
        self.groups.insert(labels.clone(), group);
        group
    }

    fn descend(&mut self, parent: NodeId, frame: &Frame<'_>, sample: FlameSample<'_>) -> NodeId {
        let key = self.key(parent, frame);
        let origin = Origin { location: frame.location, line: frame.line.copied(), inlined: frame.inlined };
        let node = match self.find(key).filter(|node| self.goes_on(parent, *node)) {
            Some(node) => {
                self.merge(node, frame, origin);
                node
            }
            None => {
                let kind = FlameKind::Frame(FlameFrame::of(self.symbols, frame));
                self.append(key, kind, Some(origin))
            }
        };
        self.count(node, sample);
        node
    }

    fn key(&self, parent: NodeId, frame: &Frame<'_>) -> Key {
        let address = self.symbols.location(frame.location).address;
        let function = self.symbols.frame_function(frame);
        // Functions without a name are told apart by where they are.
        let what = function.and_then(Function::shown_name).map_or(What::Address(address), What::Name);
        let FlameOptions { by_mapping_file, by_address, by_function_file, .. } = self.options;
        let mapping = by_mapping_file.then(|| self.symbols.frame_mapping(frame)).flatten();
        let function = function.filter(|_| by_function_file);
        Key {
            parent,
            what,
            mapping_file: mapping.map(|mapping| mapping.file),
            address: if by_address { address } else { 0 },
            function_file: function.map(|function| function.filename),
        }
    }

    /// Whether a call that is known is still the same one.
    fn goes_on(&self, parent: NodeId, node: NodeId) -> bool {
        let Some(clock) = &self.clock else { return true };
        let lasted = self.graph.nodes[node.index()].cumulative;
        clock.goes_on(parent, node, self.graph.time_nanos(node).saturating_add(lasted))
    }

    fn find(&self, key: Key) -> Option<NodeId> {
        self.nodes.get(&key).copied()
    }

    fn append(&mut self, key: Key, kind: FlameKind, origin: Option<Origin>) -> NodeId {
        // What stands for all of a group has no time.
        let is_call = matches!(kind, FlameKind::Frame(_));
        let id = self.graph.link(key.parent, kind, FlameSums::default());
        if let Some(clock) = self.clock.as_ref().filter(|_| is_call) {
            self.graph.times.resize(id.index(), 0);
            self.graph.times.push(clock.now);
        }
        self.last_merged.push(origin);
        self.nodes.insert(key, id);
        id
    }

    fn merge(&mut self, node: NodeId, frame: &Frame<'_>, origin: Origin) {
        let last = &mut self.last_merged[node.index()];
        if *last == Some(origin) {
            return;
        }
        *last = Some(origin);
        if let FlameKind::Frame(known) = &mut self.graph.nodes[node.index()].kind {
            known.keep_common(&FlameFrame::of(self.symbols, frame));
        }
    }

    fn count(&mut self, id: NodeId, sample: FlameSample<'_>) {
        if let Some(clock) = &mut self.clock {
            clock.see(id);
        }
        let node = &mut self.graph.nodes[id.index()];
        node.cumulative = node.cumulative.saturating_add(sample.value);
        node.diff = node.diff.saturating_add(sample.diff);
    }
}

impl FlameFrame {
    /// A call of which nothing is known.
    pub(super) const UNKNOWN: Self = Self {
        symbolized: false,
        address: None,
        line: None,
        inlined: None,
        mapping_file: None,
        mapping_build_id: None,
        function_name: None,
        function_system_name: None,
        function_file: None,
        function_start_line: None,
    };

    fn of(symbols: &Symbols, frame: &Frame<'_>) -> Self {
        let mapping = symbols.frame_mapping(frame);
        let function = symbols.frame_function(frame);
        Self {
            symbolized: function.and_then(Function::shown_name).is_some(),
            address: Some(symbols.location(frame.location).address),
            line: frame.line.map(|line| line.line),
            inlined: Some(frame.inlined),
            mapping_file: mapping.map(|mapping| mapping.file),
            mapping_build_id: mapping.map(|mapping| mapping.build_id),
            function_name: function.map(|function| function.name),
            function_system_name: function.map(|function| function.system_name),
            function_file: function.map(|function| function.filename),
            function_start_line: function.map(|function| function.start_line),
        }
    }

    /// Forgets what is not the same in `other`.
    fn keep_common(&mut self, other: &Self) {
        self.symbolized &= other.symbolized;
        keep_if_same(&mut self.address, other.address);
        keep_if_same(&mut self.line, other.line);
        keep_if_same(&mut self.inlined, other.inlined);
        keep_if_same(&mut self.mapping_file, other.mapping_file);
        keep_if_same(&mut self.mapping_build_id, other.mapping_build_id);
        keep_if_same(&mut self.function_name, other.function_name);
        keep_if_same(&mut self.function_system_name, other.function_system_name);
        keep_if_same(&mut self.function_file, other.function_file);
        keep_if_same(&mut self.function_start_line, other.function_start_line);
    }
}

fn keep_if_same<T: PartialEq>(known: &mut Option<T>, other: Option<T>) {
    if *known != other {
        *known = None;
    }
}
