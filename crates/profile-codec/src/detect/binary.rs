//! Forms that their first bytes tell, and pprof, which has none of its own.

use super::Form;

const MAGICS: [(&[u8], Form); 14] = [
    (b"\x1f\x8b", Form::Gzip),
    (b"\x28\xb5\x2f\xfd", Form::Zstd),
    (b"\xfd7zXZ\0", Form::Xz),
    (b"BZh", Form::Bzip2),
    (b"PK\x03\x04", Form::Zip),
    (b"PERFILE2", Form::PerfData),
    (b"2ELIFREP", Form::PerfData),
    (b"FLR\0", Form::Jfr),
    (b"\xa6\xe7\xcc\xca", Form::Padata),
    (b"\x7fELF", Form::Elf),
    (b"\xcf\xfa\xed\xfe", Form::Elf),
    (b"MZ\x90\0", Form::Elf),
    (b"HTTP/1.", Form::Http),
    (b"HTTP/2 ", Form::Http),
];

pub(super) fn by_magic(bytes: &[u8]) -> Option<Form> {
    let found = MAGICS.iter().find(|(magic, _)| bytes.starts_with(magic)).map(|(_, form)| *form);
    found.or_else(|| (bytes.get(257..262)? == b"ustar").then_some(Form::Tar))
}

/// The wire types of pprof's fields: 2 for what has a length, 0 for numbers; comments may be either.
const LENGTHS: [u64; 7] = [1, 2, 3, 4, 5, 6, 11];
const NUMBERS: [u64; 8] = [7, 8, 9, 10, 12, 13, 14, 15];
const STRING: u64 = 6;

/// Fields of pprof from the first to the last byte, or as far as bytes go.
pub(super) fn pprof(bytes: &[u8]) -> Option<Form> {
    let (mut rest, mut fields, mut strings, mut empty_strings) = (bytes, 0_u32, 0_u32, 0_u32);
    let mut restarted = false;
    while !rest.is_empty() {
        let Some((tag, after)) = varint(rest) else { break };
        let (number, wire) = (tag >> 3, tag & 7);
        rest = match wire {
            0 if NUMBERS.contains(&number) => match varint(after) {
                Some((_, rest)) => rest,
                None => break,
            },
            2 if LENGTHS.contains(&number) || number == 13 => {
                let Some((length, after)) = varint(after) else { break };
                let length = usize::try_from(length).ok()?;
                strings += u32::from(number == STRING);
                empty_strings += u32::from(number == STRING && length == 0);
                // A profile cut off inside a field is still one.
                after.get(length..).unwrap_or_default()
            }
            _ => return None,
        };
        fields += 1;
        restarted |= empty_strings > 1 && number == 1;
    }
    match (fields, strings) {
        (0, _) => None,
        _ if empty_strings > 1 && (restarted || starts_again(bytes)) => Some(Form::SeveralPprofs),
        _ => Some(Form::Pprof),
    }
}

/// Whether sample types, which every writer writes first and in a row, come again behind the strings.
fn starts_again(bytes: &[u8]) -> bool {
    let (mut rest, mut seen_strings) = (bytes, false);
    while let Some((tag, after)) = varint(rest) {
        let (number, wire) = (tag >> 3, tag & 7);
        if number == 1 && seen_strings {
            return true;
        }
        seen_strings |= number == STRING;
        let next = match wire {
            0 => varint(after).map(|(_, rest)| rest),
            _ => varint(after).and_then(|(length, rest)| rest.get(usize::try_from(length).ok()?..)),
        };
        let Some(next) = next else { return false };
        rest = next;
    }
    false
}

fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0;
    for (at, byte) in bytes.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((value, &bytes[at + 1..]));
        }
    }
    None
}
