//! Reading the config, and `check-config`.

use std::path::{Path, PathBuf};

use exporter::Settings;
use exporter::config::{self, Grade, Mistake};

use crate::{Error, Exit, complain, print};

/// Configs are written by people: one that is larger is no config.
const MAX_BYTES: u64 = 1 << 20;

/// A config file with what is wrong with it, ready to print.
pub(crate) enum Read {
    /// It can be used.
    Good(Box<Settings>, Vec<Oddity>),
    /// All mistakes, and what is odd beside them.
    Bad(Vec<String>),
}

/// Something that does not keep a config from being used.
pub(crate) struct Oddity {
    pub(crate) words: String,
    /// A key that nothing reads. The original passed over it, so a run does, too.
    unknown_key: bool,
}

pub(crate) fn read(file: &Path) -> Result<Read, Error> {
    let shown = file.display();
    let cannot = |error: std::io::Error| -> Error {
        let hint = "--config-file names another file";
        ops::Hint::new(WithContext(format!("cannot read the config `{shown}`"), error), hint).into()
    };
    if std::fs::metadata(file).map_err(cannot)?.len() > MAX_BYTES {
        return Err(
            format!("expected a config of at most {MAX_BYTES} bytes, found a larger one: `{shown}`").into()
        );
    }
    let text = std::fs::read_to_string(file).map_err(cannot)?;
    let directory = file.parent().filter(|parent| !parent.as_os_str().is_empty());
    let directory = directory.map_or_else(|| PathBuf::from("."), Path::to_owned);
    let name = shown.to_string();
    Ok(match config::parse(&text, &name, &directory) {
        Ok((settings, odd)) => {
            let oddity = |mistake: &Mistake| Oddity {
                words: mistake.display(&name).to_string(),
                unknown_key: mistake.grade == Grade::UnknownKey,
            };
            Read::Good(Box::new(settings), odd.iter().map(oddity).collect())
        }
        Err(mistakes) => Read::Bad(mistakes.iter().map(|one| one.display(&name).to_string()).collect()),
    })
}

/// The settings, or none after all mistakes were said.
pub(crate) fn settings(file: &Path) -> Result<Option<Settings>, Error> {
    match read(file)? {
        Read::Good(settings, warnings) => {
            for warning in warnings {
                tracing::warn!("{}", warning.words);
            }
            Ok(Some(*settings))
        }
        Read::Bad(mistakes) => {
            mistakes.iter().for_each(|mistake| complain(mistake));
            complain("hint: `profile-exporter check-config` checks without running");
            Ok(None)
        }
    }
}

/// A key that nothing reads is a mistake here: a run only warns of it.
pub(crate) fn check(file: &Path) -> Result<Exit, Error> {
    let (settings, odd) = match read(file)? {
        Read::Good(settings, odd) => (settings, odd),
        Read::Bad(mistakes) => {
            mistakes.iter().for_each(|mistake| complain(mistake));
            return Ok(Exit::Mistakes);
        }
    };
    odd.iter().for_each(|oddity| complain(&oddity.words));
    if odd.iter().any(|oddity| oddity.unknown_key) {
        return Ok(Exit::Mistakes);
    }
    let (queries, receivers) = (settings.queries.len(), settings.remotes.len());
    let words = format!("{} is good: queries: {queries}, receivers: {receivers}\n", file.display());
    print(words.as_bytes());
    Ok(Exit::Done)
}

#[derive(Debug)]
struct WithContext(String, std::io::Error);

impl std::fmt::Display for WithContext {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for WithContext {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.1)
    }
}
