//! A write as a record of the log: label sets and bytes as they came, so that each record stands alone.
//!
//! | | |
//! |---|---|
//! | 1 | format: 1, or 2 where a batch follows |
//! | text | idempotency key, empty for none |
//! | number | profiles |
//! | each: number | 1: in the model's own words, 2: keep zeros, 4: keep columns, 8: a digest follows |
//! | text, labels | name, label set |
//! | 16 bytes | the digest, if there is one |
//! | block | a pprof |
//! | batch | as batch_record.rs has it, in format 2 |

use std::borrow::Cow;

use bytes::Bytes;
use profile_codec::pprof::{self, Limits};

use super::batch_record;
use crate::sealed::codec::{Reader, Writer};
use crate::sealed::{read_labels, write_labels};
use crate::store::fresh::Fresh;
use crate::{Keep, NewProfile, NewWrite};

/// Profiles only.
const PLAIN: u64 = 1;
/// Profiles and a batch.
const WITH_BATCH: u64 = 2;

/// The record of a write.
pub(crate) fn write(write: &NewWrite) -> Vec<u8> {
    write_some(write, &Fresh::of(write, &|_| false))
}

/// The record of what is fresh of a write.
pub(crate) fn write_some(write: &NewWrite, fresh: &Fresh) -> Vec<u8> {
    let (batch, profiles) = (fresh.batch(write), fresh.profiles(write));
    let mut out = Writer::default();
    out.number(if batch.is_some() { WITH_BATCH } else { PLAIN });
    out.text(write.key.as_deref().unwrap_or_default());
    write_profiles(&mut out, profiles);
    batch.into_iter().for_each(|batch| batch_record::write(&mut out, batch));
    out.bytes
}

fn write_profiles<'a>(out: &mut Writer, profiles: impl ExactSizeIterator<Item = &'a NewProfile>) {
    out.len(profiles.len());
    for profile in profiles {
        let flags = [profile.raw.is_none(), profile.keep.zeros, profile.keep.columns, profile.digest != 0];
        out.number(flags.iter().rev().fold(0, |bits, flag| bits << 1 | u64::from(*flag)));
        out.text(&profile.name);
        write_labels(out, &profile.labels);
        if profile.digest != 0 {
            out.block(&profile.digest.to_le_bytes());
        }
        let body = match &profile.raw {
            Some(raw) => Cow::Borrowed(&raw[..]),
            None => Cow::Owned(pprof::encode_gzip(&profile.profile)),
        };
        out.block(&body);
    }
}

/// The write of a record.
///
/// # Errors
/// In words: it is none that this program can read.
pub(crate) fn read(bytes: &[u8]) -> Result<NewWrite, String> {
    let mut input = Reader::new(bytes);
    let short = || "it ends early".to_owned();
    let format = input.number().ok_or_else(short)?;
    if !(PLAIN..=WITH_BATCH).contains(&format) {
        return Err(format!("its format is {format}, this program reads up to {WITH_BATCH}"));
    }
    let key = input.text().ok_or_else(short)?;
    let mut write = NewWrite { key: (!key.is_empty()).then(|| key.to_owned()), ..NewWrite::default() };
    for _ in 0..input.len().ok_or_else(short)? {
        write.profiles.push(read_profile(&mut input).ok_or_else(short)??);
    }
    if format == WITH_BATCH {
        let batch = batch_record::read(&mut input).ok_or("its batch is none, or is damaged")?;
        write.batch = Some(batch);
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
