//! From what was typed to how files are read.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use ingest::forms::{FormError, FormOptions};
use ingest::symbols::SymbolOptions;
use profile_model::ValueType;

use crate::Error;
use crate::args::Reading;

/// The longest file that is read.
const MAX_BYTES: u64 = 4 << 30;

/// A file that gives no profile, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[error("`{}`: {source}", path.display())]
pub(crate) struct Unusable {
    path: PathBuf,
    source: FormError,
}

/// A file with its time of change.
pub(crate) struct Input {
    pub(crate) path: PathBuf,
    pub(crate) bytes: Vec<u8>,
    changed: Option<SystemTime>,
}

/// Reads a file, or stdin for `-`.
pub(crate) fn input(path: &Path) -> Result<Input, Error> {
    let mut bytes = Vec::new();
    let mut changed = None;
    let wrong = |error: std::io::Error| format!("read `{}`: {error}", path.display());
    if path == Path::new("-") {
        std::io::stdin().lock().take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(wrong)?;
    } else {
        let file = std::fs::File::open(path).map_err(wrong)?;
        changed = file.metadata().and_then(|about| about.modified()).ok();
        file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(wrong)?;
    }
    if bytes.len() as u64 > MAX_BYTES {
        return Err(format!("read `{}`: expected at most {}", path.display(), words::bytes(MAX_BYTES)).into());
    }
    Ok(Input { path: path.to_owned(), bytes, changed })
}

pub(crate) fn options(
    reading: &Reading,
    time: Option<SystemTime>,
    input: &Input,
) -> Result<FormOptions, Error> {
    let mut options = FormOptions::default();
    options.sample_type = reading.sample_type.as_deref().map(value_type).transpose()?;
    options.period_type = reading.period_type.as_deref().map(value_type).transpose()?;
    options.period = reading.period;
    options.duration = reading.duration;
    options.time = time;
    options.fallback_time = Some(input.changed.unwrap_or_else(SystemTime::now));
    options.symbols = (!reading.no_symbols).then(|| {
        let mut symbols = SymbolOptions::default();
        symbols.root.clone_from(&reading.symbol_root);
        let home = std::env::var_os("HOME").map(|home| Path::new(&home).join(".debug"));
        symbols.folders = home.into_iter().chain([PathBuf::from("/usr/lib/debug")]).collect();
        symbols
    });
    Ok(options)
}

fn value_type(text: &str) -> Result<ValueType, Error> {
    let (name, unit) = text
        .split_once(['/', ':'])
        .filter(|(name, unit)| !name.is_empty() && !unit.is_empty())
        .ok_or_else(|| format!("expected TYPE/UNIT such as cpu/nanoseconds, found `{text}`"))?;
    Ok(ValueType::new(name, unit))
}

/// Reads the profiles of a file, and says what is worth a word.
pub(crate) fn read(input: &Input, options: &FormOptions) -> Result<ingest::forms::Read, Error> {
    let read = ingest::forms::read(&input.bytes, options).map_err(|source| {
        let hint = source.hint();
        let unusable = Unusable { path: input.path.clone(), source };
        match hint {
            "" => Error::from(unusable),
            hint => ops::Hint::new(unusable, hint).into(),
        }
    })?;
    let name = input.path.display();
    read.notes.iter().for_each(|note| ops::eprint_line(&format!("note: `{name}`: {note}")));
    Ok(read)
}
