//! README.md of each library, from the front page of its documentation: what crates.io shows is what docs.rs shows.

use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::metadata;

/// Writes every README, or with `check` says which are not fresh.
pub(crate) fn run(root: &Path, check: bool) -> Result<()> {
    let mut stale = Vec::new();
    let metadata = metadata::read(root)?;
    for package in metadata::packages(&metadata).filter(|package| package["readme"] == "README.md") {
        let text_of =
            |value: &Value| value.as_str().map(str::to_owned).context("expected a text of cargo metadata");
        let (name, manifest) = (text_of(&package["name"])?, text_of(&package["manifest_path"])?);
        let folder = Path::new(&manifest).parent().unwrap_or(root);
        let source = folder.join("src/lib.rs");
        let text = std::fs::read_to_string(&source).with_context(|| format!("read {}", source.display()))?;
        let made = readme(&name, metadata::short(package), &text);
        let file = folder.join("README.md");
        if std::fs::read_to_string(&file).is_ok_and(|old| old == made) {
            continue;
        }
        match check {
            true => stale.push(file.strip_prefix(root).unwrap_or(&file).display().to_string()),
            false => std::fs::write(&file, made).with_context(|| format!("write {}", file.display()))?,
        }
    }
    if !stale.is_empty() {
        bail!("not what lib.rs says: {}; `cargo xtask readme` writes them anew", stale.join(", "));
    }
    Ok(())
}

/// The package's name, what code calls the library where that is another one, its front page as it reads outside of
/// rustdoc, and where the rest is.
fn readme(name: &str, short: &str, source: &str) -> String {
    let mut text = format!("# {name}\n\n");
    if name != short {
        text += &format!("In code: `{}`.\n\n", short.replace('-', "_"));
    }
    let mut in_code = false;
    let lines = source.lines().take_while(|line| line.starts_with("//!"));
    for line in lines.map(|line| line.strip_prefix("//!").unwrap_or_default()) {
        let line = line.strip_prefix(' ').unwrap_or(line);
        if let Some(language) = line.strip_prefix("```") {
            in_code = !in_code;
            let is_other = ["text", "sh", "yaml", "json"].iter().any(|other| language.starts_with(other));
            text += match (in_code, is_other) {
                (true, false) => "```rust",
                _ => line,
            };
        } else if in_code {
            // Lines that rustdoc hides.
            if line == "#" || line.starts_with("# ") {
                continue;
            }
            text += line;
        } else {
            text += &unlinked(line);
        }
        text.push('\n');
    }
    let end = "\nPart of [parca-tools](https://github.com/parca-tools/parca-tools). Licence: Apache-2.0.\n";
    text + end
}

/// A line whose links to items are words: outside of rustdoc those lead nowhere.
fn unlinked(line: &str) -> String {
    let Some((before, rest)) = line.split_once('[') else { return line.to_owned() };
    let Some((words, after)) = rest.split_once(']') else { return line.to_owned() };
    if let Some((target, after)) = after.strip_prefix('(').and_then(|after| after.split_once(')')) {
        let is_page = target.starts_with("http");
        let kept = if is_page { format!("[{words}]({target})") } else { words.to_owned() };
        return format!("{before}{kept}{}", unlinked(after));
    }
    let is_item = words.starts_with('`') && words.ends_with('`');
    let kept = if is_item { words.to_owned() } else { format!("[{words}]") };
    format!("{before}{kept}{}", unlinked(after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_front_page_reads_outside_of_rustdoc() {
        let source = "//! What it is: [`Thing`], [things](crate::things), [a page](https://x.y).\n//!\n//! ```no_run\n//! # hidden\n//! shown();\n//! ```\n//! ```text\n//! # kept?\n//! ```\nmod thing;\n//! not this\n";
        let expect = "# tool\n\nWhat it is: `Thing`, things, [a page](https://x.y).\n\n```rust\nshown();\n```\n```text\n```\n";
        assert!(readme("tool", "tool", source).starts_with(expect), "{}", readme("tool", "tool", source));
        assert!(
            readme("all-a-tool", "a-tool", source).starts_with("# all-a-tool\n\nIn code: `a_tool`.\n\nWhat")
        );
    }

    #[test]
    fn brackets_that_are_no_links_stay() {
        assert_eq!(unlinked("a[0] and [x"), "a[0] and [x");
    }
}
