use std::borrow::Cow;

use crate::Error;
use crate::call::refused;
use crate::fields::{Field, Fields, Malformed, Value, varint};

/// Far above what a server takes; a compressed profile beyond it is a bomb.
const MAX_INFLATED_BYTES: usize = 256 << 20;

/// Refuses a pprof that ends a Parca or spoils its store.
///
/// Looks at string indices, lines and the period type only; whatever else is wrong, the server says.
pub(super) fn check(pprof: &[u8]) -> Result<(), Error> {
    let profile = inflated(pprof)?;
    let found = Findings::of(&profile).map_err(Malformed::in_profile)?;
    match found {
        Findings { has_negative_index: true, .. } => {
            Err(refused("expected string indices from zero in the pprof, found one below"))
        }
        Findings { has_sample_type: true, strings, .. } if strings.is_empty() => {
            Err(refused("expected strings in the pprof, found a sample type and none"))
        }
        Findings { has_line_without_function: true, .. } => {
            Err(refused("expected a function for every line in the pprof, found a line without"))
        }
        found if found.has_samples && !found.has_period_type() => {
            Err(refused("expected a period type and unit in the pprof, found none"))
        }
        _ => Ok(()),
    }
}

fn inflated(pprof: &[u8]) -> Result<Cow<'_, [u8]>, Error> {
    if !pprof.starts_with(&[0x1f, 0x8b]) {
        return Ok(pprof.into());
    }
    gunzip::at_most(MAX_INFLATED_BYTES, pprof).map(Cow::Owned).map_err(|error| match error {
        gunzip::Error::TooLarge { limit } => {
            refused(format!("expected a pprof of at most {limit} bytes, found more"))
        }
        broken => refused("expected a pprof, found broken gzip").with_source(broken),
    })
}

#[derive(Default)]
struct Findings {
    has_negative_index: bool,
    has_line_without_function: bool,
    has_sample_type: bool,
    has_samples: bool,
    /// For each string whether it has text.
    strings: Vec<bool>,
    /// String indices of the period's type and unit.
    period_type: [i64; 2],
}

impl Findings {
    fn of(profile: &[u8]) -> Result<Self, Malformed> {
        let mut findings = Self::default();
        for field in Fields::of(profile) {
            findings.take(field?)?;
        }
        Ok(findings)
    }

    /// Field numbers are those of `perftools.profiles.Profile` and the messages in it.
    fn take(&mut self, field: Field<'_>) -> Result<(), Malformed> {
        match (field.number, field.value) {
            (1, Value::Bytes(value_type)) => {
                self.has_sample_type = true;
                self.indices(value_type, &[1, 2])
            }
            (2, Value::Bytes(sample)) => {
                self.has_samples = true;
                self.within(sample, 3, |findings, label| findings.indices(label, &[1, 2, 4]))
            }
            (3, Value::Bytes(mapping)) => self.indices(mapping, &[5, 6]),
            (4, Value::Bytes(location)) => self.within(location, 4, Self::line),
            (5, Value::Bytes(function)) => self.indices(function, &[2, 3, 4]),
            (6, Value::Bytes(string)) => {
                self.strings.push(!string.is_empty());
                Ok(())
            }
            (11, Value::Bytes(period_type)) => self.period(period_type),
            (7 | 8 | 13 | 14 | 15, Value::Varint(index)) => {
                self.index(index);
                Ok(())
            }
            (13, Value::Bytes(mut packed)) => {
                while !packed.is_empty() {
                    self.index(varint(&mut packed)?);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn within(
        &mut self,
        message: &[u8],
        number: u64,
        each: impl Fn(&mut Self, &[u8]) -> Result<(), Malformed>,
    ) -> Result<(), Malformed> {
        for field in Fields::of(message) {
            let field = field?;
            if let (true, Value::Bytes(inner)) = (field.number == number, field.value) {
                each(self, inner)?;
            }
        }
        Ok(())
    }

    fn indices(&mut self, message: &[u8], numbers: &[u64]) -> Result<(), Malformed> {
        for field in Fields::of(message) {
            let field = field?;
            if let (true, Value::Varint(index)) = (numbers.contains(&field.number), field.value) {
                self.index(index);
            }
        }
        Ok(())
    }

    fn line(&mut self, line: &[u8]) -> Result<(), Malformed> {
        let mut function = 0;
        for field in Fields::of(line) {
            if let Field { number: 1, value: Value::Varint(id), .. } = field? {
                function = id;
            }
        }
        self.has_line_without_function |= function == 0;
        Ok(())
    }

    fn period(&mut self, value_type: &[u8]) -> Result<(), Malformed> {
        for field in Fields::of(value_type) {
            if let Field { number: number @ (1 | 2), value: Value::Varint(index), .. } = field? {
                self.index(index);
                self.period_type[number as usize - 1] = index as i64;
            }
        }
        Ok(())
    }

    /// An int64 below zero has its highest bit set on the wire.
    fn index(&mut self, index: u64) {
        self.has_negative_index |= (index as i64) < 0;
    }

    fn has_period_type(&self) -> bool {
        let has_text =
            |index: &i64| usize::try_from(*index).is_ok_and(|at| self.strings.get(at) == Some(&true));
        self.period_type.iter().all(has_text)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use crate::transport::compress;

    /// A message from fields: `(number, varint)` or `(number, bytes)`.
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

    #[test]
    fn what_ends_or_spoils_a_server_is_refused() {
        let check = |profile: &[u8], expect: Option<&str>| {
            for bytes in [profile.to_vec(), compress(profile).unwrap()] {
                let error = super::check(&bytes).err().map(|error| error.message().to_owned());
                match expect {
                    None => assert_eq!(error, None),
                    Some(part) => {
                        assert!(error.as_deref().is_some_and(|e| e.contains(part)), "{part}: {error:?}")
                    }
                }
            }
        };
        check(b"", None);
        check(&valid(&[]), None);
        check(&valid(&[N(3, 1)]), None);
        for fields in [
            [B(1, &message(&[N(1, -1)]))],
            [B(2, &message(&[B(3, &message(&[N(2, -1)]))]))],
            [B(3, &message(&[N(6, i64::MIN)]))],
            [B(5, &message(&[N(2, -5)]))],
            [B(11, &message(&[N(2, -5)]))],
            [B(13, &message(&[N(0, -5)])[1..])],
            [N(13, -5)],
            [N(14, -5)],
        ] {
            check(&valid(&fields), Some("indices"));
        }
        check(&message(&[B(1, &message(&[N(1, 1)]))]), Some("strings"));
        check(&valid(&[B(4, &message(&[B(4, &message(&[N(2, 5)]))]))]), Some("function"));
        check(&valid(&[B(4, &message(&[B(4, &message(&[N(1, 5)]))]))]), None);
        check(&message(&[B(6, b""), B(2, b"")]), Some("period"));
        check(&message(&[B(6, b""), B(2, b""), B(11, &message(&[N(1, 0), N(2, 0)]))]), Some("period"));
        check(b"not a pprof", Some("expected a pprof"));
    }

    #[test]
    fn broken_gzip_is_refused() {
        assert!(super::check(&[0x1f, 0x8b, 8, 0]).is_err());
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = super::check(&bytes);
        }
    }
}
