//! Any text is a tree of nodes with places in it, or mistakes that can be shown; no value of a secret key
//! is in a message.
#![no_main]

use config_file::{Kind, Node, Report, parse};
use libfuzzer_sys::fuzz_target;

const SECRET: &str = "hunter2hunter2";

fuzz_target!(|text: &str| {
    let report = Report::new(|path| path.contains("password"));
    // YAML takes a single carriage return for the end of a line, too.
    let lines = text.bytes().filter(|byte| matches!(byte, b'\n' | b'\r')).count() + 1;
    if let Some(node) = parse(text, &report) {
        check(&node, lines);
    }
    let _shown = report.finish("file.yaml").to_string();

    if !text.contains(SECRET) {
        let report = Report::new(|path| path.contains("password"));
        let _node = parse(&format!("password: {SECRET}\n{text}"), &report);
        let shown = report.finish("file.yaml").to_string();
        assert!(!shown.contains(SECRET), "{shown}");
    }
});

fn check(node: &Node, lines: usize) {
    assert!((1..=lines).contains(&(node.at.line as usize)), "{:?} of {lines} lines", node.at);
    match &node.kind {
        Kind::Mapping(entries) => entries.iter().for_each(|(_, value)| check(value, lines)),
        Kind::Sequence(items) => items.iter().for_each(|item| check(item, lines)),
        _ => {}
    }
}
