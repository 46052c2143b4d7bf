//! The profile formats from before pprof was protobuf, as `go tool pprof` still reads them: CPU profiles
//! of gperftools and of Google's Java agent in machine words; heap, growth, contention and thread profiles
//! as text, of C++, Go (`?debug=1`) and Java; and gperftools' form with symbols in front.
//!
//! The values are those of google/pprof at b9395ee (`profile/legacy_profile.go`, `legacy_java_profile.go`),
//! scaling of sampled allocations included. Beyond it, names that Go writes in comment lines are kept.

mod contention;
mod count;
mod cpu;
mod draft;
mod error;
mod frames;
mod heap;
mod java;
mod maps;
mod scan;
mod symbolized;
mod thread;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

pub use error::LegacyError;

use profile_model::Profile;

use crate::detect::Form;
use crate::pprof::Limits;
use draft::Draft;

/// Reads a profile of one of the older formats; `None` if the bytes are of none of them.
///
/// Whether samples and tables stay in the limits is checked while they are read.
///
/// # Errors
/// If the bytes start like one of the formats and go on in a way that it does not know.
pub fn decode(bytes: &[u8], limits: &Limits) -> Option<Result<Profile, LegacyError>> {
    if let Some(found) = cpu::read(bytes, limits) {
        return Some(found.and_then(Draft::finish));
    }
    if let Some(found) = symbolized::read(bytes, limits) {
        return Some(found.and_then(Draft::finish));
    }
    let text = std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Into::into);
    let readers = [heap::read, count::read, thread::read, contention::read, java::read];
    let found = readers.iter().find_map(|read| read(&text, limits))?;
    Some(found.and_then(Draft::finish))
}

/// Whether bytes start like one of these formats.
pub(crate) fn kind_of(start: &[u8]) -> Option<Form> {
    let first = String::from_utf8_lossy(&start[..start.len().min(512)]);
    let mut lines = first.lines().filter(|line| !scan::is_blank_or_comment(line));
    let line = lines.next().unwrap_or_default();
    let is_text = heap::is_header(line)
        || count::kind(line).is_some()
        || thread::is_header(line)
        || contention::is_header(line)
        || java::is_header(line);
    (is_text || symbolized::is_start(start) || cpu::header(start).is_some()).then_some(Form::Legacy)
}
