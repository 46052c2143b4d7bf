//! Files of any form as profiles with names for their series.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use profile_codec::detect::{Form, detect};
use profile_codec::file::{self, Unreadable};
use profile_codec::folded;
use profile_codec::perf::{self, LeafOnly, Recording, Unwind};
use profile_codec::pprof::Limits;
use profile_codec::speedscope;
use profile_model::{Profile, ValueType};

use crate::mend;
use crate::symbols::{StackUnwinder, SymbolOptions, symbolise};

/// What a file does not say itself.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct FormOptions {
    /// What the numbers of folded stacks count; samples if nobody says.
    pub sample_type: Option<ValueType>,
    /// What happens between two samples; the sample type if nobody says.
    pub period_type: Option<ValueType>,
    /// How much of it.
    pub period: Option<i64>,
    /// When the profile began.
    pub time: Option<SystemTime>,
    /// When a profile began that does not say so, if nobody else does.
    pub fallback_time: Option<SystemTime>,
    /// How long it took.
    pub duration: Option<Duration>,
    /// Where names of addresses are looked for; nowhere if absent.
    pub symbols: Option<SymbolOptions>,
    /// The most of everything.
    pub limits: Limits,
}

/// The profiles of a file.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Read {
    /// What the file was.
    pub form: Form,
    /// Its profiles, never none.
    pub profiles: Vec<Profile>,
    /// What is worth a word.
    pub notes: Vec<String>,
}

/// Why a file has no profiles for us.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FormError {
    /// It is no profile, or a broken one.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// It looks like a form that is read, and is not.
    #[error("expected {form}: {reason}")]
    Broken {
        /// The form.
        form: Form,
        /// What is wrong.
        reason: String,
    },
    /// There are no samples in it.
    #[error("expected samples, found none in {0}")]
    Empty(Form),
}

impl FormError {
    /// What can be done about it; empty if nothing can be said.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unreadable(error) => error.hint(),
            Self::Broken { form: Form::Folded, .. } => {
                "a line is a stack, frames joined by `;`, then a blank and a number"
            }
            Self::Broken { form: Form::PerfData, .. } => "the file is cut off or damaged: record it again",
            Self::Empty(_) => "nothing was measured: record for longer, or look at what was recorded",
            Self::Broken { .. } => "",
        }
    }
}

/// Reads a file of any form: pprof, the older forms, folded stacks, perf.data, the text of `perf script`, and
/// speedscope's own.
///
/// # Errors
/// If it is none of them, broken, or without samples.
pub fn read(bytes: &[u8], options: &FormOptions) -> Result<Read, FormError> {
    let unpacked = file::unpacked(bytes, &options.limits)?;
    let form = detect(&unpacked);
    let mut notes = Vec::new();
    let mut profiles = match form {
        Form::Folded => vec![self::folded(&unpacked, options)?],
        Form::PerfData => {
            let mut unwinding = Unwinding::new(options);
            let read = perf::decode_unwinding(&unpacked, &options.limits, unwinding.as_unwind());
            notes.extend(read.iter().filter_map(|read| unwinding.note(read)));
            vec![recording(read, form, options, &mut notes)?]
        }
        Form::PerfScript => {
            let text: Cow<'_, str> = String::from_utf8_lossy(&unpacked);
            vec![recording(perf::decode_script(&text, &options.limits), form, options, &mut notes)?]
        }
        Form::Speedscope => {
            speedscope::decode(&unpacked, &options.limits).map_err(|error| broken(form, &error))?
        }
        _ => file::read(bytes, &options.of_file())?.profiles,
    };
    if profiles.iter().all(|profile| profile.samples.is_empty()) {
        return Err(FormError::Empty(form));
    }
    profiles.retain(|profile| !profile.samples.is_empty());
    for profile in &mut profiles {
        options.complete(profile, form, &mut notes);
    }
    Ok(Read { form, profiles, notes })
}

fn broken(form: Form, error: &dyn std::error::Error) -> FormError {
    FormError::Broken { form, reason: words::with_causes(error) }
}

fn folded(bytes: &[u8], options: &FormOptions) -> Result<Profile, FormError> {
    let mut parse = folded::ParseOptions::default();
    parse.value_type = options.sample_type.clone().unwrap_or_else(|| ValueType::new("samples", "count"));
    parse.max_bytes = options.limits.max_decoded_bytes as u64;
    // Comments are no lines of the form, and some writers have them.
    let text = String::from_utf8_lossy(bytes);
    let lines: String = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .flat_map(|line| [whole(line), "\n".into()])
        .collect();
    folded::parse(lines.as_bytes(), &parse).map_err(|error| broken(Form::Folded, &error))
}

/// A line whose count is a whole number: some writers have fractions.
fn whole(line: &str) -> Cow<'_, str> {
    let Some((stack, count)) = line.trim_end().rsplit_once(' ') else { return line.into() };
    match (count.contains('.'), count.parse::<f64>()) {
        (true, Ok(number)) if number.is_finite() => format!("{stack} {}", number.round() as i64).into(),
        _ => line.into(),
    }
}

/// How copies of stacks are unwound: by the binaries, or not at all where none are looked at.
enum Unwinding<'a> {
    No(LeafOnly),
    ByFiles(Box<StackUnwinder<'a>>),
}

impl<'a> Unwinding<'a> {
    fn new(options: &'a FormOptions) -> Self {
        let depth = options.limits.max_stack_depth;
        match &options.symbols {
            Some(symbols) => Self::ByFiles(Box::new(StackUnwinder::new(symbols, depth))),
            None => Self::No(LeafOnly),
        }
    }

    fn as_unwind(&mut self) -> &mut dyn Unwind {
        match self {
            Self::No(unwind) => unwind,
            Self::ByFiles(unwind) => unwind.as_mut(),
        }
    }

    /// What is worth a word of the copies.
    fn note(&self, read: &Recording) -> Option<String> {
        match self {
            _ if !read.has_stack_copies => None,
            Self::No(_) => Some("stacks of programs were recorded as copies (`--call-graph dwarf`), and without looking at binaries only the leaf is known of them".to_owned()),
            Self::ByFiles(unwind) if unwind.cut > 0 => Some(format!("of {} stacks that were recorded as copies (`--call-graph dwarf`), {} end before their outermost call: the copy was too short (`--call-graph dwarf,65528` takes longer ones) or a binary is not at hand", unwind.stacks, unwind.cut)),
            Self::ByFiles(_) => None,
        }
    }
}

fn recording(
    read: Result<Recording, perf::PerfError>,
    form: Form,
    options: &FormOptions,
    notes: &mut Vec<String>,
) -> Result<Profile, FormError> {
    let recording = read.map_err(|error| match error {
        perf::PerfError::Empty => FormError::Empty(form),
        other => broken(form, &other),
    })?;
    if recording.lost > 0 {
        notes.push(format!("the kernel lost {} samples", recording.lost));
    }
    let Some(symbols) = &options.symbols else { return Ok(recording.profile) };
    let (named, unnamed) = symbolise(&recording.profile, symbols);
    notes.extend(unnamed.iter().map(|(file, reason)| format!("no names of {file}: {reason}")));
    Ok(named)
}

impl FormOptions {
    fn of_file(&self) -> file::Options {
        let mut options = file::Options::default();
        options.limits = self.limits;
        options
    }

    /// Sets what was given, and what nobody says.
    fn complete(&self, profile: &mut Profile, form: Form, notes: &mut Vec<String>) {
        match (self.time, self.fallback_time, profile.time_nanos > 0) {
            (Some(time), _, _) => profile.time_nanos = mend::nanos(time),
            (None, Some(time), false) => {
                profile.time_nanos = mend::nanos(time).saturating_sub(profile.duration_nanos.max(0));
                notes.push(format!("{form} does not say when it was recorded; the file's time of change is taken (--time sets another)"));
            }
            _ => {}
        }
        if let Some(duration) = self.duration {
            profile.duration_nanos = i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
        }
        if let Some(period_type) = &self.period_type {
            profile.period_type = Some(period_type.clone());
        } else if profile.period_type.is_none() {
            profile.period_type = profile.sample_types.last().cloned();
        }
        profile.period = self.period.unwrap_or(profile.period.max(1));
    }
}

/// The name of a series of such profiles, where nobody gives one: what was measured, or `perf` of all that perf measures.
pub fn name_of(profile: &Profile, form: Form) -> String {
    match form {
        Form::PerfData | Form::PerfScript => "perf".to_owned(),
        _ => profile_model::series_name(&profile.sample_types),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn folded_stacks_have_the_types_that_are_given_or_sensible_ones() {
        let mut options = FormOptions::default();
        let one =
            read(b"# comment\nmain;a;b::c<int, char> 1.6\r\nmain 2\n", &options).unwrap().profiles.remove(0);
        assert_eq!((one.sample_types[0].to_string(), one.samples.total(0)), ("samples/count".to_owned(), 4));
        assert_eq!((one.period_type.unwrap().to_string(), one.period), ("samples/count".to_owned(), 1));
        options.sample_type = Some(ValueType::new("cpu", "nanoseconds"));
        options.period_type = Some(ValueType::new("cpu", "nanoseconds"));
        options.period = Some(10_000_000);
        options.time = Some(SystemTime::UNIX_EPOCH + Duration::from_secs(5));
        options.duration = Some(Duration::from_secs(2));
        let one = read(b"main 2\n", &options).unwrap().profiles.remove(0);
        assert_eq!(
            (one.time_nanos, one.duration_nanos, one.period),
            (5_000_000_000, 2_000_000_000, 10_000_000)
        );
        assert_eq!(name_of(&one, Form::Folded), "process_cpu");
    }

    #[test]
    fn what_has_no_samples_or_is_no_profile_is_told() {
        let check = |bytes: &[u8], expect: &str| {
            let error = read(bytes, &FormOptions::default()).unwrap_err();
            assert!(error.to_string().contains(expect), "{error}");
        };
        check(b"", "nothing: 0 bytes");
        check(b"FLR\0\0", "Java Flight Recorder");
        check(b"PERFILE2h\0\0\0junk", "expected a recording of `perf record`");
        check(b"goroutine profile: total 0\n", "found none in a profile");
        check(b"{\"shared\":{},\"profiles\":[],\"frames\":1}", "speedscope");
    }
}
