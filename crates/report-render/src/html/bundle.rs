//! The page's modules as one script, for a page that is one file.

use super::assets::{Asset, MAIN, MODULES};

/// One script with all modules, each in a function of its own that gives what it exports. Imports and exports are what
/// our own modules have: an import is a line with names in braces, an export stands before a declaration.
pub(super) fn bundle() -> String {
    let mut script = String::from("'use strict';\nconst modules = {};\n");
    for module in MODULES.iter().chain([&MAIN]) {
        push(&mut script, module);
    }
    script
}

fn push(script: &mut String, module: &Asset) {
    let mut exports = Vec::new();
    script.push_str(&format!("modules['./{}'] = (() => {{\n", module.name));
    for line in module.text.lines() {
        if let Some((names, from)) = imported(line) {
            script.push_str(&format!("const {names} = modules['{from}'];\n"));
            continue;
        }
        let declared = line.strip_prefix("export ");
        exports.extend(declared.and_then(declared_name));
        script.push_str(declared.unwrap_or(line));
        script.push('\n');
    }
    script.push_str(&format!("return {{ {} }};\n}})();\n", exports.join(", ")));
}

/// The names and the module of `import { a, b } from './x.js';`.
fn imported(line: &str) -> Option<(&str, &str)> {
    let (names, from) = line.strip_prefix("import ")?.split_once(" from ")?;
    Some((names, from.trim_end_matches(';').trim_matches('\'')))
}

/// The name in `const a = ...`, `function a(...)`, `async function a(...)` or `class A ...`.
fn declared_name(declaration: &str) -> Option<&str> {
    let mut words = declaration.split([' ', '(', '{', '=']).filter(|word| !matches!(*word, "async" | ""));
    let _kind = words.next()?;
    words.next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_of_modules() {
        let script = bundle();
        for line in script.lines() {
            assert!(!line.starts_with("import ") && !line.starts_with("export "), "{line}");
        }
        assert!(script.contains("return { human") || script.contains("human, signed"));
        // A script element would end there.
        assert!(!script.to_ascii_lowercase().contains("</script") && !script.contains("<!--"));
        assert_eq!(declared_name("async function run() {"), Some("run"));
        assert_eq!(declared_name("class Graph {"), Some("Graph"));
    }
}
