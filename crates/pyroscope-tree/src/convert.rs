use profile_model::{
    FlameFrame, FlameGraph, FlameKind, FlameSums, Function, Line, Location, LocationId, NodeId, Profile,
    Sample, StringId, Symbols, ValueType,
};

use crate::{CallTree, Tree, TreeError};

/// The most calls in all stacks of a profile together: as many as the pprof decoder allows.
const MOST_CALLS: usize = 64 << 20;

impl Tree {
    /// The stacks of the tree with their flat values, as a profile of one sample type.
    ///
    /// # Errors
    /// [`TreeError::Stacks`] for a tree so deep and wide that its stacks would fill the memory.
    pub fn to_profile(&self, value_type: ValueType) -> Result<Profile, TreeError> {
        let mut profile = Profile::new(vec![value_type]);
        let locations = self.locations(&mut profile.symbols);
        let mut calls = 0;
        let mut path: Vec<LocationId> = Vec::new();
        let mut stack = Vec::new();
        for node in &self.nodes {
            path.truncate(node.depth);
            path.push(locations[node.name.0]);
            let value = node.sums[0].flat;
            if value != 0 {
                calls += path.len();
                if calls > MOST_CALLS {
                    return Err(TreeError::Stacks { most: MOST_CALLS });
                }
                stack.clear();
                stack.extend(path.iter().rev());
                let stack = profile.symbols.intern_stack(&stack);
                profile.samples.push(Sample { stack, values: &[value], labels: &[] });
            }
        }
        Ok(profile)
    }

    fn locations(&self, symbols: &mut Symbols) -> Vec<LocationId> {
        let mut location = |name: &str| {
            let name = symbols.intern_string(name);
            let function = Function { name, system_name: name, filename: StringId::EMPTY, start_line: 0 };
            let function = Some(symbols.intern_function(function));
            let lines = [Line { function, line: 0, column: 0 }];
            symbols.intern_location(Location { mapping: None, address: 0, is_folded: false, lines: &lines })
        };
        self.names.iter().map(|name| location(name)).collect()
    }
}

impl<const SIDES: usize> CallTree<SIDES> {
    /// One side as a flame graph, and the symbols that it refers to. Takes memory for each node once,
    /// however deep the tree is.
    ///
    /// # Panics
    /// If there is no such side.
    pub fn to_flame_graph(&self, side: usize) -> (Symbols, FlameGraph) {
        let mut symbols = Symbols::new();
        let names: Vec<StringId> = self.names.iter().map(|name| symbols.intern_string(name)).collect();
        let root = FlameSums { cumulative: self.totals[side], ..FlameSums::default() };
        let mut graph = FlameGraph::new(root);
        let mut ids: Vec<NodeId> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let parent = node.parent.map_or(NodeId::ROOT, |parent| ids[parent]);
            let sums = node.sums[side];
            let sums = FlameSums { cumulative: sums.cumulative, flat: sums.flat, diff: 0 };
            let kind = FlameKind::Frame(frame(names[node.name.0]));
            ids.push(graph.append(parent, kind, sums).expect("the parent came before its child"));
        }
        (symbols, graph)
    }
}

fn frame(name: StringId) -> FlameFrame {
    FlameFrame {
        symbolized: true,
        address: None,
        line: None,
        inlined: None,
        mapping_file: None,
        mapping_build_id: None,
        function_name: Some(name),
        function_system_name: Some(name),
        function_file: Some(StringId::EMPTY),
        function_start_line: None,
    }
}
