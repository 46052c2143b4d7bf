use bytes::Bytes;
use profile_model::Profile;

use super::raw::{RawProfile, RawValueType};
use super::{DecodeError, Head, Limits, encode, inspect, unpack};

/// A pprof that ends no Parca and spoils no store of one.
///
/// There is none but through a check, so that what takes one need not look again. Whatever else may be wrong with it, a
/// Parca answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Harmless(Bytes);

/// What in a profile would end a Parca, or keep it from listing its profile types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Harm {
    /// The server looks the string up.
    #[error("expected string indices from zero in the pprof, found one below")]
    NegativeIndex,
    /// The server looks for the type's name.
    #[error("expected strings in the pprof, found a sample type and none")]
    NoStrings,
    /// The server ends at the next function table.
    #[error("expected a function for every line in the pprof, found a line without")]
    LineWithoutFunction,
    /// No profile type can be listed any more.
    #[error("expected a period type and unit in the pprof, found none")]
    NoPeriodType,
}

/// Why a pprof is not known to be harmless.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HarmlessError {
    /// Bytes that cannot be read.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// A profile that can be read, and does harm.
    #[error(transparent)]
    Harm(#[from] Harm),
}

impl Harmless {
    /// Checks a pprof, gzip or not.
    ///
    /// # Errors
    /// If it is none, exceeds the limits or does harm.
    pub fn new(pprof: Bytes, limits: &Limits) -> Result<Self, HarmlessError> {
        harm(&RawProfile::parse(&unpack(&pprof, limits, &mut 0)?, limits)?)?;
        Ok(Self(pprof))
    }

    /// Checks a pprof, and says of it what [`inspect`](super::inspect) does, for the price of one reading.
    ///
    /// # Errors
    /// If it is none or exceeds the limits.
    pub fn inspect(pprof: &Bytes, limits: &Limits) -> Result<(Head, Result<Self, Harm>), DecodeError> {
        let plain = unpack(pprof, limits, &mut 0)?;
        let raw = RawProfile::parse(&plain, limits)?;
        Ok((inspect::head(&raw), harm(&raw).map(|()| Self(pprof.clone()))))
    }

    /// Writes a profile as gzip-compressed pprof, with what that says of itself.
    ///
    /// # Errors
    /// If it exceeds the limits or does harm.
    pub fn encode(profile: &Profile, limits: &Limits) -> Result<(Self, Head), HarmlessError> {
        let plain = encode::encode(profile);
        let raw = RawProfile::parse(&plain, limits)?;
        harm(&raw)?;
        Ok((Self(encode::gzip(&plain).into()), inspect::head(&raw)))
    }

    /// The pprof.
    pub fn bytes(&self) -> &Bytes {
        &self.0
    }

    /// The pprof.
    pub fn into_bytes(self) -> Bytes {
        self.0
    }
}

impl AsRef<[u8]> for Harmless {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

fn harm(raw: &RawProfile<'_>) -> Result<(), Harm> {
    if has_negative_index(raw) {
        return Err(Harm::NegativeIndex);
    }
    if !raw.sample_types.is_empty() && raw.strings.is_empty() {
        return Err(Harm::NoStrings);
    }
    if raw.lines.iter().any(|line| line.function_id == 0) {
        return Err(Harm::LineWithoutFunction);
    }
    if !raw.samples.is_empty() && !raw.period_type.is_some_and(|period| has_text(raw, period)) {
        return Err(Harm::NoPeriodType);
    }
    Ok(())
}

fn has_negative_index(raw: &RawProfile<'_>) -> bool {
    let is_below = |index: i64| index < 0;
    let mut types = raw.sample_types.iter().chain(&raw.period_type).flat_map(|one| [one.name, one.unit]);
    let head = [raw.drop_frames, raw.keep_frames, raw.default_sample_type, raw.doc_url];
    types.any(is_below)
        || head.into_iter().any(is_below)
        || raw.comments.iter().copied().any(is_below)
        || raw.labels.iter().any(|one| [one.key, one.text, one.unit].into_iter().any(is_below))
        || raw.mappings.iter().any(|one| [one.file, one.build_id].into_iter().any(is_below))
        || raw.functions.iter().any(|one| [one.name, one.system_name, one.filename].into_iter().any(is_below))
}

fn has_text(raw: &RawProfile<'_>, of: RawValueType) -> bool {
    let is_text = |index: i64| {
        let text = usize::try_from(index).ok().and_then(|at| raw.strings.get(at));
        text.is_some_and(|text| !text.is_empty())
    };
    is_text(of.name) && is_text(of.unit)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A field of a message: `(number, varint)` or `(number, bytes)`.
    enum F<'a> {
        N(u8, i64),
        B(u8, &'a [u8]),
    }
    use F::{B, N};

    fn message(fields: &[F<'_>]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for field in fields {
            match field {
                N(number, value) => {
                    bytes.push(number << 3);
                    let mut rest = *value as u64;
                    while rest > 0x7f {
                        bytes.push(rest as u8 | 0x80);
                        rest >>= 7;
                    }
                    bytes.push(rest as u8);
                }
                B(number, inner) => {
                    bytes.extend([number << 3 | 2, u8::try_from(inner.len()).unwrap()]);
                    bytes.extend_from_slice(inner);
                }
            }
        }
        bytes
    }

    fn valid(extra: &[F<'_>]) -> Vec<u8> {
        let value_type = message(&[N(1, 1), N(2, 2)]);
        let mut profile = message(&[
            B(1, &value_type),
            B(2, &message(&[N(2, 7)])),
            B(11, &value_type),
            B(6, b""),
            B(6, b"cpu"),
            B(6, b"nanoseconds"),
        ]);
        profile.extend(message(extra));
        profile
    }

    #[track_caller]
    fn check(profile: &[u8], expect: Option<Harm>) {
        for bytes in [Bytes::from(profile.to_vec()), encode::gzip(profile).into()] {
            let found = match Harmless::new(bytes.clone(), &Limits::default()) {
                Ok(harmless) => {
                    assert_eq!(harmless.into_bytes(), bytes);
                    None
                }
                Err(HarmlessError::Harm(harm)) => Some(harm),
                Err(error) => panic!("{error}"),
            };
            assert_eq!(found, expect);
            let (_, inspected) = Harmless::inspect(&bytes, &Limits::default()).unwrap();
            assert_eq!(inspected.err(), expect);
        }
    }

    #[test]
    fn what_ends_or_spoils_a_parca_is_known() {
        check(b"", None);
        check(&valid(&[]), None);
        check(&valid(&[N(3, 1)][..0]), None);
        for fields in [
            [B(1, &message(&[N(1, -1)]))],
            [B(2, &message(&[B(3, &message(&[N(2, -1)]))]))],
            [B(2, &message(&[B(3, &message(&[N(4, -1)]))]))],
            [B(3, &message(&[N(6, i64::MIN)]))],
            [B(5, &message(&[N(2, -5)]))],
            [B(11, &message(&[N(2, -5)]))],
            [B(13, &message(&[N(0, -5)])[1..])],
            [N(13, -5)],
            [N(14, -5)],
        ] {
            check(&valid(&fields), Some(Harm::NegativeIndex));
        }
        check(&message(&[B(1, &message(&[N(1, 1)]))]), Some(Harm::NoStrings));
        check(&valid(&[B(4, &message(&[B(4, &message(&[N(2, 5)]))]))]), Some(Harm::LineWithoutFunction));
        check(&valid(&[B(4, &message(&[B(4, &message(&[N(1, 5)]))]))]), None);
        check(&message(&[B(6, b""), B(2, b"")]), Some(Harm::NoPeriodType));
        check(
            &message(&[B(6, b""), B(2, b""), B(11, &message(&[N(1, 0), N(2, 0)]))]),
            Some(Harm::NoPeriodType),
        );
    }

    #[test]
    fn what_is_no_pprof_is_not_harmless() {
        for bytes in [&b"not a pprof"[..], &[0x1f, 0x8b, 8, 0]] {
            let error = Harmless::new(Bytes::copy_from_slice(bytes), &Limits::default()).unwrap_err();
            assert!(matches!(error, HarmlessError::Decode(_)), "{error}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = Harmless::new(bytes.into(), &Limits::default());
        }
    }
}
