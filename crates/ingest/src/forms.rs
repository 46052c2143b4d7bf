//! Files of any form as profiles with names for their series.

mod flight;
mod folded;
mod recording;

use std::time::{Duration, SystemTime};

use profile_codec::detect::{Form, detect};
use profile_codec::file::{self, Unreadable};
use profile_codec::jfr::JfrError;
use profile_codec::pprof::Limits;
use profile_codec::speedscope;
use profile_model::{Profile, ValueType};

use crate::mend;
use crate::symbols::SymbolOptions;

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
    /// The file's profiles, never none.
    pub profiles: Vec<Profile>,
    /// What is worth a word.
    pub notes: Vec<String>,
}

/// Why a file has no profiles for us.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FormError {
    /// No profile, or a broken one.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// What looks like a form that is read, and is not.
    #[error("expected {form}: {reason}")]
    Broken {
        /// The form.
        form: Form,
        /// What is wrong.
        reason: String,
    },
    /// A broken recording of Java, or of another version.
    #[error("expected a Java Flight Recorder recording: {0}")]
    Jfr(JfrError),
    /// There are no samples in it.
    #[error("expected samples, found none in {0}")]
    Empty(Form),
}

impl FormError {
    /// What can be done about it; empty if nothing can be said.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unreadable(error) => error.hint(),
            Self::Jfr(error) => error.hint(),
            Self::Broken { form: Form::Folded, .. } => {
                "a line is a stack, frames joined by `;`, then a blank and a number"
            }
            Self::Broken { form: Form::PerfData, .. } => "the file is cut off or damaged: record it again",
            Self::Empty(_) => "nothing was measured: record for longer, or look at what was recorded",
            Self::Broken { .. } => "",
        }
    }
}

/// Reads a file of any form: pprof, the older forms, folded stacks, perf.data, the text of `perf script`, recordings of
/// Java (a profile for each kind of event), and speedscope's own.
///
/// # Errors
/// If it is none of them, broken, or without samples.
pub fn read(bytes: &[u8], options: &FormOptions) -> Result<Read, FormError> {
    let unpacked = file::unpacked(bytes, &options.limits)?;
    let form = detect(&unpacked);
    let mut notes = Vec::new();
    let mut profiles = match form {
        Form::Folded => vec![folded::read(&unpacked, options)?],
        Form::PerfData => vec![recording::read(&unpacked, options, &mut notes)?],
        Form::Jfr => flight::read(&unpacked, options, &mut notes)?,
        Form::PerfScript => vec![recording::read_script(&unpacked, options, &mut notes)?],
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
        options.complete(profile, &mut notes);
    }
    Ok(Read { form, profiles, notes })
}

fn broken(form: Form, error: &dyn std::error::Error) -> FormError {
    FormError::Broken { form, reason: words::with_causes(error) }
}

impl FormOptions {
    fn of_file(&self) -> file::Options {
        let mut options = file::Options::default();
        options.limits = self.limits;
        options
    }

    /// Sets what was given, and what nobody says.
    fn complete(&self, profile: &mut Profile, notes: &mut Vec<String>) {
        match (self.time, self.fallback_time, profile.time_nanos > 0) {
            (Some(time), _, _) => profile.time_nanos = mend::nanos(time),
            (None, Some(time), false) => {
                profile.time_nanos = mend::nanos(time).saturating_sub(profile.duration_nanos.max(0));
                let taken = timespec::rfc3339(time);
                notes
                    .push(format!("nothing says when it was recorded: it is taken to have ended at {taken}"));
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
        _ => file::series_name(profile),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_samples_or_is_no_profile_is_told() {
        let check = |bytes: &[u8], expect: &str| {
            let error = read(bytes, &FormOptions::default()).unwrap_err();
            assert!(error.to_string().contains(expect), "{error}");
        };
        check(b"", "nothing: 0 bytes");
        check(b"FLR\0\0", "expected a Java Flight Recorder recording: chunk 1 is cut off");
        check(b"PERFILE2h\0\0\0junk", "expected a recording of `perf record`");
        check(b"goroutine profile: total 0\n", "found none in a profile");
        check(b"{\"shared\":{},\"profiles\":[],\"frames\":1}", "speedscope");
    }
}
