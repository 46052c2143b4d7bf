//! Names of the kernel: of the one that runs here, or from the table that perf kept of another one.

use std::fs;
use std::path::{Path, PathBuf};

use super::elf::{hex, place_of};
use super::table::{Binding, Symbol, SymbolTable};
use crate::mend::NamedLine;

pub(super) struct Kernel {
    table: SymbolTable,
    /// How far the kernel lay from where it does in the table: each boot puts it elsewhere.
    moved: u64,
}

/// What a recording says of its kernel.
pub(super) struct Recorded<'a> {
    pub(super) build_id: &'a str,
    pub(super) os_release: Option<&'a str>,
    /// Where its text began; 0 if that is not said.
    pub(super) text: u64,
}

impl Kernel {
    /// The kernel that was recorded, if it runs here or perf kept its table in one of the folders.
    pub(super) fn open(recorded: &Recorded<'_>, folders: &[PathBuf]) -> Result<Self, String> {
        let kept = folders.iter().filter_map(|folder| place_of(folder, recorded.build_id));
        match kept.map(|place| place.join("kallsyms")).find(|path| path.is_file()) {
            Some(path) => Self::read(&path, recorded.text),
            None => {
                check(recorded)?;
                Self::read(Path::new("/proc/kallsyms"), recorded.text)
            }
        }
    }

    /// The kernel that runs here, with its modules, if it is the boot that was recorded: modules are elsewhere
    /// after each boot, and nothing says where they were.
    pub(super) fn of_this_boot(recorded: &Recorded<'_>) -> Result<Self, String> {
        check(recorded)?;
        let kernel = Self::read(Path::new("/proc/kallsyms"), recorded.text)?;
        match recorded.text > 0 && kernel.moved == 0 {
            true => Ok(kernel),
            false => Err("the kernel was started anew since".to_owned()),
        }
    }

    fn read(path: &Path, recorded_text: u64) -> Result<Self, String> {
        let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        Self::parse(&text, recorded_text).ok_or_else(|| {
            format!("{} hides addresses: run as root, or set kernel.kptr_restrict to 0", path.display())
        })
    }

    /// None if all addresses are 0.
    fn parse(text: &str, recorded_text: u64) -> Option<Self> {
        let symbols: Vec<Symbol> = text.lines().filter_map(symbol).collect();
        symbols.iter().find(|symbol| symbol.start > 0)?;
        let own_text = symbols.iter().find(|symbol| symbol.name == "_text").map(|symbol| symbol.start);
        let own_text = own_text.filter(|_| recorded_text > 0);
        let moved = own_text.map_or(0, |own| recorded_text.wrapping_sub(own));
        Some(Self { table: SymbolTable::new(symbols), moved })
    }

    pub(super) fn names(&self, address: u64) -> Vec<NamedLine> {
        let found = self.table.find(address.wrapping_sub(self.moved));
        found.map(NamedLine::of).into_iter().collect()
    }
}

/// A build id or at least a release tells another kernel.
fn check(recorded: &Recorded<'_>) -> Result<(), String> {
    let Recorded { build_id, os_release, .. } = recorded;
    let own = fs::read("/sys/kernel/notes").ok().and_then(|notes| build_id_of(&notes)).unwrap_or_default();
    if !build_id.is_empty() {
        return match own == *build_id {
            true => Ok(()),
            false => Err(format!("it is another kernel: expected the build id {build_id}, found {own}")),
        };
    }
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    match os_release {
        Some(recorded) if *recorded == release.trim() => Ok(()),
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

/// `ADDRESS KIND NAME`, and the module in brackets if it is of one.
fn symbol(line: &str) -> Option<Symbol> {
    let mut words = line.split_whitespace();
    let start = u64::from_str_radix(words.next()?, 16).ok()?;
    let binding = match words.next()? {
        "T" => Binding::Global,
        "t" => Binding::Local,
        "W" | "w" => Binding::Weak,
        _ => return None,
    };
    Some(Symbol { start, size: 0, binding, name: words.next()?.to_owned() })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const TABLE: &str = "ffffffff81000000 T _text\nffffffff81000000 T startup_64\nffffffff81001000 t work\n\
        ffffffff81002000 D data\nffffffffc0001000 t probe\t[module]\n";

    #[test]
    fn a_kernel_lies_elsewhere_after_each_boot() {
        let name = |text, address| {
            Kernel::parse(TABLE, text).unwrap().names(address).first().map(|line| line.name.clone())
        };
        assert_eq!(name(0, 0xffff_ffff_8100_1004).as_deref(), Some("work"));
        assert_eq!(name(0xffff_ffff_9200_0000, 0xffff_ffff_9200_1004).as_deref(), Some("work"));
        assert_eq!(name(0, 0xffff_ffff_c000_1001).as_deref(), Some("probe"));
        assert_eq!(name(0, 0x1000), None);
    }

    #[test]
    fn hidden_addresses_name_nothing() {
        assert!(Kernel::parse("0000000000000000 T _text\n0000000000000000 t work\n", 0).is_none());
    }
}
