//! Reading the config, and `check-config`.

use std::path::{Path, PathBuf};

use exporter::Settings;
use exporter::config::{self, Grade, Mistake};

use std::io::Read as _;

use ops::{console, eprint_line};

use crate::{Error, Exit};

/// Configs are written by people: one that is larger is no config.
const MAX_BYTES: u64 = 1 << 20;

/// A config file with what is wrong with it, ready to print.
pub(crate) enum Read {
    /// Settings that can be used, with what is odd about them.
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

impl Oddity {
    /// As one line of the log.
    pub(crate) fn log(&self) {
        let words: Vec<&str> = self.words.lines().map(str::trim).collect();
        tracing::warn!("{}", words.join("; ").replacen("warning: ", "", 1));
    }
}

/// A window that is caught up with after its samples count as too old is asked for in vain.
fn warn_of_ages(settings: &Settings) {
    for remote in &settings.remotes {
        let limit = remote.write.queue.sample_age_limit;
        let later = settings.queries.iter().filter(|query| !limit.is_zero() && query.catch_up > limit);
        for query in later {
            let (query_name, remote) = (&query.name, &remote.write.name);
            let words = "`catch_up` reaches further back than `sample_age_limit` lets samples through";
            tracing::warn!(query_name, remote, "{words}");
        }
    }
}

pub(crate) fn read(file: &Path) -> Result<Read, Error> {
    let name = file.display().to_string();
    let text = match text(file) {
        Ok(text) => text,
        Err(words) => return Ok(Read::Bad(vec![words])),
    };
    let directory = file.parent().filter(|parent| !parent.as_os_str().is_empty());
    let directory = directory.map_or_else(|| PathBuf::from("."), Path::to_owned);
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
            warnings.iter().for_each(Oddity::log);
            warn_of_ages(&settings);
            Ok(Some(*settings))
        }
        Read::Bad(mistakes) => {
            mistakes.iter().for_each(|mistake| eprint_line(mistake));
            eprint_line("hint: `profile-exporter check-config` checks without running");
            Ok(None)
        }
    }
}

/// A key that nothing reads is a mistake here: a run only warns of it.
pub(crate) fn check(file: &Path) -> Result<Exit, Error> {
    let (settings, odd) = match read(file)? {
        Read::Good(settings, odd) => (settings, odd),
        Read::Bad(mistakes) => {
            mistakes.iter().for_each(|mistake| eprint_line(mistake));
            return Ok(Exit::Mistakes);
        }
    };
    odd.iter().for_each(|oddity| eprint_line(&oddity.words));
    let unknown = odd.iter().filter(|oddity| oddity.unknown_key).count();
    if unknown > 0 {
        let keys = if unknown == 1 { "1 unknown key" } else { &format!("{unknown} unknown keys") };
        eprint_line(&format!("error: {keys}: a run passes over it, here it counts as a mistake"));
        return Ok(Exit::Mistakes);
    }
    let (queries, receivers) = (settings.queries.len(), settings.remotes.len());
    console::print(format!("{} is good: queries: {queries}, receivers: {receivers}\n", file.display()))?;
    Ok(Exit::Done)
}

fn text(file: &Path) -> Result<String, String> {
    let name = file.display();
    let cannot = |error: std::io::Error| {
        let hint = match error.kind() {
            std::io::ErrorKind::NotFound => {
                "--config-file names another file; `profile-exporter init > profile-exporter.yaml` makes one"
            }
            std::io::ErrorKind::PermissionDenied => "the file must be readable for this user",
            _ => "--config-file names another file",
        };
        format!("error: cannot read the config `{name}`: {error}\nhint: {hint}")
    };
    let mut bytes = Vec::new();
    // A device has no length, and may never end.
    let limited = std::fs::File::open(file).map_err(cannot)?.take(MAX_BYTES + 1);
    { limited }.read_to_end(&mut bytes).map_err(cannot)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(format!("error: expected a config of at most {MAX_BYTES} bytes, found more: `{name}`"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let (at, bytes) = (error.utf8_error().valid_up_to(), error.as_bytes());
        let line = bytes[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
        let (found, hint) = match bytes {
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => {
                ("UTF-16".to_owned(), "PowerShell's `>` writes that; save the file as UTF-8")
            }
            _ => (format!("the byte 0x{:02x}", bytes[at]), "save the file as UTF-8"),
        };
        format!("error: {name}:{line}: expected UTF-8, found {found}\nhint: {hint}")
    })
}
