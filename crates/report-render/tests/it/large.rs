use std::fmt::Write;

use report_render::{Selection, folded, transform};

use crate::forms;

#[test]
fn nothing_is_something_in_every_form() {
    let profile = forms::profile("");
    for (name, text) in forms::all(&Selection::new(&profile, 0).unwrap()) {
        match name {
            "svg" => drop(roxmltree::Document::parse(&text).unwrap()),
            "stacks.json" => assert_eq!(text, "[]"),
            "folded" => assert_eq!(text, ""),
            name if name.ends_with("json") => drop(serde_json::from_str::<serde_json::Value>(&text).unwrap()),
            _ => assert!(!text.is_empty(), "{name}"),
        }
    }
}

#[test]
fn a_deep_stack_needs_no_stack_of_our_own() {
    let names: Vec<String> = (0..1000).map(|depth| format!("f{depth}")).collect();
    let profile = forms::profile(&format!("{} 5\n", names.join(";")));
    // A thread with as little room as there is finds recursion.
    let check = move || {
        let selection = Selection::new(&profile, 0).unwrap();
        for (name, text) in forms::all(&selection) {
            match name {
                "flame.json" => assert_eq!(text.matches("\"children\":[").count(), 1001),
                "svg" => assert!(text.contains(">f999: 5 ns (100.0 %)")),
                _ => assert!(!text.is_empty()),
            }
        }
        let trimmed = transform::trim(profile.clone(), 0, 1.0);
        assert!(trimmed.cut.is_nothing());
        assert_eq!(transform::sandwich(&profile, "f500").callers.samples.total(0), 5);
        assert_eq!(transform::invert(profile.clone()).samples.total(0), 5);
    };
    std::thread::Builder::new().stack_size(128 * 1024).spawn(check).unwrap().join().unwrap();
}

#[test]
fn a_hundred_thousand_nodes_are_written_in_every_form() {
    let mut lines = String::new();
    for at in 0..100_000_u32 {
        let caller = at / 317;
        writeln!(lines, "main;caller {caller};f{at} {}", at % 7 + 1).unwrap();
    }
    let profile = forms::profile(&lines);
    let selection = Selection::new(&profile, 0).unwrap();
    let graph = selection.flame_graph(Default::default());
    assert!(graph.nodes().len() > 100_000);
    for (name, text) in forms::all(&selection) {
        match name {
            "folded" | "flame.json" | "stacks.json" | "html" => assert!(text.contains("f99999"), "{name}"),
            "top.csv" => assert_eq!(text.lines().count(), 1 + 100_000 + 316 + 1),
            _ => assert!(!text.is_empty()),
        }
    }
    let read = folded::parse_graph(lines.as_bytes(), &Default::default(), 0.0).unwrap();
    assert_eq!(read.graph.nodes().len(), graph.nodes().len());
}
