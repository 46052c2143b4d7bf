use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

use super::calls::{CallId, Calls, PlaceId};
use super::clock::Clock;
use super::{FlameFrame, FlameGraph, FlameKind, FlameOptions, FlameSample, FlameSums, NodeId};
use crate::{Frame, Function, Labels, Symbols};

/// A tree under construction.
///
/// For each frame of a stack one entry of a table is read and nothing else: with a million nodes every other place would
/// be a wait for memory. So values are noted where stacks end, and the nodes above get theirs when the tree is finished.
pub(super) struct Builder<'a> {
    symbols: &'a Symbols,
    options: FlameOptions,
    calls: Calls<'a>,
    graph: FlameGraph,
    nodes: HashMap<Key, Known, foldhash::fast::RandomState>,
    groups: HashMap<Labels, NodeId, foldhash::fast::RandomState>,
    frameless: Option<NodeId>,
    /// In a graph over time.
    clock: Option<Clock>,
}

/// What makes the node of a call distinct.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    parent: NodeId,
    place: PlaceId,
}

#[derive(Clone, Copy)]
struct Known {
    node: NodeId,
    /// The call that was merged into the node last: most often the next one is the same.
    last: CallId,
}

impl<'a> Builder<'a> {
    pub(super) fn new(symbols: &'a Symbols, options: FlameOptions) -> Self {
        Self {
            symbols,
            options,
            calls: Calls::new(symbols, options),
            graph: FlameGraph::new(FlameSums::default()),
            nodes: HashMap::default(),
            groups: HashMap::default(),
            frameless: None,
            clock: None,
        }
    }

    pub(super) fn finish(mut self) -> FlameGraph {
        let nodes = &mut self.graph.nodes;
        for at in (1..nodes.len()).rev() {
            let (above, below) = nodes.split_at_mut(at);
            let node = &below[0];
            if let Some(parent) = node.parent {
                let parent = &mut above[parent.index()];
                parent.cumulative = parent.cumulative.saturating_add(node.cumulative);
                parent.diff = parent.diff.saturating_add(node.diff);
            }
        }
        self.graph
    }

    pub(super) fn add_at(&mut self, time_nanos: i64, sample: FlameSample<'_>) {
        self.clock.get_or_insert_with(|| Clock::at(time_nanos)).now = time_nanos;
        self.add(sample);
    }

    pub(super) fn add(&mut self, sample: FlameSample<'_>) {
        let is_frameless = self.symbols.stack(sample.stack).is_empty();
        if is_frameless && !self.options.with_frameless {
            return;
        }
        self.see(NodeId::ROOT, sample.value);
        let end = if is_frameless { self.frameless() } else { self.stack(sample) };
        let node = &mut self.graph.nodes[end.index()];
        node.flat = node.flat.saturating_add(sample.value);
        node.cumulative = node.cumulative.saturating_add(sample.value);
        node.diff = node.diff.saturating_add(sample.diff);
    }

    fn frameless(&mut self) -> NodeId {
        let unknown = FlameKind::Frame(FlameFrame::UNKNOWN);
        *self
            .frameless
            .get_or_insert_with(|| append(&mut self.graph, self.clock.as_ref(), NodeId::ROOT, unknown))
    }

    /// The node where a stack ends.
    fn stack(&mut self, sample: FlameSample<'_>) -> NodeId {
        let mut node = match sample.group {
            Some(labels) if !labels.is_empty() => self.group(labels, sample.value),
            _ => NodeId::ROOT,
        };
        let locations = self.symbols.stack(sample.stack);
        if self.options.invert {
            for location in locations {
                for call in self.calls.at(*location) {
                    node = self.descend(node, call, sample.value);
                }
            }
        } else {
            for location in locations.iter().rev() {
                for call in self.calls.at(*location).rev() {
                    node = self.descend(node, call, sample.value);
                }
            }
        }
        node
    }

    fn group(&mut self, labels: &Labels, value: i64) -> NodeId {
        let node = self.groups.get(labels).copied().unwrap_or_else(|| self.new_group(labels));
        self.see(node, value);
        node
    }

    fn new_group(&mut self, labels: &Labels) -> NodeId {
        let kind = FlameKind::Group(self.graph.add_group(labels.clone()));
        let node = self.graph.link(NodeId::ROOT, kind, FlameSums::default());
        self.groups.insert(labels.clone(), node);
        node
    }

    fn descend(&mut self, parent: NodeId, call: CallId, value: i64) -> NodeId {
        let Self { calls, graph, clock, .. } = self;
        let new = |graph: &mut FlameGraph| {
            let kind = FlameKind::Frame(calls.frame(call));
            append(graph, clock.as_ref(), parent, kind)
        };
        let node = match self.nodes.entry(Key { parent, place: calls.place(call) }) {
            Entry::Vacant(entry) => entry.insert(Known { node: new(graph), last: call }).node,
            Entry::Occupied(entry) => {
                let known = entry.into_mut();
                if clock.as_ref().is_some_and(|clock| !clock.goes_on(parent, known.node)) {
                    *known = Known { node: new(graph), last: call };
                } else if known.last != call {
                    known.last = call;
                    merge(graph, known.node, &calls.frame(call));
                }
                known.node
            }
        };
        self.see(node, value);
        node
    }

    fn see(&mut self, node: NodeId, value: i64) {
        if let Some(clock) = &mut self.clock {
            clock.see(node, value);
        }
    }
}

/// Adds the node of a call.
fn append(graph: &mut FlameGraph, clock: Option<&Clock>, parent: NodeId, kind: FlameKind) -> NodeId {
    let id = graph.link(parent, kind, FlameSums::default());
    if let Some(clock) = clock {
        // What stands for all of a group has no time.
        graph.times.resize(id.index(), 0);
        graph.times.push(clock.now);
    }
    id
}

fn merge(graph: &mut FlameGraph, node: NodeId, frame: &FlameFrame) {
    if let FlameKind::Frame(known) = &mut graph.nodes[node.index()].kind {
        known.keep_common(frame);
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

    pub(super) fn of(symbols: &Symbols, frame: &Frame<'_>) -> Self {
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
