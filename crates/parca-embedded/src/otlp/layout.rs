//! Which layout an export has. The versions have one name, and what one has as values is attributes in another: what
//! is decoded without a look may be stored wrongly.

use super::OtlpError;

/// What a field's number and wire type say.
const VARINT: u8 = 0;
const BYTES: u8 = 2;

/// Refuses exports that show that they are of another version than v1.10.
pub(super) fn check(request: &[u8]) -> Result<(), OtlpError> {
    for resource in fields(request).filter_map(|field| field.message(1)) {
        for scope in fields(resource).filter_map(|field| field.message(2)) {
            for profile in fields(scope).filter_map(|field| field.message(2)) {
                check_profile(profile)?;
            }
        }
    }
    Ok(())
}

fn check_profile(profile: &[u8]) -> Result<(), OtlpError> {
    let found = |found, sign| Err(OtlpError::Layout { found, sign });
    for field in fields(profile) {
        match (field.number, field.wire) {
            (8, BYTES) => return found("v1.8 or older", "field 8 of a profile is bytes"),
            (9, VARINT) => return found("v1.8 or older", "field 9 of a profile is a number"),
            (12.., _) => return found("v1.8 or older", "a profile has more fields"),
            (2, BYTES) => check_sample(field.payload)?,
            _ => {}
        }
    }
    Ok(())
}

fn check_sample(sample: &[u8]) -> Result<(), OtlpError> {
    let found = |sign| Err(OtlpError::Layout { found: "v1.9", sign });
    for field in fields(sample) {
        match (field.number, field.wire) {
            (3, BYTES) => return found("field 3 of a sample is a list"),
            // Lists are packed by every encoder of this syntax.
            (4, VARINT) => return found("field 4 of a sample is a number"),
            (2, BYTES) if has_twins(field.payload) => {
                return found("attributes of a sample come twice, as values do");
            }
            _ => {}
        }
    }
    Ok(())
}

/// Whether a packed list has a number twice; attributes never are.
fn has_twins(mut packed: &[u8]) -> bool {
    let mut seen = std::collections::HashSet::new();
    while let Some((number, rest)) = varint(packed) {
        if !seen.insert(number) {
            return true;
        }
        packed = rest;
    }
    false
}

struct Field<'a> {
    number: u64,
    wire: u8,
    /// Of a field of bytes.
    payload: &'a [u8],
}

impl<'a> Field<'a> {
    fn message(&self, number: u64) -> Option<&'a [u8]> {
        (self.number == number && self.wire == BYTES).then_some(self.payload)
    }
}

/// The fields of a message up to its end, or to where it is none: the decoder says what is wrong there.
fn fields(mut message: &[u8]) -> impl Iterator<Item = Field<'_>> {
    std::iter::from_fn(move || {
        let (tag, rest) = varint(message)?;
        let wire = u8::try_from(tag & 7).ok()?;
        let (payload, rest) = match wire {
            VARINT => (&rest[..0], varint(rest)?.1),
            1 => rest.split_at_checked(8)?,
            BYTES => {
                let (len, rest) = varint(rest)?;
                rest.split_at_checked(usize::try_from(len).ok()?)?
            }
            5 => rest.split_at_checked(4)?,
            _ => return None,
        };
        message = rest;
        Some(Field { number: tag >> 3, wire, payload })
    })
}

fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0_u64;
    for (at, byte) in bytes.iter().enumerate().take(10) {
        number |= u64::from(byte & 0x7f).checked_shl(u32::try_from(at * 7).ok()?).unwrap_or(0);
        if byte & 0x80 == 0 {
            return Some((number, &bytes[at + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A request of one profile.
    fn request(profile: &[u8]) -> Vec<u8> {
        let wrapped = |tag: u8, inner: &[u8]| {
            let len = u8::try_from(inner.len()).expect("a small message");
            [&[tag, len], inner].concat()
        };
        wrapped(0x0a, &wrapped(0x12, &wrapped(0x12, profile)))
    }

    #[test]
    fn other_layouts_are_named() {
        let check = |profile: &[u8], expect: Option<&str>| {
            let found = check(&request(profile)).err().map(|error| error.to_string());
            match expect {
                None => assert_eq!(found, None, "{profile:?}"),
                Some(version) => assert!(found.is_some_and(|found| found.contains(version)), "{profile:?}"),
            }
        };
        // Sample { stack_index: 1, attribute_indices: [1, 2], link_index: 1, values: [5, 5] }
        check(&[0x12, 12, 0x08, 1, 0x12, 2, 1, 2, 0x18, 1, 0x22, 2, 5, 5], None);
        // The same of v1.9: values 2, attributes 3, link 4.
        check(&[0x12, 12, 0x08, 1, 0x12, 2, 5, 5, 0x1a, 2, 1, 2, 0x20, 1], Some("v1.9"));
        check(&[0x12, 6, 0x08, 1, 0x12, 2, 5, 5], Some("v1.9"));
        check(&[0x12, 4, 0x08, 1, 0x20, 1], Some("v1.9"));
        check(&[0x42, 1, 9], Some("v1.8"));
        check(&[0x48, 1], Some("v1.8"));
        check(&[0x62, 1, 1], Some("v1.8"));
        // dropped_attributes_count, original_payload_format.
        check(&[0x40, 1, 0x4a, 1, b'x'], None);
        check(&[0x12, 200], None);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_looked_at(bytes in proptest::collection::vec(0..=255_u8, 0..100)) {
            let _ = check(&bytes);
            let _ = check(&request(&bytes[..bytes.len().min(90)]));
        }
    }
}
