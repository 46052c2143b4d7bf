//! Which layout an export has. The versions have one name, and what one has as values is attributes in another: what
//! is decoded without a look may be stored wrongly.

use prost::encoding::encode_varint;

use super::OtlpError;

/// What a field's number and wire type say.
const VARINT: u8 = 0;
const BYTES: u8 = 2;

/// How the fields of samples are numbered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// v1.10: attributes 2, link 3, values 4.
    Current,
    /// v1.9: values 2, attributes 3, link 4.
    Older,
}

/// What an export shows of its layout.
#[derive(Default)]
struct Signs {
    current: bool,
    older: Option<&'static str>,
}

/// The layout of an export.
///
/// # Errors
/// It shows that it is older than v1.9, or shows two layouts, or only makes v1.9 likely.
pub(super) fn of(request: &[u8]) -> Result<Layout, OtlpError> {
    let (mut signs, mut likely) = (Signs::default(), None);
    for resource in fields(request).filter_map(|field| field.message(1)) {
        for scope in fields(resource).filter_map(|field| field.message(2)) {
            for profile in fields(scope).filter_map(|field| field.message(2)) {
                look_at_profile(profile, &mut signs, &mut likely)?;
            }
        }
    }
    let refused = |sign| Err(OtlpError::Layout { found: "v1.9", sign });
    match (signs.older, signs.current, likely) {
        (Some(_), false, _) => Ok(Layout::Older),
        (Some(sign), true, _) | (None, _, Some(sign)) => refused(sign),
        (None, _, None) => Ok(Layout::Current),
    }
}

fn look_at_profile(
    profile: &[u8],
    signs: &mut Signs,
    likely: &mut Option<&'static str>,
) -> Result<(), OtlpError> {
    let found = |sign| Err(OtlpError::Layout { found: "v1.8 or older", sign });
    for field in fields(profile) {
        match (field.number, field.wire) {
            (8, BYTES) => return found("field 8 of a profile is bytes"),
            (9, VARINT) => return found("field 9 of a profile is a number"),
            (12.., _) => return found("a profile has more fields"),
            (2, BYTES) => look_at_sample(field.payload, signs, likely),
            _ => {}
        }
    }
    Ok(())
}

/// A sender packs all its lists or none: beside a packed list a number is no list of one, and so a link.
fn look_at_sample(sample: &[u8], signs: &mut Signs, likely: &mut Option<&'static str>) {
    let has = |number, wire| fields(sample).any(|field| (field.number, field.wire) == (number, wire));
    if has(3, BYTES) {
        signs.older = Some("field 3 of a sample is a list");
    }
    if has(2, BYTES) && has(4, VARINT) {
        signs.older = Some("field 4 of a sample is a number");
    }
    signs.current |= has(4, BYTES) || has(2, BYTES) && has(3, VARINT);
    if fields(sample).filter_map(|field| field.message(2)).any(has_twins) {
        *likely = Some("attributes of a sample come twice, as values do");
    }
}

/// An export of v1.9 with the numbers of v1.10.
pub(super) fn renumbered(request: &[u8]) -> Vec<u8> {
    // Resources, scopes, profiles, samples.
    renumbered_below(request, &[1, 2, 2, 2])
}

fn renumbered_below(mut message: &[u8], path: &[u64]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len());
    while let Some((field, rest)) = next_field(message) {
        match path.split_first() {
            Some((number, path)) if field.message(*number).is_some() => {
                let inner = renumbered_below(field.payload, path);
                encode_varint(field.number << 3 | u64::from(field.wire), &mut out);
                encode_varint(inner.len() as u64, &mut out);
                out.extend(inner);
            }
            Some(_) => out.extend(&message[..message.len() - rest.len()]),
            None => {
                let number = match field.number {
                    2 => 4,
                    3 => 2,
                    4 => 3,
                    other => other,
                };
                encode_varint(number << 3 | u64::from(field.wire), &mut out);
                out.extend(field.value);
            }
        }
        message = rest;
    }
    // What is no field stays, for the decoder to say so.
    out.extend(message);
    out
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
    /// What stands behind the tag, a length included.
    value: &'a [u8],
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
        let (field, rest) = next_field(message)?;
        message = rest;
        Some(field)
    })
}

/// The first field of a message, and what is behind it.
fn next_field(message: &[u8]) -> Option<(Field<'_>, &[u8])> {
    let (tag, behind_tag) = varint(message)?;
    let wire = u8::try_from(tag & 7).ok()?;
    let (payload, rest) = match wire {
        VARINT => (&behind_tag[..0], varint(behind_tag)?.1),
        1 => behind_tag.split_at_checked(8)?,
        BYTES => {
            let (len, rest) = varint(behind_tag)?;
            rest.split_at_checked(usize::try_from(len).ok()?)?
        }
        5 => behind_tag.split_at_checked(4)?,
        _ => return None,
    };
    let value = &behind_tag[..behind_tag.len() - rest.len()];
    Some((Field { number: tag >> 3, wire, value, payload }, rest))
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

    /// Sample { stack_index: 1, attribute_indices: [1, 2], link_index: 1, values: [5, 5] }
    const CURRENT: &[u8] = &[0x12, 12, 0x08, 1, 0x12, 2, 1, 2, 0x18, 1, 0x22, 2, 5, 5];
    /// A sample of v1.9: values 2, attributes 3, link 4.
    const OLDER: &[u8] = &[0x12, 12, 0x08, 1, 0x12, 2, 5, 5, 0x1a, 2, 1, 2, 0x20, 1];

    #[test]
    fn layouts_are_told_apart_or_named() {
        let check = |profile: &[u8], expect: Result<Layout, &str>| {
            let found = of(&request(profile)).map_err(|error| error.to_string());
            match (&found, expect) {
                (Ok(found), Ok(expect)) => assert_eq!(*found, expect, "{profile:?}"),
                (Err(found), Err(version)) => assert!(found.contains(version), "{profile:?} {found}"),
                _ => panic!("{profile:?} {found:?}"),
            }
        };
        check(CURRENT, Ok(Layout::Current));
        check(OLDER, Ok(Layout::Older));
        check(&[0x12, 7, 0x08, 1, 0x12, 1, 5, 0x20, 1], Ok(Layout::Older));
        // A value that is not packed, as io.pyroscope:agent 2.9.2 writes it, alone and beside an attribute.
        check(&[0x12, 4, 0x08, 1, 0x20, 1], Ok(Layout::Current));
        check(&[0x12, 6, 0x08, 1, 0x10, 1, 0x20, 1], Ok(Layout::Current));
        // Values alone are only likely to be that.
        check(&[0x12, 6, 0x08, 1, 0x12, 2, 5, 5], Err("v1.9"));
        check(&[CURRENT, OLDER].concat(), Err("v1.9"));
        check(&[0x42, 1, 9], Err("v1.8"));
        check(&[0x48, 1], Err("v1.8"));
        check(&[0x62, 1, 1], Err("v1.8"));
        // dropped_attributes_count, original_payload_format.
        check(&[0x40, 1, 0x4a, 1, b'x'], Ok(Layout::Current));
        check(&[0x12, 200], Ok(Layout::Current));
    }

    #[test]
    fn an_older_export_gets_the_numbers_of_today() {
        use parca_proto::otlp::collector::ExportProfilesServiceRequest as Export;
        use prost::Message;
        let decoded = |bytes: &[u8]| Export::decode(bytes).map_err(|error| error.to_string());
        let period = [0x30, 7];
        let older = renumbered(&request(&[OLDER, &period].concat()));
        assert_eq!(decoded(&older), decoded(&request(&[CURRENT, &period].concat())));
        assert_eq!(of(&older).map_err(|error| error.to_string()), Ok(Layout::Current));
        // A sample that ends early still does.
        assert!(decoded(&renumbered(&request(&[0x12, 3, 0x20, 1, 0x12]))).is_err());
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_looked_at(bytes in proptest::collection::vec(0..=255_u8, 0..100)) {
            let _ = (of(&bytes), renumbered(&bytes));
            let request = request(&bytes[..bytes.len().min(90)]);
            let _ = (of(&request), renumbered(&request));
        }
    }
}
