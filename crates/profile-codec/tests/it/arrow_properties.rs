//! Whatever is written can be read.

use profile_codec::arrow::{ArrowLimits, decode_flame_graph, decode_table, encode_flame_graph, encode_table};
use profile_model::{
    CallTable, CallTableOptions, FlameGraph, FlameKind, FlameOptions, FlameSample, FrameName, Function,
    Labels, Line, Location, LocationId, Mapping, MappingFlags, StackId, StringId, Symbols, WeightedStack,
};
use proptest::prelude::*;

use crate::flame_rows;

#[derive(Clone, Debug)]
struct Input {
    functions: Vec<([u8; 3], i64)>,
    /// Mapping, address, and lines as function (if any) and number.
    locations: Vec<(Option<[u8; 2]>, u64, Vec<(Option<usize>, i64)>)>,
    /// Stack, value, difference and group.
    samples: Vec<(Vec<usize>, i64, i64, Option<u8>)>,
}

fn inputs() -> impl Strategy<Value = Input> {
    let functions = prop::collection::vec((prop::array::uniform3(0..5u8), 0..70_000i64), 1..6);
    let line = (prop::option::of(0..6usize), 0..300i64);
    let location =
        (prop::option::of(prop::array::uniform2(0..3u8)), any::<u64>(), prop::collection::vec(line, 0..3));
    let locations = prop::collection::vec(location, 1..10);
    let value = prop_oneof![1..300i64, 1..i64::MAX / 64];
    let diff = prop_oneof![Just(0), -300..300i64, i64::MIN / 64..i64::MAX / 64];
    let sample = (prop::collection::vec(0..10usize, 0..6), value, diff, prop::option::of(0..3u8));
    let samples = prop::collection::vec(sample, 0..20);
    (functions, locations, samples).prop_map(|(functions, locations, samples)| Input {
        functions,
        locations,
        samples,
    })
}

fn string(symbols: &mut Symbols, number: u8) -> StringId {
    symbols.intern_string(["", "a", "b::c<ü>", "/usr/lib/d.so", "e"][usize::from(number)])
}

impl Input {
    fn locations(&self, symbols: &mut Symbols) -> Vec<LocationId> {
        let functions: Vec<_> = self
            .functions
            .iter()
            .map(|(names, start_line)| {
                let [name, system_name, filename] = names.map(|name| string(symbols, name));
                symbols.intern_function(Function { name, system_name, filename, start_line: *start_line })
            })
            .collect();
        let locations = self.locations.iter();
        let locations = locations.map(|(mapping, address, lines)| {
            let mapping = mapping.map(|names| {
                let [file, build_id] = names.map(|name| string(symbols, name));
                let flags = MappingFlags::default();
                symbols.intern_mapping(Mapping { start: 0, limit: 0, offset: 0, file, build_id, flags })
            });
            let line = |(function, line): &(Option<usize>, i64)| Line {
                function: function.map(|function| functions[function % functions.len()]),
                line: *line,
                column: 0,
            };
            let lines: Vec<_> = lines.iter().map(line).collect();
            symbols.intern_location(Location { mapping, address: *address, is_folded: false, lines: &lines })
        });
        locations.collect()
    }

    fn stacks(&self, symbols: &mut Symbols) -> Vec<StackId> {
        let locations = self.locations(symbols);
        let stack = |stack: &[usize]| -> Vec<_> {
            stack.iter().map(|location| locations[location % locations.len()]).collect()
        };
        self.samples.iter().map(|sample| symbols.intern_stack(&stack(&sample.0))).collect()
    }
}

proptest! {
    #[test]
    fn flame_graphs_come_back(input in inputs()) {
        let mut symbols = Symbols::new();
        let stacks = input.stacks(&mut symbols);
        let groups: Vec<Labels> = (0..3u8)
            .map(|group| (0..=group).map(|name| (format!("label{name}"), format!("{group}"))).collect())
            .collect();
        let samples = stacks.iter().zip(&input.samples).map(|(stack, (_, value, diff, group))| FlameSample {
            group: group.map(|group| &groups[usize::from(group)]),
            stack: *stack,
            value: *value,
            diff: *diff,
        });
        let graph = FlameGraph::of(&symbols, samples, FlameOptions::default());
        let record = encode_flame_graph(&graph, &symbols, 0.0).unwrap().record;
        let decoded = decode_flame_graph(&record, &ArrowLimits::default()).unwrap();
        flame_rows::check(&record, &decoded);

        let layout = graph.layout();
        prop_assert_eq!(decoded.graph.nodes().len(), layout.boxes.len());
        for (found, flame_box) in decoded.graph.nodes().iter().zip(&layout.boxes) {
            let node = graph.node(flame_box.node);
            prop_assert_eq!(found.parent.map(|parent| parent.index()), flame_box.parent);
            prop_assert_eq!(
                (found.cumulative, found.flat, found.diff, found.depth),
                (node.cumulative, node.flat, node.diff, node.depth)
            );
            match (&found.kind, &node.kind) {
                (FlameKind::Root, FlameKind::Root) => {}
                (FlameKind::Group(found), FlameKind::Group(group)) => {
                    prop_assert_eq!(decoded.graph.group(*found), graph.group(*group));
                }
                (FlameKind::Frame(found), FlameKind::Frame(frame)) => {
                    prop_assert_eq!((found.line, found.inlined), (frame.line, frame.inlined));
                    if !frame.symbolized {
                        prop_assert_eq!(found.address, frame.address);
                    }
                    // The address of what has a function is not in the record.
                    let name = frame.name(&symbols);
                    if matches!(name, FrameName::Function(_)) {
                        prop_assert_eq!(found.name(&decoded.symbols), name);
                    }
                }
                (found, kind) => prop_assert!(false, "{found:?} for {kind:?}"),
            }
        }
        let again = encode_flame_graph(&decoded.graph, &decoded.symbols, 0.0).unwrap().record;
        prop_assert_eq!(again, record);
    }

    #[test]
    fn tables_come_back(input in inputs()) {
        let mut symbols = Symbols::new();
        let stacks = input.stacks(&mut symbols);
        let weighted = stacks.iter().zip(&input.samples).map(|(stack, (_, value, diff, _))| WeightedStack {
            stack: *stack,
            value: *value,
            diff: *diff,
        });
        let table = CallTable::of(&symbols, weighted, CallTableOptions::PARCA_TABLE);
        let record = encode_table(&table, &symbols).unwrap();
        let decoded = decode_table(&record, &ArrowLimits::default()).unwrap();

        prop_assert_eq!(decoded.table.rows.len(), table.rows.len());
        for (found, row) in decoded.table.rows.iter().zip(&table.rows) {
            prop_assert_eq!(
                (found.flat, found.cumulative, found.flat_diff, found.cumulative_diff),
                (row.flat, row.cumulative, row.flat_diff, row.cumulative_diff)
            );
            prop_assert_eq!((&found.callers, &found.callees), (&row.callers, &row.callees));
            let name = row.name(&symbols);
            if matches!(name, FrameName::Function(_)) {
                prop_assert_eq!(found.name(&decoded.symbols), name);
            }
        }
        prop_assert_eq!(encode_table(&decoded.table, &decoded.symbols).unwrap(), record);
    }
}
