#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

fn function(symbols: &mut Symbols, name: &str, system_name: &str) -> FunctionId {
    let name = symbols.intern_string(name);
    let system_name = symbols.intern_string(system_name);
    symbols.intern_function(Function { name, system_name, filename: StringId::EMPTY, start_line: 0 })
}

fn mapping(symbols: &mut Symbols, file: &str) -> MappingId {
    let file = symbols.intern_string(file);
    let flags = MappingFlags::default();
    symbols.intern_mapping(Mapping { start: 1, limit: 2, offset: 3, file, build_id: file, flags })
}

fn line(function: FunctionId) -> Line {
    Line { function: Some(function), line: 7, column: 0 }
}

#[test]
fn equal_entries_share_an_id() {
    let mut symbols = Symbols::new();
    let a = symbols.intern_string("a");
    assert_eq!(symbols.intern_string("a"), a);
    assert_ne!(symbols.intern_string("b"), a);
    assert_eq!(symbols.find_string("a"), Some(a));
    assert_eq!(symbols.find_string("c"), None);
    assert_eq!(symbols.intern_string(""), StringId::EMPTY);
    assert_eq!(symbols.intern_stack(&[]), StackId::EMPTY);

    let lines = [line(function(&mut symbols, "f", "g"))];
    let location = Location { mapping: None, address: 5, is_folded: false, lines: &lines };
    let id = symbols.intern_location(location);
    assert_eq!(symbols.intern_location(location), id);
    assert_ne!(symbols.intern_location(Location { lines: &[], ..location }), id);
    assert_eq!(symbols.location(id), location);

    let stack = symbols.intern_stack(&[id, id]);
    assert_eq!(symbols.intern_stack(&[id, id]), stack);
    assert_ne!(symbols.intern_stack(&[id]), stack);
    assert_eq!(symbols.stack(stack), [id, id]);
    assert_eq!(symbols.stack(StackId::EMPTY), []);
    assert!(symbols.heap_bytes() > 0);
}

#[test]
fn inlined_lines_are_frames_of_their_own() {
    let mut symbols = Symbols::new();
    let [inner, outer] = ["inner", "outer"].map(|name| line(function(&mut symbols, name, "")));
    let inlined = [inner, outer];
    let both =
        symbols.intern_location(Location { mapping: None, address: 1, is_folded: false, lines: &inlined });
    let bare = symbols.intern_location(Location { mapping: None, address: 2, is_folded: false, lines: &[] });
    let stack = symbols.intern_stack(&[both, bare]);
    let frames: Vec<_> =
        symbols.frames(stack).map(|frame| (frame.location, frame.line.copied(), frame.inlined)).collect();
    assert_eq!(frames, [(both, Some(inner), true), (both, Some(outer), false), (bare, None, false)]);
    let mut reversed: Vec<_> = symbols
        .frames(stack)
        .rev()
        .map(|frame| (frame.location, frame.line.copied(), frame.inlined))
        .collect();
    reversed.reverse();
    assert_eq!(frames, reversed);
}

#[test]
fn frames_are_named_by_what_is_known() {
    fn check(name: &str, system_name: &str, file: Option<&str>, address: u64, expect: &str) {
        let mut symbols = Symbols::new();
        let lines = match (name, system_name) {
            ("", "") => vec![],
            _ => vec![line(function(&mut symbols, name, system_name))],
        };
        let mapping = file.map(|file| mapping(&mut symbols, file));
        let id = symbols.intern_location(Location { mapping, address, is_folded: false, lines: &lines });
        let frame = symbols.frames_at(id).next().unwrap();
        assert_eq!(symbols.frame_name(&frame).to_string(), expect);
    }
    check("main", "_main", Some("/bin/app"), 1, "main");
    check("", "_main", Some("/bin/app"), 1, "_main");
    check("", "", Some("/usr/lib/libc.so.6"), 0x1f, "libc.so.6+0x1f");
    check("", "", Some("[vdso]"), 0, "[vdso]+0x0");
    check("", "", Some(""), 0x1f, "unknown");
    check("", "", None, 0x1f, "unknown");
}

#[test]
fn a_transfer_carries_only_what_is_asked_for() {
    let mut from = Symbols::new();
    from.intern_string("unused");
    let lines = [line(function(&mut from, "f", "g"))];
    let mapping = Some(mapping(&mut from, "app"));
    let used = from.intern_location(Location { mapping, address: 5, is_folded: true, lines: &lines });
    from.intern_location(Location { mapping, address: 6, is_folded: true, lines: &lines });
    let stack = from.intern_stack(&[used, used]);

    let mut to = Symbols::new();
    to.intern_string("shift");
    let mut transfer = Transfer::new(&from);
    let carried = transfer.stack(&mut to, stack);
    assert_eq!(transfer.stack(&mut to, stack), carried);
    assert_eq!(transfer.stack(&mut to, StackId::EMPTY), StackId::EMPTY);

    assert_eq!(to.find_string("unused"), None);
    assert_eq!((to.locations().len(), to.functions().len(), to.mappings().len()), (1, 1, 1));
    let [location, again] = *to.stack(carried) else { panic!("two frames") };
    assert_eq!(location, again);
    let frame = to.frames(carried).next().unwrap();
    assert_eq!(to.frame_name(&frame).to_string(), "f");
    assert_eq!(to.string(to.frame_mapping(&frame).unwrap().file), "app");
    assert_eq!(to.location(location).address, 5);
}

proptest! {
    #[test]
    fn strings_come_back_and_are_stored_once(strings in prop::collection::vec(".{0,6}", 0..50)) {
        let mut symbols = Symbols::new();
        let ids: Vec<_> = strings.iter().map(|string| symbols.intern_string(string)).collect();
        for (string, id) in strings.iter().zip(&ids) {
            prop_assert_eq!(symbols.string(*id), string);
            prop_assert_eq!(symbols.find_string(string), Some(*id));
        }
        let distinct: std::collections::BTreeSet<_> = symbols.strings().collect();
        prop_assert_eq!(distinct.len(), symbols.strings().len());
    }

    #[test]
    fn stacks_come_back_and_are_stored_once(
        stacks in prop::collection::vec(prop::collection::vec(0u32..4, 0..6), 0..50),
    ) {
        let mut symbols = Symbols::new();
        for stack in &stacks {
            let stack: Vec<_> = stack.iter().map(|at| LocationId::new(*at)).collect();
            let id = symbols.intern_stack(&stack);
            prop_assert_eq!(symbols.stack(id), &stack);
        }
        let distinct: std::collections::BTreeSet<_> = symbols.stacks().collect();
        prop_assert_eq!(distinct.len(), symbols.stacks().len());
    }
}
