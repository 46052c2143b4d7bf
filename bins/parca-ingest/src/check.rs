//! The config, and what is wrong with it.

use std::path::{Path, PathBuf};

use ingest::Config;
use ops::{Hint, eprint_line};

use crate::args::Scrape;
use crate::{Error, Exit};

/// Longer files are no configs.
const MAX_BYTES: u64 = 16 << 20;

#[derive(Debug, thiserror::Error)]
#[error("read the config `{}`", path.display())]
pub(crate) struct Unreadable {
    path: PathBuf,
    source: std::io::Error,
}

/// A config with its warnings, or all mistakes in words.
pub(crate) enum Read {
    Good(Box<Config>, Vec<String>),
    Bad(String),
}

pub(crate) fn read(path: &Path) -> Result<Read, Unreadable> {
    let unreadable = |source| Unreadable { path: path.to_owned(), source };
    let text = std::fs::metadata(path)
        .and_then(|about| match about.len() > MAX_BYTES {
            true => Err(std::io::Error::other(format!("expected at most {}", words::bytes(MAX_BYTES)))),
            false => std::fs::read_to_string(path),
        })
        .map_err(unreadable)?;
    let name = path.display().to_string();
    let folder = path.parent().unwrap_or(Path::new(""));
    Ok(match ingest::config::parse(&text, &name, folder) {
        Ok((config, warnings)) => {
            let words = warnings.iter().map(|warning| warning.display(&name).to_string());
            Read::Good(Box::new(config), words.collect())
        }
        Err(mistakes) => Read::Bad(mistakes.to_string()),
    })
}

/// As [`read`], with what to do where there is no such file.
pub(crate) fn read_or_hint(path: &Path) -> Result<Read, Error> {
    read(path).map_err(|error| match error.source.kind() {
        std::io::ErrorKind::NotFound => Hint::new(error, "--config-path names another file").into(),
        _ => error.into(),
    })
}

pub(crate) fn check(args: &Scrape) -> Result<Exit, Error> {
    match read_or_hint(&args.config_path)? {
        Read::Bad(mistakes) => {
            eprint_line(&mistakes);
            Ok(Exit::Mistakes)
        }
        Read::Good(config, warnings) => {
            warnings.iter().for_each(|warning| eprint_line(warning));
            let jobs = config.jobs.len();
            eprint_line(&format!(
                "{}: good, {jobs} {}",
                args.config_path.display(),
                if jobs == 1 { "job" } else { "jobs" }
            ));
            Ok(Exit::Done)
        }
    }
}
