//! Which window of a query was finished last, on disk, so that a new process goes on after it.
//!
//! A window's series are written to `<query>.pending` before they are handed to the receivers, and the
//! file becomes `<query>.done` afterwards. Whoever finds a `.pending` does not know whether its series
//! arrived: it hands over the same series with the same values again, which receivers take as one. Asking
//! the Parca again could give other values, as profiles come late, and those a receiver refuses.

use std::path::{Path, PathBuf};

use durable::{
    Checked, DiskError, Kind, SharedDisk, StdDisk, UnsyncedDisk, publish, read_checked, write_checked,
};
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

/// Where finished windows are remembered.
#[derive(Clone, Debug)]
pub(crate) struct ProgressPlace {
    /// The folder, which is made if it is not there.
    pub(crate) directory: PathBuf,
    /// Whether they survive a power cut, and not only a kill.
    pub(crate) sync: bool,
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
    disk: SharedDisk,
    pending: PathBuf,
    done: PathBuf,
}

/// Why the progress of a query cannot be kept.
#[derive(Debug, thiserror::Error)]
#[error("cannot remember which windows are finished")]
pub struct ProgressError(#[from] DiskError);

/// What the files are; a window of the most series is far smaller than the limit.
const KIND: Kind = Kind { name: "profile-exporter window", format: 1, max_bytes: 256 << 20 };

impl Progress {
    /// Nothing is kept.
    pub(crate) fn in_memory() -> Self {
        Self { files: None, finished_ms: None }
    }

    /// Reads what an earlier process left.
    pub(crate) fn open(place: &ProgressPlace, query_name: &str) -> Result<(Self, Left), ProgressError> {
        let ProgressPlace { directory, sync } = place;
        let disk = if *sync { StdDisk::shared() } else { UnsyncedDisk::shared() };
        durable::make_folder(&*disk, directory)?;
        let file = |suffix: &str| directory.join(format!("{}.{suffix}", file_name(query_name)));
        let files = Files { disk, pending: file("pending"), done: file("done") };
        let (done, pending) = (files.read(&files.done)?, files.read(&files.pending)?);
        // A crash between the two steps leaves both; the newer window counts.
        let pending = pending.filter(|pending| done.as_ref().is_none_or(|done| pending.end_ms > done.end_ms));
        let finished_ms = done.as_ref().map(|done| done.end_ms);
        Ok((Self { files: Some(files), finished_ms }, Left { done, pending }))
    }

    /// Before the series are handed over.
    pub(crate) fn begin(&self, window: Window, series: &[Series]) -> Result<(), ProgressError> {
        let Some(files) = &self.files else { return Ok(()) };
        let body = Batch::encode(Message::V1, series).body;
        let payload = [&window.end_ms.to_le_bytes()[..], &body].concat();
        Ok(write_checked(&*files.disk, &files.pending, KIND, &payload)?)
    }

    /// After they were handed over.
    pub(crate) fn finish(&mut self, end_ms: i64) -> Result<(), ProgressError> {
        self.finished_ms = Some(end_ms);
        let Some(files) = &self.files else { return Ok(()) };
        Ok(publish(&*files.disk, &files.pending, &files.done)?)
    }
}

impl Files {
    /// A file that is damaged counts as none: its windows are asked for again, as far as that reaches.
    fn read(&self, path: &Path) -> Result<Option<Finished>, ProgressError> {
        let why = match read_checked(&*self.disk, path, KIND)? {
            Checked::Missing => return Ok(None),
            Checked::Whole(_, payload) => match parse(&payload) {
                Some(finished) => return Ok(Some(finished)),
                None => "it holds no window".to_owned(),
            },
            Checked::Damaged(why) => why.to_string(),
            Checked::Newer(format) => format!("it has format {format}, which a newer version wrote"),
        };
        tracing::warn!(path = %path.display(), why, "a file cannot be used: its windows are asked for again");
        Ok(None)
    }
}

fn parse(payload: &[u8]) -> Option<Finished> {
    let (end_ms, body) = payload.split_first_chunk()?;
    Some(Finished { end_ms: i64::from_le_bytes(*end_ms), series: decode(Message::V1, body).ok()? })
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
    use std::fs;

    use relabel::Labels;
    use remote_write::stale_marker;

    use super::*;

    fn series(value: f64) -> Vec<Series> {
        vec![Series::new(Labels::new([("__name__", "m")]).unwrap(), value, 7)]
    }

    fn place(directory: &Path) -> ProgressPlace {
        ProgressPlace { directory: directory.to_owned(), sync: false }
    }

    fn window(end_ms: i64) -> Window {
        Window { start_ms: end_ms - 10, end_ms }
    }

    #[test]
    fn a_new_process_knows_what_was_finished_and_what_may_not_have_been() {
        let dir = tempfile::tempdir().unwrap();
        let open = || Progress::open(&place(dir.path()), "a/b c").unwrap();
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
        let (mut progress, _) = Progress::open(&place(dir.path()), "q").unwrap();
        progress.begin(window(10), &series(1.0)).unwrap();
        progress.finish(10).unwrap();
        let path = fs::read_dir(dir.path()).unwrap().next().unwrap().unwrap().path();
        let good = fs::read(&path).unwrap();
        let found = |bytes: &[u8]| {
            fs::write(&path, bytes).unwrap();
            Progress::open(&place(dir.path()), "q").unwrap().1.done
        };
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            assert!(found(&bad).is_none(), "byte {at}");
            assert!(found(&good[..at]).is_none(), "cut at {at}");
        }
        assert!(found(&good).is_some());
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
