//! Recordings of perf, with stacks unwound and addresses named by the binaries.

use profile_codec::detect::Form;
use profile_codec::perf::{self, LeafOnly, Recording, Unwind};
use profile_model::Profile;

use super::{FormError, FormOptions, broken};
use crate::symbols::{StackUnwinder, symbolise};

/// Reads perf.data.
pub(super) fn read(
    bytes: &[u8],
    options: &FormOptions,
    notes: &mut Vec<String>,
) -> Result<Profile, FormError> {
    let mut unwinding = Unwinding::new(options);
    let read = perf::decode_unwinding(bytes, &options.limits, unwinding.as_unwind());
    notes.extend(read.iter().filter_map(|read| unwinding.note(read)));
    named(read, Form::PerfData, options, notes)
}

/// Reads the text of `perf script`.
pub(super) fn read_script(
    bytes: &[u8],
    options: &FormOptions,
    notes: &mut Vec<String>,
) -> Result<Profile, FormError> {
    let text = String::from_utf8_lossy(bytes);
    named(perf::decode_script(&text, &options.limits), Form::PerfScript, options, notes)
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

fn named(
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
