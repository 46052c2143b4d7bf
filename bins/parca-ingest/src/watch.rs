//! `push --watch`: every file that is put into a folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use ingest::send::Stores;
use ops::eprint_line;
use tokio_util::sync::CancellationToken;

use crate::args::Push;
use crate::{Error, Exit, push, stores};

/// How often the folder is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// Where files go that were sent, and those that cannot be.
const DONE: &str = "done";
const FAILED: &str = "failed";

/// What a file looked like the last time.
type Seen = BTreeMap<PathBuf, (u64, SystemTime)>;

/// Sends what comes into a folder, until a signal.
pub(crate) async fn run(folder: &Path, args: &Push) -> Result<Exit, Error> {
    let sinks = &Stores::start(stores::settings(&args.stores))?;
    let stop = CancellationToken::new();
    ops::stop_on_signals(stop.clone())?;
    for name in [DONE, FAILED] {
        std::fs::create_dir_all(folder.join(name))
            .map_err(|error| format!("make `{}`: {error}", folder.join(name).display()))?;
    }
    tracing::info!(folder = %folder.display(), "watching");
    let (mut seen, mut taken) = (Seen::new(), 0);
    while !stop.is_cancelled() {
        let now = files(folder)?;
        // A file that still grows is not whole.
        let whole =
            now.iter().filter(|(path, about)| seen.get(*path) == Some(about)).map(|(path, _)| path.clone());
        for path in whole.collect::<Vec<_>>() {
            taken += send(&path, folder, args, sinks).await;
        }
        seen = now;
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
    push::finish(sinks, taken, &args.profile).await?;
    Ok(Exit::Done)
}

fn files(folder: &Path) -> Result<Seen, Error> {
    let entries = std::fs::read_dir(folder)
        .map_err(|error| format!("read the folder `{}`: {error}", folder.display()))?;
    let about = |entry: std::fs::DirEntry| {
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        let about = entry.metadata().ok().filter(|about| about.is_file() && !hidden)?;
        Some((entry.path(), (about.len(), about.modified().ok()?)))
    };
    Ok(entries.flatten().filter_map(about).collect())
}

/// Sends a file and moves it; how many profiles it had.
async fn send(path: &Path, folder: &Path, args: &Push, sinks: &Stores) -> usize {
    let (to, count) = match push::push(path, args, sinks).await {
        Ok(count) => {
            tracing::info!(file = %path.display(), profiles = count, "taken");
            (DONE, count)
        }
        Err(error) => {
            eprint_line(&ops::describe(error.as_ref()));
            (FAILED, 0)
        }
    };
    let target = folder.join(to).join(path.file_name().unwrap_or_default());
    if let Err(error) = std::fs::rename(path, &target) {
        tracing::error!(file = %path.display(), %error, "cannot move the file away: it would be sent again");
    }
    count
}
