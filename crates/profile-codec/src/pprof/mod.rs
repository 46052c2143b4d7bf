//! The pprof format: `perftools.profiles.Profile` in protobuf, most often gzip-compressed.

mod encode;
mod error;
mod harmless;
mod ids;
mod inflate;
mod inspect;
mod json;
mod limits;
mod raw;
mod resolve;
mod strict;
pub(crate) mod wire;

pub use encode::{encode, encode_gzip};
pub use error::{DecodeError, InvalidProfile, Table};
pub use harmless::{Harm, Harmless, HarmlessError};
pub use inflate::unpack;
pub use inspect::{Head, inspect};
pub use json::write_json;
pub use limits::Limits;
pub use wire::WireError;

use std::borrow::Cow;

use profile_model::Profile;
use raw::RawProfile;

/// Reads a profile, gzip or not, as it may come from a file or a server.
///
/// Ids may have any order and gaps. Text that is not UTF-8 is repaired. No bytes at all are a
/// profile in which nothing is.
///
/// # Errors
/// If the bytes are not gzip or protobuf, refer to what is not there, or exceed the limits.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Profile, DecodeError> {
    decode_unpacked(&unpack(bytes, limits, &mut 0)?, limits)
}

/// Reads a profile as [`decode`] does, and lets go of compressed bytes as soon as it can.
///
/// # Errors
/// As [`decode`].
pub fn decode_vec(bytes: Vec<u8>, limits: &Limits) -> Result<Profile, DecodeError> {
    let inflated = match unpack(&bytes, limits, &mut 0)? {
        Cow::Owned(inflated) => Some(inflated),
        Cow::Borrowed(_) => None,
    };
    decode_unpacked(&inflated.unwrap_or(bytes), limits)
}

/// Reads a profile as [`decode`] does, after [`unpack`].
///
/// # Errors
/// As [`decode`].
pub fn decode_unpacked(bytes: &[u8], limits: &Limits) -> Result<Profile, DecodeError> {
    let raw = RawProfile::parse(bytes, limits)?;
    Ok(resolve::resolve(&raw)?)
}

/// Reads a profile as Parca's `WriteRaw` does: what it refuses is refused, with its words, and so
/// is what ends its process. `executable_infos` is how many of them came along.
///
/// # Errors
/// Parca answers [`DecodeError::Gzip`] with gRPC code `UNKNOWN` and the others with
/// `INVALID_ARGUMENT`; the error's text is the whole message. Exceeding the limits has no like
/// there.
pub fn decode_like_parca(
    bytes: &[u8],
    executable_infos: usize,
    limits: &Limits,
) -> Result<Profile, DecodeError> {
    unpacked_like_parca(&unpack(bytes, limits, &mut 0)?, executable_infos, limits)
}

/// Reads a profile as [`decode_like_parca`] does, after [`unpack`].
///
/// # Errors
/// As [`decode_like_parca`].
pub fn unpacked_like_parca(
    bytes: &[u8],
    executable_infos: usize,
    limits: &Limits,
) -> Result<Profile, DecodeError> {
    let raw = RawProfile::parse(bytes, limits)?;
    strict::check(&raw, executable_infos)?;
    Ok(resolve::resolve(&raw)?)
}
