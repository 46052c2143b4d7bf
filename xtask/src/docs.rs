//! The first line of a documentation comment names its subject: whoever reads it in a list of items, or in an editor's
//! tooltip, does not see what a pronoun stands for.

use std::path::Path;

use anyhow::{Context, Result, bail};

/// Words that stand for something that was said before, as "the same" does.
const PRONOUNS: &[&str] =
    &["It", "Its", "They", "Their", "Them", "This", "These", "Those", "That", "He", "His", "Such"];

/// Fails with one line for each comment that begins with a pronoun.
pub fn check(root: &Path) -> Result<()> {
    let mut mistakes = Vec::new();
    for folder in ["proto", "crates", "bins", "xtask"] {
        walk(&root.join(folder), root, &mut mistakes)?;
    }
    if !mistakes.is_empty() {
        bail!("documentation begins with its subject, not with a pronoun:\n  {}", mistakes.join("\n  "));
    }
    Ok(())
}

fn walk(folder: &Path, root: &Path, mistakes: &mut Vec<String>) -> Result<()> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("read `{}`", folder.display()))?;
    for entry in entries {
        let path = entry.with_context(|| format!("read `{}`", folder.display()))?.path();
        if path.is_dir() {
            // What a generator wrote has the words of its source.
            if path.file_name().is_some_and(|name| name != "gen" && name != "target") {
                walk(&path, root, mistakes)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text =
                std::fs::read_to_string(&path).with_context(|| format!("read `{}`", path.display()))?;
            let shown = path.strip_prefix(root).unwrap_or(&path).display();
            mistakes.extend(of_file(&text).map(|(number, line)| format!("{shown}:{number}: {line}")));
        }
    }
    Ok(())
}

/// The lines that begin a comment with a pronoun, with their numbers.
fn of_file(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut before = "";
    text.lines().map(str::trim).enumerate().filter_map(move |(index, line)| {
        let is_first = |mark: &str| line.starts_with(mark) && !before.starts_with(mark);
        let begins = ["///", "//!"].into_iter().any(is_first);
        before = line;
        let words = line.get(3..).unwrap_or_default().trim_start();
        let first = words.split_whitespace().next();
        let refers = first.is_some_and(|word| PRONOUNS.contains(&word)) || words.starts_with("The same ");
        (begins && refers).then_some((index + 1, line))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_line_of_a_comment_counts() {
        let found: Vec<usize> = of_file(concat!(
            "/// The length.\n/// It counts bytes.\nfn a() {}\n",
            "    /// Its name.\n    name: String,\n",
            "// It is no documentation.\n//! This file.\n/// Italics are fine.\n//\n/// The same as a file.\n",
        ))
        .map(|(number, _)| number)
        .collect();
        assert_eq!(found, [4, 7, 10]);
    }
}
