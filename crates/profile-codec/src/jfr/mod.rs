//! Java Flight Recorder: recordings of a JDK's own and of async-profiler, which Pyroscope's agent for Java sends.
//!
//! A recording has one or several chunks, each with the types of its events, the events, and constant pools that they
//! refer to. Those events are read that Pyroscope reads, as the types that it makes of them: samples of threads become
//! `cpu` and `wall`, allocations `alloc_…`, waiting for monitors and parking `contentions` and `delay`.
//!
//! ```no_run
//! use profile_codec::jfr::{self, Options};
//!
//! let recording = jfr::decode(&std::fs::read("recording.jfr")?, &Options::default())?;
//! for profile in &recording.profiles {
//!     println!("{:?}: {} stacks", jfr::series_name(profile), profile.samples.len());
//! }
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! The format is that of version 2 (JDK 11 and later), as `jdk.jfr.internal.consumer` of OpenJDK reads it; what is made of
//! the events is as in `pprof` of grafana/jfr-parser.

mod chunk;
mod contexts;
mod cursor;
mod draft;
mod error;
mod kinds;
mod layout;
mod metadata;
mod names;
mod pools;
mod samples;
mod settings;
mod stacks;
mod text;
mod united;

use std::time::Duration;

use profile_model::Profile;

use chunk::Chunk;
use draft::Draft;

pub use contexts::Contexts;
pub use error::{CutOff, JfrError};
pub use kinds::series_name;
pub use united::united;

use crate::pprof::Limits;

/// What a recording does not say itself, and how much of it is read.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Options {
    /// The most of everything; of bytes, those of the recording.
    pub limits: Limits,
    /// How much time a sample of a thread stands for. If absent, what the recording says of itself, else 10 ms.
    pub period: Option<Duration>,
    /// Labels of threads that came beside the recording.
    pub contexts: Contexts,
    /// Whether samples have the name of their thread, as the label `thread`.
    pub has_threads: bool,
}

/// What a recording says.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Recording {
    /// A profile for each kind of event that was sampled; none if nothing was.
    pub profiles: Vec<Profile>,
    /// What async-profiler was told to sample, such as `itimer` or `wall`; nothing in recordings of a JDK's own.
    pub event: Option<String>,
    /// How many samples were left out because their stacks are not in the recording.
    pub without_stack: u64,
    /// The first chunk that is not whole, of which the whole events were read.
    pub cut: Option<CutOff>,
}

impl Recording {
    /// What is not in the profiles, in words: one sentence for each reason.
    pub fn notes(&self) -> Vec<String> {
        let count = self.without_stack;
        let left_out = || format!("{count} samples are left out, as their stacks are not in the recording");
        let cut = self.cut.as_ref().map(ToString::to_string);
        cut.into_iter().chain((count > 0).then(left_out)).collect()
    }
}

/// Reads a recording.
///
/// The last chunk may be cut off, or still be written to: its events are read up to the last whole one, and the recording
/// says so. A JDK writes types and constant pools every second, between events, so that most of such a chunk can be read;
/// async-profiler writes the pools behind all events, so that nothing can.
///
/// # Errors
/// If it is none, of another version, damaged, or larger than the limits; or if of no chunk is there enough.
pub fn decode(bytes: &[u8], options: &Options) -> Result<Recording, JfrError> {
    let limit = options.limits.max_decoded_bytes;
    if bytes.len() > limit {
        return Err(JfrError::TooLarge { what: "bytes of a recording", limit });
    }
    let mut recording = Recording::default();
    let mut draft = Draft::new(options);
    let (mut at, mut number, mut is_read) = (0, 1, false);
    // What nothing but zeros follow is padding.
    while number == 1 || bytes[at..].iter().any(|byte| *byte != 0) {
        let chunk = match Chunk::at(bytes, at, number) {
            Err(JfrError::CutOff(cut)) if is_read => {
                recording.cut.get_or_insert(cut);
                break;
            }
            chunk => chunk?,
        };
        is_read |= samples::read(&chunk, options, &mut draft, &mut recording)?;
        recording.cut = recording.cut.or_else(|| chunk.cut_off());
        (at, number) = (chunk.end, number + 1);
    }
    recording.profiles = draft.finish().map_err(|fault| fault.within(number - 1, "its samples"))?;
    let is_lost = !is_read || (recording.profiles.is_empty() && recording.without_stack > 0);
    match recording.cut {
        Some(cut) if is_lost => Err(JfrError::CutOff(cut)),
        _ => Ok(recording),
    }
}

/// A text of a stranger as part of a line.
fn shown(text: &str) -> String {
    text.chars().take(60).flat_map(char::escape_debug).collect()
}

/// Bytes as pairs of digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    match bytes.is_empty() {
        true => "the end".to_owned(),
        false => bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" "),
    }
}
