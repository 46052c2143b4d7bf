//! Which window of a query was finished last, on disk, so that a new process goes on after it.
//!
//! A window's series are written to `<query>.pending` before they are handed to the receivers, and the
//! file becomes `<query>.done` afterwards. Whoever finds a `.pending` does not know whether its series
//! arrived: it hands over the same series with the same values again, which receivers take as one. Asking
//! the Parca again could give other values, as profiles come late, and those a receiver refuses.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use remote_write::{Batch, Message, Series, decode};

use crate::schedule::Window;

/// The state of one query.
#[derive(Debug)]
pub(crate) struct Progress {
    /// None: only in memory.
    files: Option<Files>,
    /// The end of the newest window that needs no more work.
    pub(crate) finished_ms: Option<i64>,
}

/// What an earlier process left.
#[derive(Debug, Default)]
pub(crate) struct Left {
    /// The newest window that was handed over.
    pub(crate) done: Option<Finished>,
    /// A newer one that may have been handed over, or not.
    pub(crate) pending: Option<Finished>,
}

/// A window with its series.
#[derive(Clone, Debug)]
pub(crate) struct Finished {
    pub(crate) end_ms: i64,
    pub(crate) series: Vec<Series>,
}

#[derive(Debug)]
struct Files {
    pending: PathBuf,
    done: PathBuf,
    /// Written first, then renamed: a file is whole or not there.
    fresh: PathBuf,
}

/// Why the progress of a query cannot be kept.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} `{}`", path.display())]
pub struct ProgressError {
    action: &'static str,
    path: PathBuf,
    #[source]
    source: io::Error,
}

const MAGIC: &[u8; 8] = b"pexwin1\n";
/// Magic, checksum of all that follows, end of the window.
const HEADER: usize = 8 + 4 + 8;
/// What a file may hold; a window of the most series is far smaller.
const MAX_BYTES: u64 = 256 << 20;

impl Progress {
    /// Nothing is kept.
    pub(crate) fn in_memory() -> Self {
        Self { files: None, finished_ms: None }
    }

    /// Reads what an earlier process left in `directory`, which is made if it is not there.
    pub(crate) fn open(directory: &Path, query_name: &str) -> Result<(Self, Left), ProgressError> {
        fs::create_dir_all(directory).map_err(|source| ProgressError {
            action: "make",
            path: directory.to_owned(),
            source,
        })?;
        let file = |suffix: &str| directory.join(format!("{}.{suffix}", file_name(query_name)));
        let files = Files { pending: file("pending"), done: file("done"), fresh: file("fresh") };
        let (done, pending) = (read(&files.done)?, read(&files.pending)?);
        // A crash between the two renames leaves both; the newer window counts.
        let pending = pending.filter(|pending| done.as_ref().is_none_or(|done| pending.end_ms > done.end_ms));
        let finished_ms = done.as_ref().map(|done| done.end_ms);
        Ok((Self { files: Some(files), finished_ms }, Left { done, pending }))
    }

    /// Before the series are handed over.
    pub(crate) fn begin(&self, window: Window, series: &[Series]) -> Result<(), ProgressError> {
        let Some(files) = &self.files else { return Ok(()) };
        let body = Batch::encode(Message::V1, series).body;
        let mut bytes = Vec::with_capacity(HEADER + body.len());
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&checksum(window.end_ms, &body).to_le_bytes());
        bytes.extend_from_slice(&window.end_ms.to_le_bytes());
        bytes.extend_from_slice(&body);
        let write = || {
            fs::File::create(&files.fresh)?.write_all(&bytes)?;
            fs::rename(&files.fresh, &files.pending)
        };
        write().map_err(|source| ProgressError { action: "write", path: files.pending.clone(), source })
    }

    /// After they were handed over.
    pub(crate) fn finish(&mut self, end_ms: i64) -> Result<(), ProgressError> {
        self.finished_ms = Some(end_ms);
        let Some(files) = &self.files else { return Ok(()) };
        fs::rename(&files.pending, &files.done).map_err(|source| ProgressError {
            action: "rename",
            path: files.pending.clone(),
            source,
        })
    }
}

/// A file that is damaged counts as none: its windows are asked for again, as far as that reaches.
fn read(path: &Path) -> Result<Option<Finished>, ProgressError> {
    let read = || -> io::Result<Option<Vec<u8>>> {
        match fs::metadata(path) {
            Ok(meta) if meta.len() > MAX_BYTES => Ok(None),
            Ok(_) => fs::read(path).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    };
    let bytes = read().map_err(|source| ProgressError { action: "read", path: path.to_owned(), source })?;
    let Some(bytes) = bytes else { return Ok(None) };
    let finished = parse(&bytes);
    if finished.is_none() {
        tracing::warn!(path = %path.display(), "a damaged file is not used");
    }
    Ok(finished)
}

fn parse(bytes: &[u8]) -> Option<Finished> {
    let (header, body) = bytes.split_at_checked(HEADER)?;
    let (magic, numbers) = header.split_at(MAGIC.len());
    let found = u32::from_le_bytes(numbers[..4].try_into().ok()?);
    let end_ms = i64::from_le_bytes(numbers[4..].try_into().ok()?);
    if magic != MAGIC || found != checksum(end_ms, body) {
        return None;
    }
    Some(Finished { end_ms, series: decode(Message::V1, body).ok()? })
}

fn checksum(end_ms: i64, body: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&end_ms.to_le_bytes());
    hasher.update(body);
    hasher.finalize()
}

/// Query names are free text; file names are not. Equal beginnings are told apart by a hash.
fn file_name(query_name: &str) -> String {
    const LONGEST: usize = 64;
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    let readable: String = query_name.chars().take(LONGEST).map(plain).collect();
    format!("{readable}-{:08x}", crc32fast::hash(query_name.as_bytes()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use relabel::Labels;
    use remote_write::stale_marker;

    use super::*;

    fn series(value: f64) -> Vec<Series> {
        vec![Series::new(Labels::new([("__name__", "m")]).unwrap(), value, 7)]
    }

    fn window(end_ms: i64) -> Window {
        Window { start_ms: end_ms - 10, end_ms }
    }

    #[test]
    fn a_new_process_knows_what_was_finished_and_what_may_not_have_been() {
        let dir = tempfile::tempdir().unwrap();
        let open = || Progress::open(dir.path(), "a/b c").unwrap();
        let (mut progress, left) = open();
        assert!(progress.finished_ms.is_none() && left.done.is_none() && left.pending.is_none());

        progress.begin(window(10), &series(1.0)).unwrap();
        assert_eq!(open().1.pending.unwrap().series, series(1.0));

        progress.finish(10).unwrap();
        let (reopened, left) = open();
        assert!(left.pending.is_none());
        assert_eq!(reopened.finished_ms, Some(10));
        assert_eq!(left.done.unwrap().series, series(1.0));

        progress.begin(window(20), &series(stale_marker())).unwrap();
        let (reopened, left) = open();
        let pending = left.pending.unwrap();
        assert_eq!((reopened.finished_ms, pending.end_ms), (Some(10), 20));
        assert_eq!(pending.series, series(stale_marker()));
    }

    #[test]
    fn damaged_files_are_none() {
        let dir = tempfile::tempdir().unwrap();
        let (mut progress, _) = Progress::open(dir.path(), "q").unwrap();
        progress.begin(window(10), &series(1.0)).unwrap();
        progress.finish(10).unwrap();
        let path = fs::read_dir(dir.path()).unwrap().next().unwrap().unwrap().path();
        let good = fs::read(&path).unwrap();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            assert!(parse(&bad).is_none(), "byte {at}");
            assert!(parse(&good[..at]).is_none(), "cut at {at}");
        }
    }

    #[test]
    fn names_of_queries_do_not_meet_in_one_file() {
        let long = "x".repeat(100);
        let names = ["a b", "a_b", "a/b", "../a", &long, &format!("{long}y")].map(file_name);
        let distinct: std::collections::BTreeSet<&String> = names.iter().collect();
        assert_eq!(distinct.len(), names.len(), "{names:?}");
        assert!(names.iter().all(|name| !name.contains(['/', '.'])));
    }
}
