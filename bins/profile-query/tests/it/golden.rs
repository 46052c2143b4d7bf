//! Outputs in files; `BLESS=1` writes them.

use std::path::PathBuf;

/// Compares with `tests/golden/NAME`, after what differs from run to run is replaced.
#[track_caller]
pub(crate) fn check(name: &str, text: &str, replace: &[(&str, &str)]) {
    let mut text = text.to_owned();
    for (from, to) in replace {
        text = text.replace(from, to);
    }
    let text = without_times(&text);
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &text).unwrap();
        return;
    }
    let expect = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; BLESS=1 writes it\n{text}", path.display()));
    assert_eq!(text, expect, "{}: BLESS=1 writes it anew", path.display());
}

/// Without the times and ports of the run; the times of the document's own examples stay.
fn without_times(text: &str) -> String {
    let ports = regex::Regex::new(r"http://127\.0\.0\.1:\d+").unwrap();
    let text = ports.replace_all(text, "SERVER");
    let times = regex::Regex::new(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z").unwrap();
    let keeps = |found: &regex::Captures<'_>| match &found[0] {
        fixed if fixed.starts_with("2026-01-17") => fixed.to_owned(),
        _ => "TIME".to_owned(),
    };
    times.replace_all(&text, keeps).into_owned()
}
