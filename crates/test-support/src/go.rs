use std::path::{Path, PathBuf};
use std::process::Command;

/// A program in Go that was built for a test process; removed when it is dropped.
#[derive(Debug)]
pub struct GoProgram(PathBuf);

impl GoProgram {
    /// Builds what is in a folder of sources. Go's cache makes it quick for the next time.
    ///
    /// # Panics
    /// It cannot be built.
    pub fn build(go: &str, sources: &Path) -> Self {
        Self(
            go_build(go, sources, "go-programs")
                .unwrap_or_else(|words| panic!("{}: {words}", sources.display())),
        )
    }

    /// Where the program is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for GoProgram {
    fn drop(&mut self) {
        // What is left is overwritten by the next process of that number.
        let _left = std::fs::remove_file(&self.0);
    }
}

/// Builds a program into a folder of the build's own. It is named after the process: others may build, and run what they
/// have built, at the same time.
pub(crate) fn go_build(go: &str, sources: &Path, folder: &str) -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target").join(folder);
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let name = sources.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let program = folder.join(format!("{name}.{}.{:?}", std::process::id(), std::thread::current().id()));
    let mut command = Command::new(go);
    command.args(["build", "-trimpath", "-o"]).arg(&program).arg(".").current_dir(sources);
    let output = command.env("GOFLAGS", "-mod=mod -buildvcs=false").output();
    let output = output.map_err(|error| format!("cannot start `go`: {error}"))?;
    match output.status.success() {
        true => Ok(program),
        false => Err(format!("`go build` failed: {}", String::from_utf8_lossy(&output.stderr).trim())),
    }
}
