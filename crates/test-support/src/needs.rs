use std::io::Write;
use std::path::{Path, PathBuf};

/// Whether a test's needs are met: a program's path, or the value of a variable whose name is in capitals.
///
/// This is the one way to skip a test. Where a need is missing, `skipped: needs X` is written to stderr past the test
/// runner (and to the file that `SKIPPED_TESTS` names, which `cargo xtask ci` counts), and the test returns. Where
/// `REQUIRED_FOR_TESTS` lists the need (as `.ci/run` does), the test fails instead: a green CI has run it.
///
/// ```
/// fn the_test() {
///     let Some(go) = test_support::needs("go") else { return };
///     assert!(go.contains("go"));
/// }
/// # the_test();
/// ```
///
/// # Panics
/// A need is missing that is required.
pub fn needs(what: &str) -> Option<String> {
    let is_variable = what.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    let found =
        if is_variable { variable(what) } else { program(what).map(|path| path.display().to_string()) };
    if found.is_none() {
        missing(what);
    }
    found
}

/// Says that a test is skipped for want of something that [`needs`] does not look for by itself.
///
/// # Panics
/// It is required.
pub fn missing(what: &str) {
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    let required = std::env::var("REQUIRED_FOR_TESTS").unwrap_or_default();
    let is_required = required.split(',').map(str::trim).any(|required| required == what);
    assert!(
        !is_required,
        "`{test}` needs {what}, which REQUIRED_FOR_TESTS lists and this machine does not have"
    );
    let line = format!("skipped: needs {what} ({test})\n");
    // Not `eprintln!`, which the test runner hides where a test passes; in one piece, as tests run side by side.
    let _gone = std::io::stderr().write_all(line.as_bytes());
    if let Some(path) = std::env::var_os("SKIPPED_TESTS") {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(path);
        let _gone = file.and_then(|mut file| file.write_all(line.as_bytes()));
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// A program: where `NAME_BIN` says, on the PATH, or where Go and Prometheus are otherwise.
fn program(name: &str) -> Option<PathBuf> {
    if let Some(path) = variable(&format!("{}_BIN", name.to_uppercase())) {
        return Some(PathBuf::from(path));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).collect::<Vec<_>>();
    let elsewhere = ["/usr/local/go/bin", "/usr/bin", "/usr/local/bin"].map(PathBuf::from);
    // An empty PATH is one that a test of this very function or of CI sets: then there is nothing elsewhere, either.
    let elsewhere = elsewhere.into_iter().filter(|_| variable("NO_PROGRAMS_ELSEWHERE").is_none());
    folders.into_iter().chain(elsewhere).map(|folder| folder.join(name)).find(|path| is_program(path))
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// A folder of the data that this crate keeps for tests: `profiles` or `parca-answers`; `data/README.md` says where
/// they are from.
pub fn data(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(folder)
}

/// The real pprof files, sorted by name.
pub fn real_profiles() -> Vec<PathBuf> {
    let mut files = Vec::new();
    for folder in [data("profiles"), data("profiles").join("series")] {
        let entries =
            std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let paths = entries.map(|entry| entry.expect("a folder can be listed").path());
        files.extend(paths.filter(|path| path.is_file()));
    }
    files.sort();
    files
}
