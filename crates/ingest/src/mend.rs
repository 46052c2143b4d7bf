//! What targets and files give, made right before it is sent on.
//!
//! A profile that is right already stays as it is, byte for byte. The others are read and written anew:
//! - no time: that at which the scrape began, or the one that was given;
//! - no period type, or half of one: the last sample type's, as otherwise a Parca could list no types any more;
//! - a duration of up to a microsecond, which stands for a snapshot in profiles of pypprof: none; one below
//!   zero: none; none although a window was asked for: the window;
//! - types whose names Parca's query language cannot have: `_` in the place of what it cannot;
//! - ids with gaps, older forms, several profiles in one file, lines without a function.

mod rebuild;

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use parca_client::{ExecutableInfo, LoadSegment};
use profile_codec::file::{self, Options, Unreadable};
use profile_codec::pprof::{Harmless, HarmlessError, Head, Limits};
use profile_model::{Profile, ValueType};

pub(crate) use rebuild::{NamedLine, renamed, split};

/// What is known of a profile besides its bytes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Origin {
    /// When collection started, if the profile does not say.
    pub started: SystemTime,
    /// The window that was asked for.
    pub window: Option<Duration>,
    /// The sample types to keep; empty for all.
    pub keep_sample_types: Vec<ValueType>,
    /// The most of everything.
    pub limits: Limits,
}

impl Origin {
    /// A profile of this time, of which nothing else is known.
    pub fn at(started: SystemTime) -> Self {
        Self { started, window: None, keep_sample_types: Vec::new(), limits: Limits::default() }
    }
}

/// A profile that a Parca takes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Ready {
    /// The pprof.
    pub pprof: Harmless,
    /// What it says of itself.
    pub head: Head,
    /// What was changed.
    pub changes: Vec<&'static str>,
    /// What the profile's comments say of its binaries.
    pub executable_info: Vec<ExecutableInfo>,
}

/// Why there is no profile that can be sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MendError {
    /// There is none.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// There is one, and it cannot be made right.
    #[error("the profile cannot be written as one that a Parca takes: {0}")]
    Unsendable(#[from] HarmlessError),
}

impl MendError {
    /// What can be done about it; empty if nothing can be said.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unreadable(error) => error.hint(),
            Self::Unsendable(_) => "",
        }
    }
}

/// Makes the profiles of a file or an answer right.
///
/// # Errors
/// If there is no profile in it, with what is there.
pub fn ready(bytes: Bytes, origin: &Origin) -> Result<Vec<Ready>, MendError> {
    if let Some(ready) = as_it_is(&bytes, origin) {
        return Ok(vec![ready]);
    }
    let mut options = Options::default();
    options.limits = origin.limits;
    let contents = file::read(&bytes, &options)?;
    contents.profiles.into_iter().map(|profile| mended(profile, origin)).collect()
}

/// The profile, if it is right already.
fn as_it_is(bytes: &Bytes, origin: &Origin) -> Option<Ready> {
    if !origin.keep_sample_types.is_empty() {
        return None;
    }
    let (head, pprof) = Harmless::inspect(bytes, &origin.limits).ok()?;
    let pprof = pprof.ok().filter(|_| is_right(&head))?;
    let executable_info = executable_info(&head);
    Some(Ready { pprof, head, changes: Vec::new(), executable_info })
}

/// Makes a profile right that was read already, as bytes.
///
/// # Errors
/// If it would be larger than the limits.
pub fn mended(profile: Profile, origin: &Origin) -> Result<Ready, MendError> {
    let (profile, changes) = corrected(profile, origin);
    let (pprof, head) = Harmless::encode(&profile, &origin.limits)?;
    let executable_info = executable_info(&head);
    Ok(Ready { pprof, head, changes, executable_info })
}

/// Makes a profile right that was read already; it and what was changed.
pub fn corrected(mut profile: Profile, origin: &Origin) -> (Profile, Vec<&'static str>) {
    let mut changes = Vec::new();
    let mut note = |is_wrong: bool, change: &'static str| {
        if is_wrong {
            changes.push(change);
        }
        is_wrong
    };
    if !origin.keep_sample_types.is_empty() {
        profile = rebuild::keep_types(&profile, &origin.keep_sample_types);
    }
    if note(profile.time_nanos <= 0, "time") {
        profile.time_nanos = nanos(origin.started);
    }
    if note(is_no_duration(&profile), "duration") {
        profile.duration_nanos = 0;
    }
    let window = origin.window.and_then(|window| i64::try_from(window.as_nanos()).ok());
    if let Some(window) = window.filter(|_| note(profile.duration_nanos == 0, "duration")) {
        profile.duration_nanos = window;
    }
    if note(!has_period_type(profile.period_type.as_ref()), "period type") {
        profile.period_type =
            Some(profile.sample_types.last().cloned().unwrap_or_else(|| ValueType::new("samples", "count")));
        profile.period = profile.period.max(1);
    }
    let types = profile.sample_types.iter_mut().chain(&mut profile.period_type);
    let renamed = types.map(rename).fold(false, |any, one| any | one);
    note(renamed, "names of types");
    if note(rebuild::has_nameless_lines(&profile), "lines without a function") {
        profile = rebuild::without_nameless_lines(&profile);
    }
    (profile, changes)
}

fn is_right(head: &Head) -> bool {
    let types = head.sample_types.iter().chain([&head.period_type]);
    head.refusal.is_none()
        && !head.lacks_strings
        && !head.sample_types.is_empty()
        && head.time_nanos > 0
        && !is_snapshots(head.duration_nanos, &head.sample_types)
        && has_period_type(Some(&head.period_type))
        && types.map(|one| [&one.name, &one.unit]).all(|both| both.iter().all(|text| is_queryable(text)))
}

fn has_period_type(period: Option<&ValueType>) -> bool {
    period.is_some_and(|period| !period.name.is_empty() && !period.unit.is_empty())
}

fn is_no_duration(profile: &Profile) -> bool {
    profile.duration_nanos != 0 && is_snapshots(profile.duration_nanos, &profile.sample_types)
}

/// Whether a duration stands for none.
fn is_snapshots(duration_nanos: i64, types: &[ValueType]) -> bool {
    const MICROSECOND: i64 = 1000;
    let is_time = |one: &ValueType| one.unit.ends_with("seconds");
    duration_nanos < 0 || (1..=MICROSECOND).contains(&duration_nanos) && !types.iter().any(is_time)
}

/// Whether a text can be a part of a profile type in a query.
fn is_queryable(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Gives a type names that can be asked for; whether they changed.
fn rename(one: &mut ValueType) -> bool {
    let fit = |text: &mut String, default: &str| {
        let was = std::mem::take(text);
        let letters: String = was.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        *text = match letters.bytes().next() {
            None => default.to_owned(),
            Some(first) if first.is_ascii_digit() => format!("_{letters}"),
            Some(_) => letters,
        };
        *text != was
    };
    let name = fit(&mut one.name, "samples");
    fit(&mut one.unit, "count") || name
}

pub(crate) fn nanos(time: SystemTime) -> i64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

/// `executableInfo=TYPE;OFFSET;VADDR` comments, one for each mapping; a wrong number of them is none, as a
/// Parca would refuse the profile for it.
fn executable_info(head: &Head) -> Vec<ExecutableInfo> {
    let found = head.comments.iter().filter_map(|comment| info(comment.strip_prefix("executableInfo=")?));
    let found: Vec<ExecutableInfo> = found.collect();
    if found.len() == head.mappings { found } else { Vec::new() }
}

fn info(text: &str) -> Option<ExecutableInfo> {
    let hex = |text: &str| u64::from_str_radix(text.trim_start_matches("0x"), 16).ok();
    let mut parts = text.split(';').map(hex);
    let elf_type = u32::try_from(parts.next()??).ok()?;
    let load_segment = match (parts.next(), parts.next()) {
        (Some(offset), Some(vaddr)) => Some(LoadSegment { offset: offset?, vaddr: vaddr? }),
        _ => None,
    };
    Some(ExecutableInfo { elf_type, load_segment })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
