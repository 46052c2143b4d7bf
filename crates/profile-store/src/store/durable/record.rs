//! A write as a record of the log: label sets and bytes as they came, so that each record stands alone.
//!
//! | | |
//! |---|---|
//! | 1 | format: 1 |
//! | text | idempotency key, empty for none |
//! | number | profiles |
//! | each: number | 1: in the model's own words, 2: keep zeros, 4: keep columns, 8: a digest follows |
//! | text, labels | name, label set |
//! | 16 bytes | the digest, if there is one |
//! | block | a pprof |

use std::borrow::Cow;

use bytes::Bytes;
use profile_codec::pprof::{self, Limits};

use crate::sealed::codec::{Reader, Writer};
use crate::sealed::{read_labels, write_labels};
use crate::{Keep, NewProfile, NewWrite};

const FORMAT: u64 = 1;

/// The record of a write.
pub(crate) fn write(write: &NewWrite) -> Vec<u8> {
    let profiles: Vec<&NewProfile> = write.profiles.iter().collect();
    write_some(write.key.as_deref(), &profiles)
}

/// The record of some profiles of a write.
pub(crate) fn write_some(key: Option<&str>, profiles: &[&NewProfile]) -> Vec<u8> {
    let mut out = Writer::default();
    out.number(FORMAT);
    out.text(key.unwrap_or_default());
    out.len(profiles.len());
    for profile in profiles {
        let flags = [profile.raw.is_none(), profile.keep.zeros, profile.keep.columns, profile.digest != 0];
        out.number(flags.iter().rev().fold(0, |bits, flag| bits << 1 | u64::from(*flag)));
        out.text(&profile.name);
        write_labels(&mut out, &profile.labels);
        if profile.digest != 0 {
            out.block(&profile.digest.to_le_bytes());
        }
        let body = match &profile.raw {
            Some(raw) => Cow::Borrowed(&raw[..]),
            None => Cow::Owned(pprof::encode_gzip(&profile.profile)),
        };
        out.block(&body);
    }
    out.bytes
}

/// The write of a record.
///
/// # Errors
/// In words: it is none that this program can read.
pub(crate) fn read(bytes: &[u8]) -> Result<NewWrite, String> {
    let mut input = Reader::new(bytes);
    let short = || "it ends early".to_owned();
    match input.number() {
        Some(FORMAT) => {}
        Some(other) => return Err(format!("its format is {other}, this program reads {FORMAT}")),
        None => return Err(short()),
    }
    let key = input.text().ok_or_else(short)?;
    let mut write = NewWrite { key: (!key.is_empty()).then(|| key.to_owned()), ..NewWrite::default() };
    for _ in 0..input.len().ok_or_else(short)? {
        write.profiles.push(read_profile(&mut input).ok_or_else(short)??);
    }
    Ok(write)
}

fn read_profile(input: &mut Reader<'_>) -> Option<Result<NewProfile, String>> {
    let bits = input.number()?;
    let flag = |at: u32| bits >> at & 1 == 1;
    let (name, labels) = (input.text()?.to_owned(), read_labels(input)?);
    let digest = if flag(3) { u128::from_le_bytes(input.block()?.try_into().ok()?) } else { 0 };
    let body = input.block()?;
    let limits = Limits::default();
    let profile = match flag(0) {
        true => pprof::decode(body, &limits),
        false => pprof::decode_like_parca(body, 0, &limits),
    };
    let keep = Keep { zeros: flag(1), columns: flag(2) };
    // Of what was read back the bytes are not needed again.
    let raw = (!flag(0)).then(Bytes::new);
    Some(match profile {
        Ok(profile) => Ok(NewProfile { name, labels, profile, keep, raw, digest }),
        Err(error) => Err(error.to_string()),
    })
}
