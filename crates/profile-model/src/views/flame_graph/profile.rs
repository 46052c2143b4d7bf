use super::{FlameFrame, FlameGraph, FlameKind, NodeId};
use crate::{
    FunctionId, LabelValue, Line, Location, LocationId, Mapping, MappingFlags, MappingId, Profile, Sample,
    SampleLabel, StringId, Symbols, ValueType,
};

impl FlameGraph {
    /// The stacks that the tree was made of: one sample for each node with a flat value, of that
    /// value; those below a group have its labels. `symbols` are those that the tree's strings are
    /// ids of.
    ///
    /// A frame that was inlined shares a location with the one that it was inlined into. What one
    /// node holds of several calls (lines, addresses) is not told apart any more, and values that
    /// went with nodes that were cut off are missing.
    pub fn into_profile(self, symbols: Symbols, value_type: ValueType) -> Profile {
        let mut profile = Profile { symbols, ..Profile::new(vec![value_type]) };
        let labels = group_labels(&self, &mut profile.symbols);
        let mut stack = Stack::default();
        let with_value = self.nodes.iter().enumerate().filter(|(_, node)| node.flat != 0);
        for (index, node) in with_value {
            let (id, group) = stack.of(&self, NodeId::at(index), &mut profile.symbols);
            let labels = group.map_or(&[][..], |group| &labels[group]);
            profile.samples.push(Sample { stack: id, values: &[node.flat], labels });
        }
        profile
    }
}

/// The labels of each group as those of samples.
fn group_labels(graph: &FlameGraph, symbols: &mut Symbols) -> Vec<Vec<SampleLabel>> {
    let mut label = |name: &str, value: &str| SampleLabel {
        key: symbols.intern_string(name),
        value: LabelValue::Text(symbols.intern_string(value)),
    };
    let labels = |group: &crate::Labels| group.iter().map(|(name, value)| label(name, value)).collect();
    graph.groups.iter().map(labels).collect()
}

/// A stack on its way into the symbols; its buffers serve for all stacks.
#[derive(Default)]
struct Stack {
    locations: Vec<LocationId>,
    /// Of the location that is not complete, innermost first.
    lines: Vec<Line>,
}

impl Stack {
    /// The stack that ends at a node, and the group that it is in.
    fn of(
        &mut self,
        graph: &FlameGraph,
        leaf: NodeId,
        symbols: &mut Symbols,
    ) -> (crate::StackId, Option<usize>) {
        self.locations.clear();
        let mut group = None;
        let mut inner: Option<&FlameFrame> = None;
        for node in std::iter::successors(Some(graph.node(leaf)), |node| Some(graph.node(node.parent?))) {
            match &node.kind {
                FlameKind::Root => {}
                FlameKind::Group(index) => group = Some(*index),
                FlameKind::Frame(frame) => {
                    if let Some(inner) = inner.take()
                        && !frame.symbolized
                    {
                        self.close(inner, symbols);
                    }
                    self.lines.extend(line(frame, symbols));
                    match frame.inlined {
                        Some(true) if frame.symbolized => inner = Some(frame),
                        _ => self.close(frame, symbols),
                    }
                }
            }
        }
        if let Some(inner) = inner {
            self.close(inner, symbols);
        }
        (symbols.intern_stack(&self.locations), group)
    }

    fn close(&mut self, frame: &FlameFrame, symbols: &mut Symbols) {
        let location = Location {
            mapping: mapping(frame, symbols),
            address: frame.address.unwrap_or(0),
            is_folded: false,
            lines: &self.lines,
        };
        self.locations.push(symbols.intern_location(location));
        self.lines.clear();
    }
}

fn line(frame: &FlameFrame, symbols: &mut Symbols) -> Option<Line> {
    let function = function(frame, symbols)?;
    Some(Line { function: Some(function), line: frame.line.unwrap_or(0), column: 0 })
}

fn function(frame: &FlameFrame, symbols: &mut Symbols) -> Option<FunctionId> {
    let id = |id: Option<StringId>| id.unwrap_or(StringId::EMPTY);
    frame.symbolized.then(|| {
        symbols.intern_function(crate::Function {
            name: id(frame.function_name),
            system_name: id(frame.function_system_name),
            filename: id(frame.function_file),
            start_line: frame.function_start_line.unwrap_or(0),
        })
    })
}

fn mapping(frame: &FlameFrame, symbols: &mut Symbols) -> Option<MappingId> {
    let (file, build_id) = (frame.mapping_file, frame.mapping_build_id);
    (file.is_some() || build_id.is_some()).then(|| {
        symbols.intern_mapping(Mapping {
            start: 0,
            limit: 0,
            offset: 0,
            file: file.unwrap_or(StringId::EMPTY),
            build_id: build_id.unwrap_or(StringId::EMPTY),
            flags: MappingFlags { has_functions: true, ..MappingFlags::default() },
        })
    })
}
