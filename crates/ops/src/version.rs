use std::sync::OnceLock;

/// The commit that the programs were built from, as whoever packages them said it in the variable `PARCA_TOOLS_COMMIT`
/// of the build; nothing in a build that did not say.
pub const COMMIT: Option<&str> = match option_env!("PARCA_TOOLS_COMMIT") {
    Some(commit) if !commit.is_empty() => Some(commit),
    _ => None,
};

/// The text of `--version`: `0.1.0`, or `0.1.0 (74ff9af)` where the [`COMMIT`] is known.
pub fn version() -> &'static str {
    static VERSION: OnceLock<String> = OnceLock::new();
    VERSION.get_or_init(|| text(env!("CARGO_PKG_VERSION"), COMMIT))
}

fn text(version: &str, commit: Option<&str>) -> String {
    commit.map_or_else(|| version.to_owned(), |commit| format!("{version} ({commit})"))
}

#[test]
fn the_commit_stands_behind_the_version_where_it_is_known() {
    assert_eq!(text("0.1.0", None), "0.1.0");
    assert_eq!(text("0.1.0", Some("74ff9af")), "0.1.0 (74ff9af)");
}
