//! The tree of a window from its stacks, where the server's own tree leaves calls out.
//!
//! Parca's flame graph has no rows for calls whose sum is negative (Parca 3b5647c), as of memory that was
//! freed in a window; the calls above contain them all the same. Its pprof has every stack.

use std::collections::HashMap;

use profile_codec::arrow::{FlameColumns, FlameRow, FlameRows};
use profile_model::{Frame, Profile, StringId, Symbols};

/// Whether a row is not the sum of what is below it.
pub(super) fn leaves_out(flame: &FlameRows) -> bool {
    let mut below = vec![0_i64; flame.rows.len()];
    for row in flame.rows.iter().skip(1) {
        if let Some(sum) = below.get_mut(row.parent as usize) {
            *sum = sum.saturating_add(row.cumulative);
        }
    }
    let differs = |(at, row): (usize, &FlameRow)| match row.flat.saturating_add(below[at]) {
        // Stacks without frames are in the root, and in no row.
        sum if at == 0 || row.group.is_some() => sum > row.cumulative,
        sum => sum != row.cumulative,
    };
    flame.rows.iter().enumerate().any(differs)
}

/// The tree of a window's stacks, with all of its rows.
pub(super) fn tree(profile: &Profile, columns: FlameColumns) -> FlameRows {
    let mut tree = Tree { rows: vec![FlameRow::default()], known: HashMap::new(), symbols: Symbols::new() };
    let mut names = HashMap::new();
    for (stack, value) in profile.samples.column(0) {
        let mut at = 0;
        tree.add(at, value);
        for frame in profile.symbols.frames(stack).rev() {
            let row = row_of(&profile.symbols, &frame, columns);
            at = tree.child(at, row, &profile.symbols, &mut names);
            tree.add(at, value);
        }
        let leaf = &mut tree.rows[at as usize];
        leaf.flat = leaf.flat.saturating_add(value);
    }
    FlameRows { rows: tree.rows, groups: Vec::new(), symbols: tree.symbols }
}

/// What tells two calls of one parent apart, in the profile's own ids.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Call {
    function: Option<StringId>,
    system_name: Option<StringId>,
    file: Option<StringId>,
    mapping_file: Option<StringId>,
}

struct Tree {
    rows: Vec<FlameRow>,
    known: HashMap<(u32, Call), u32>,
    symbols: Symbols,
}

impl Tree {
    fn add(&mut self, at: u32, value: i64) {
        let row = &mut self.rows[at as usize];
        row.cumulative = row.cumulative.saturating_add(value);
    }

    fn child(
        &mut self,
        parent: u32,
        call: Call,
        from: &Symbols,
        names: &mut HashMap<StringId, StringId>,
    ) -> u32 {
        if let Some(at) = self.known.get(&(parent, call)) {
            return *at;
        }
        let symbols = &mut self.symbols;
        let mut own = |id: Option<StringId>| {
            id.map(|id| *names.entry(id).or_insert_with(|| symbols.intern_string(from.string(id))))
        };
        let row = FlameRow {
            parent,
            function: own(call.function),
            system_name: own(call.system_name),
            file: own(call.file),
            mapping_file: own(call.mapping_file),
            ..FlameRow::default()
        };
        let at = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        self.rows.push(row);
        self.known.insert((parent, call), at);
        at
    }
}

fn row_of(symbols: &Symbols, frame: &Frame<'_>, columns: FlameColumns) -> Call {
    let named = |id: StringId| (id != StringId::EMPTY).then_some(id);
    let function = symbols.frame_function(frame);
    let name = function.and_then(|function| named(function.name));
    Call {
        function: name,
        system_name: function
            .and_then(|function| named(function.system_name))
            .filter(|_| columns.system_names || name.is_none()),
        file: function.and_then(|function| named(function.filename)).filter(|_| columns.files),
        mapping_file: symbols
            .frame_mapping(frame)
            .and_then(|mapping| named(mapping.file))
            .filter(|_| columns.mapping_files),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use profile_model::{Function, Line, Location, Sample, ValueType};

    use super::*;
    use crate::testing;

    fn profile(stacks: &[(&str, i64)]) -> Profile {
        let mut profile = Profile::new(vec![ValueType::new("inuse_space", "bytes")]);
        for (stack, value) in stacks {
            let locations: Vec<_> = stack
                .rsplit(';')
                .map(|name| {
                    let name = profile.symbols.intern_string(name);
                    let function =
                        Function { name, system_name: name, filename: StringId::EMPTY, start_line: 0 };
                    let function = Some(profile.symbols.intern_function(function));
                    let lines = [Line { function, line: 0, column: 0 }];
                    profile.symbols.intern_location(Location {
                        mapping: None,
                        address: 0,
                        is_folded: false,
                        lines: &lines,
                    })
                })
                .collect();
            let stack = profile.symbols.intern_stack(&locations);
            profile.samples.push(Sample { stack, values: &[*value], labels: &[] });
        }
        profile
    }

    /// Memory that was freed was in the root and under no function's name.
    #[test]
    fn negative_functions_come_from_the_stacks() {
        let whole = testing::tree("main;a 100\nmain;b -90\nmain;c 4");
        assert!(!leaves_out(&whole));
        let mut cut = testing::tree("main;a 100\nmain;c 4");
        for row in &mut cut.rows[..2] {
            row.cumulative = 14;
        }
        assert!(leaves_out(&cut));

        let tree =
            tree(&profile(&[("main;a", 100), ("main;b", -90), ("main;c", 4)]), FlameColumns::default());
        let rows: Vec<(Option<&str>, i64, i64)> = tree
            .rows
            .iter()
            .map(|row| (row.function.map(|id| tree.symbols.string(id)), row.flat, row.cumulative))
            .collect();
        assert_eq!(
            rows,
            [
                (None, 0, 14),
                (Some("main"), 0, 14),
                (Some("a"), 100, 100),
                (Some("b"), -90, -90),
                (Some("c"), 4, 4)
            ]
        );
        assert!(!leaves_out(&tree));
    }

    #[test]
    fn stacks_without_frames_leave_nothing_out() {
        let mut flame = testing::tree("main;a 100");
        flame.rows[0].cumulative += 7;
        assert!(!leaves_out(&flame));
    }
}
