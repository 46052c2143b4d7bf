//! Whatever the text is: no panic, no endless work, and what is printed is read back.

use config_file::{Kind, Node, Reader, Report, parse};
use proptest::prelude::*;

/// Pieces that make YAML more often than chance does.
fn yamlish() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        Just("a"),
        Just(": "),
        Just("- "),
        Just("\n"),
        Just("  "),
        Just("["),
        Just("]"),
        Just("{"),
        Just("}"),
        Just(", "),
        Just("&x "),
        Just("*x"),
        Just("<<: "),
        Just("\""),
        Just("'"),
        Just("|\n"),
        Just(">"),
        Just("#"),
        Just("---\n"),
        Just("!!str "),
        Just("? "),
        Just("\t"),
        Just("é"),
        Just("\r"),
        Just("%YAML"),
        Just("~"),
        Just("\u{0}"),
        Just("@"),
        Just("\\u")
    ];
    prop::collection::vec(pieces, 0..40).prop_map(|pieces| pieces.concat())
}

#[derive(Clone, Debug)]
enum Tree {
    Text(String),
    List(Vec<Tree>),
    Map(std::collections::BTreeMap<String, Tree>),
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = any::<String>().prop_map(Tree::Text);
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Tree::List),
            prop::collection::btree_map("[a-z<]{1,8}|\\PC{1,8}", inner, 0..5).prop_map(Tree::Map),
        ]
    })
}

fn quote(text: &str) -> String {
    let escaped = text.chars().map(|c| match c {
        '"' => "\\\"".to_owned(),
        '\\' => "\\\\".to_owned(),
        ' '..='~' => c.to_string(),
        c => format!("\\U{:08x}", u32::from(c)),
    });
    format!("\"{}\"", escaped.collect::<String>())
}

/// As a block, which needs the indentation right.
fn write(tree: &Tree, indent: usize, to: &mut String) {
    let margin = " ".repeat(indent);
    match tree {
        Tree::Text(text) => to.push_str(&format!(" {}\n", quote(text))),
        Tree::List(items) if items.is_empty() => to.push_str(" []\n"),
        Tree::Map(entries) if entries.is_empty() => to.push_str(" {}\n"),
        Tree::List(items) => {
            to.push('\n');
            for item in items {
                to.push_str(&format!("{margin}-"));
                write(item, indent + 2, to);
            }
        }
        Tree::Map(entries) => {
            to.push('\n');
            for (key, value) in entries {
                to.push_str(&format!("{margin}{}:", quote(key)));
                write(value, indent + 2, to);
            }
        }
    }
}

fn same(tree: &Tree, node: &Node) -> bool {
    match (tree, &node.kind) {
        (Tree::Text(text), Kind::Scalar { text: found, quoted }) => text == found && *quoted,
        (Tree::List(items), Kind::Sequence(found)) => {
            items.len() == found.len() && items.iter().zip(found).all(|(tree, node)| same(tree, node))
        }
        (Tree::Map(entries), Kind::Mapping(found)) => {
            let pairs = entries.iter().zip(found);
            entries.len() == found.len()
                && pairs
                    .into_iter()
                    .all(|((key, tree), (other, node))| *key == other.text && same(tree, node))
        }
        _ => false,
    }
}

fn survives(text: &str) {
    let report = Report::new(|word| word.contains('a'));
    if let Some(root) = parse(text, &report) {
        root.fingerprint();
        root.locate("a[0].a");
        if let Some(mut top) = Reader::new(&root, &report) {
            top.optional("a").map(|field| (field.boolean(), field.list(), field.entries()));
            top.finish();
        }
    } else {
        assert!(report.is_fatal());
    }
    report.finish("f").to_string();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_survived(text in any::<String>()) {
        survives(&text);
    }

    #[test]
    fn anything_like_yaml_is_survived(text in yamlish()) {
        survives(&text);
    }

    #[test]
    fn what_is_printed_is_read_back(tree in tree()) {
        let mut text = String::new();
        write(&tree, 0, &mut text);
        let report = Report::new(|_| false);
        let root = parse(&text, &report);
        prop_assert!(root.as_ref().is_some_and(|root| same(&tree, root)), "{text}\n{}", report.finish("f"));
    }
}
