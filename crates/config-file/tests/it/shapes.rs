//! What texts become, and what is refused.

use config_file::{Kind, Node, Report, parse};

/// The tree in a form to compare: keys as they come, texts in quotes where they were quoted.
pub(crate) fn print(node: &Node) -> String {
    match &node.kind {
        Kind::Null => "~".to_owned(),
        Kind::Scalar { text, quoted: true } => format!("{text:?}"),
        Kind::Scalar { text, .. } => text.clone(),
        Kind::Sequence(items) => {
            format!("[{}]", items.iter().map(print).collect::<Vec<_>>().join(", "))
        }
        Kind::Mapping(entries) => {
            let entries: Vec<_> =
                entries.iter().map(|(key, node)| format!("{}: {}", key.text, print(node))).collect();
            format!("{{{}}}", entries.join(", "))
        }
    }
}

#[track_caller]
fn check(text: &str, expect: &str, mistakes: &str) {
    let report = Report::new(|word| word == "password");
    let found = parse(text, &report);
    assert_eq!(found.as_ref().map_or("-".to_owned(), print), expect, "{text}");
    assert_eq!(report.finish("f").to_string(), mistakes, "{text}");
}

#[test]
fn texts_become_trees() {
    check("", "~", "");
    check("# nothing\n", "~", "");
    check("a: 1\nb:\n- x\n- 'y'\n- |\n  z\nc:\nd: ~\n", "{a: 1, b: [x, \"y\", \"z\\n\"], c: ~, d: ~}", "");
    check("{a: [1, {b: no}], \"c\": null}", "{a: [1, {b: no}], c: ~}", "");
    check("a: !!str null\nb: !!int 5\nc: !mine x\n", "{a: \"null\", b: 5, c: x}", "");
    check("\u{feff}a: b\r\nc: d\r\n", "{a: b, c: d}", "");
    check("---\na: b\n...\n", "{a: b}", "");
}

#[test]
fn anchors_and_merge_keys() {
    check("a: &x [1, 2]\nb: *x", "{a: [1, 2], b: [1, 2]}", "");
    let merge = "base: &base {a: 1, b: 2}\nmore: &more {b: 3, c: 4}\n";
    let trees = "base: {a: 1, b: 2}, more: {b: 3, c: 4}";
    check(&format!("{merge}x:\n  <<: *base\n  b: 9"), &format!("{{{trees}, x: {{b: 9, a: 1}}}}"), "");
    check(&format!("{merge}x: {{<<: [*base, *more]}}"), &format!("{{{trees}, x: {{a: 1, b: 2, c: 4}}}}"), "");
    check("x: {'<<': 1}", "{x: {<<: 1}}", "");
    check(
        "x:\n  <<: 7\n  a: 1",
        "{x: {a: 1}}",
        "f:2:7: x.<<: expected a mapping or a list of mappings, found a text",
    );
    check(
        "a: *nothing",
        "-",
        "f:1:4: expected YAML, found a syntax error: while parsing node, found unknown anchor\n  a: *nothing\n     ^",
    );
    check(
        "a: &x [*x]",
        "-",
        "f:1:8: a[0]: expected an alias of something before it, found one of what it is in",
    );
}

#[test]
fn what_is_refused() {
    check("a: 1\nb: 2\na: 3", "{a: 1, b: 2}", "f:3:1: a: expected each key once, found it again");
    check(
        "x:\n- {a: 1, a: {b: c}}",
        "{x: [{a: 1}]}",
        "f:2:10: x[0].a: expected each key once, found it again",
    );
    check("[a, b]: 1\nc: 2", "{c: 2}", "f:1:1: expected a text as the key, found a list");
    check("a: 1\n---\nb: 2", "-", "f:2:1: expected one document, found a second one");
}

#[test]
fn syntax_errors_show_the_line() {
    let mistakes = |text: &str| {
        let report = Report::new(|word| word == "password");
        assert!(parse(text, &report).is_none(), "{text}");
        report.finish("f").to_string()
    };
    let found = mistakes("a: 1\nb: [1, 2\nc: 3\n");
    assert!(found.starts_with("f:") && found.ends_with('^') && found.lines().count() == 3, "{found}");
    for text in [
        "password: \"hunter2",
        "password: [hunter2",
        "a: {password: hunter2]",
        "password: hunter2: x",
        "password: @hunter2",
        "password: *hunter2",
        "password: %hunter2\n x: y\n  z",
        "password: !hunter2!x y",
    ] {
        let found = mistakes(text);
        assert!(!found.contains("hunter2") && found.starts_with("f:"), "{found}");
    }
}

#[test]
fn bombs_do_not_go_off() {
    let refused = |text: &str, expect: &str| {
        let report = Report::new(|_| false);
        assert!(parse(text, &report).is_none());
        let found = report.finish("f").to_string();
        assert!(found.contains(expect) && found.len() < 500, "{found}");
    };
    let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..10 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        laughs.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
    }
    refused(&laughs, "at most 100000 values");
    let long = format!("a: &a {}\nb: [{}]", "x".repeat(500_000), vec!["*a"; 1000].join(", "));
    refused(&long, "bytes of text");
    refused(&"x".repeat((1 << 20) + 1), "at most 1048576 bytes");
    refused(&"- x\n".repeat(100_001), "at most 100000 values");
    refused(&"[".repeat(100), "f:1:");
    refused(&"- ".repeat(100), "f:1:");
    let mut deep = "a0: &a0 [x]\n".to_owned();
    for level in 1..70 {
        deep.push_str(&format!("a{level}: &a{level} [*a{}]\n", level - 1));
    }
    refused(&deep, "at most 64 lists and mappings inside each other");
}
