//! Names of the kernel, if it is the one that runs here.

use std::fs;

use super::binary::hex;
use crate::mend::NamedLine;

pub(super) struct Kernel {
    /// Sorted by address.
    symbols: Vec<(u64, String)>,
}

impl Kernel {
    /// The kernel of this boot, if the recording is of it.
    pub(super) fn of_this_boot(build_id: &str, os_release: Option<&str>) -> Result<Self, String> {
        check(build_id, os_release)?;
        let text =
            fs::read_to_string("/proc/kallsyms").map_err(|error| format!("/proc/kallsyms: {error}"))?;
        let symbols = parse(&text);
        match symbols.last() {
            Some((address, _)) if *address > 0 => Ok(Self { symbols }),
            _ => {
                Err("/proc/kallsyms hides addresses: run as root, or set kernel.kptr_restrict to 0"
                    .to_owned())
            }
        }
    }

    pub(super) fn names(&self, address: u64) -> Vec<NamedLine> {
        let at = self.symbols.partition_point(|(start, _)| *start <= address);
        let found = at.checked_sub(1).map(|at| &self.symbols[at]);
        found.map(|(_, name)| NamedLine::of(name)).into_iter().collect()
    }
}

/// Addresses are those of one boot, and a build id or at least a release tells another kernel.
fn check(build_id: &str, os_release: Option<&str>) -> Result<(), String> {
    let own = fs::read("/sys/kernel/notes").ok().and_then(|notes| build_id_of(&notes)).unwrap_or_default();
    if !build_id.is_empty() {
        return match own == build_id {
            true => Ok(()),
            false => Err(format!("it is another kernel: expected the build id {build_id}, found {own}")),
        };
    }
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    match os_release {
        Some(recorded) if recorded == release.trim() => Ok(()),
        Some(recorded) => Err(format!("it is another kernel: {recorded}, and here runs {}", release.trim())),
        None => Err("the recording does not say which kernel it is of".to_owned()),
    }
}

/// The GNU build id in a section of notes.
fn build_id_of(notes: &[u8]) -> Option<String> {
    const GNU_BUILD_ID: u32 = 3;
    let word = |at: usize| Some(u32::from_ne_bytes(*notes.get(at..)?.first_chunk::<4>()?));
    let mut at = 0;
    loop {
        let (name_bytes, bytes, kind) = (word(at)? as usize, word(at + 4)? as usize, word(at + 8)?);
        let name = notes.get(at + 12..at + 12 + name_bytes)?;
        let start = at + 12 + name_bytes.next_multiple_of(4);
        let body = notes.get(start..start + bytes)?;
        if kind == GNU_BUILD_ID && name.starts_with(b"GNU") {
            return Some(hex(body));
        }
        at = start + bytes.next_multiple_of(4);
    }
}

fn parse(text: &str) -> Vec<(u64, String)> {
    let symbol = |line: &str| {
        let mut words = line.split_whitespace();
        let address = u64::from_str_radix(words.next()?, 16).ok()?;
        let is_code = words.next()?.eq_ignore_ascii_case("t") || line.contains(" W ") || line.contains(" w ");
        is_code.then(|| Some((address, words.next()?.to_owned())))?
    };
    let mut symbols: Vec<(u64, String)> = text.lines().filter_map(symbol).collect();
    // Of several names of one address, the first is the one that perf shows.
    symbols.sort_by_key(|(address, _)| *address);
    symbols.dedup_by_key(|(address, _)| *address);
    symbols
}
