//! gperftools' profiles with symbols in front: `--- symbol`, names of addresses, `---`, `--- profile`,
//! machine words. So writes com.papertrail's profiler for the JVM.

use super::draft::{Draft, Named};
use super::{LegacyError, cpu, java};
use crate::pprof::Limits;

const SYMBOLS: &[u8] = b"--- symbol\n";
const PROFILE: &[u8] = b"\n--- profile\n";

/// Whether bytes start like such a profile.
pub(super) fn is_start(bytes: &[u8]) -> bool {
    bytes.starts_with(SYMBOLS)
}

pub(super) fn read(bytes: &[u8], limits: &Limits) -> Option<Result<Draft, LegacyError>> {
    let rest = bytes.strip_prefix(SYMBOLS)?;
    let Some(at) = rest.windows(PROFILE.len()).position(|window| window == PROFILE) else {
        return Some(Err(LegacyError::CutOff("a line `--- profile`")));
    };
    let (symbols, words) = (String::from_utf8_lossy(&rest[..at]), &rest[at + PROFILE.len()..]);
    let Some(found) = cpu::read_as_is(words, limits) else {
        return Some(Err(LegacyError::CutOff("the header of a CPU profile after `--- profile`")));
    };
    Some(found.map(|mut draft| {
        add_names(&symbols, &mut draft);
        draft
    }))
}

fn add_names(symbols: &str, draft: &mut Draft) {
    draft.has_addresses = false;
    draft.names.extend(symbols.lines().filter_map(name));
    // Some writers name the call, which is one before the address that it returns to.
    let addresses: Vec<u64> = draft.samples.iter().flat_map(|sample| &sample.stack).copied().collect();
    for address in addresses {
        if let (false, Some(named)) =
            (draft.names.contains_key(&address), draft.names.get(&address.wrapping_sub(1)).cloned())
        {
            draft.names.insert(address, named);
        }
    }
}

fn name(line: &str) -> Option<(u64, Vec<Named>)> {
    let (address, name) = line.trim().strip_prefix("0x")?.split_once(' ')?;
    Some((u64::from_str_radix(address, 16).ok()?, vec![named(name.trim())]))
}

/// `function(File.java:7)`, without a space before the place.
fn named(text: &str) -> Named {
    let place = text.strip_suffix(')').and_then(|text| text.rsplit_once('('));
    let numbered = place.and_then(|(function, place)| {
        let (file, line) = place.rsplit_once(':')?;
        Some((function, file, line.parse::<i64>().ok()?.max(0)))
    });
    match numbered {
        Some((function, file, line)) => {
            Named { function: function.trim_end().to_owned(), file: file.to_owned(), line }
        }
        None => java::named(text),
    }
}
