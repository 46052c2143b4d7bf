//! Names from an ELF file: its debug information with inlined calls, and its table of symbols.

use std::path::{Path, PathBuf};

use addr2line::Loader;
use object::ReadCache;

use super::demangle::demangled;
use super::elf::{self, ElfFile, Segment};
use super::table::SymbolTable;
use crate::mend::NamedLine;

pub(super) struct Binary {
    loader: Loader,
    table: SymbolTable,
    segments: Vec<Segment>,
}

impl Binary {
    /// Opens a file if it is the one that was recorded. Names come from where the most are: a file of debug
    /// information or a copy of the binary in one of the folders, by its build id, or the file itself.
    pub(super) fn open(path: &Path, build_id: &str, folders: &[PathBuf]) -> Result<Self, String> {
        let files = elf::of_build(path, build_id, folders)?;
        let code = files.iter().find(|file| file.has_code).expect("`of_build` gives a file with code");
        let best = files.iter().max_by_key(|file| file.names).unwrap_or(code);
        let loader = Loader::new(&best.path).map_err(|error| error.to_string())?;
        Ok(Self { loader, table: table(best)?, segments: code.segments.clone() })
    }

    /// The calls at a place of the file, innermost first; empty if nothing is known of it.
    pub(super) fn names(&self, in_file: u64) -> Vec<NamedLine> {
        let Some(address) = elf::address(&self.segments, in_file) else { return Vec::new() };
        let mut lines = self.lines(address);
        // What is called is a symbol, which need not have the name of the source: `work.constprop.0`, or one of
        // several that libc has for a function. perf and pprof show the symbol, too.
        if let Some(raw) = self.table.find(address) {
            let name = demangled(raw);
            match lines.last_mut() {
                Some(outermost) => (outermost.name, outermost.system_name) = (name, raw.to_owned()),
                None => lines.push(NamedLine { system_name: raw.to_owned(), ..NamedLine::of(&name) }),
            }
        }
        lines
    }

    fn lines(&self, address: u64) -> Vec<NamedLine> {
        let Ok(mut frames) = self.loader.find_frames(address) else { return Vec::new() };
        let mut lines = Vec::new();
        while let Ok(Some(frame)) = frames.next() {
            let Some(function) = frame.function else { continue };
            let Ok(raw) = function.raw_name() else { continue };
            let place = frame.location;
            lines.push(NamedLine {
                name: demangled(&raw),
                system_name: raw.into_owned(),
                file: place.as_ref().and_then(|place| place.file).unwrap_or_default().to_owned(),
                line: place.and_then(|place| place.line).map_or(0, i64::from),
            });
        }
        lines
    }
}

fn table(file: &ElfFile) -> Result<SymbolTable, String> {
    let opened = std::fs::File::open(&file.path).map_err(|error| error.to_string())?;
    let cache = ReadCache::new(opened);
    let object = object::File::parse(&cache).map_err(|error| error.to_string())?;
    Ok(SymbolTable::of(&object))
}
