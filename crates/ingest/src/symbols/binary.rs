//! Names from an ELF file: its debug information with inlined calls, or else its symbol table.

use std::path::{Path, PathBuf};

use addr2line::{Loader, demangle_auto};
use object::{Object, ObjectSection, ObjectSegment, ReadCache};

use crate::mend::NamedLine;

pub(super) struct Binary {
    loader: Loader,
    segments: Vec<Segment>,
}

/// Where a part of the file lies in memory.
struct Segment {
    offset: u64,
    size: u64,
    address: u64,
}

impl Binary {
    /// Opens a file if it is the one that was recorded. Names come from where the most are: a file of debug
    /// information or a copy of the binary in one of the folders, by its build id, or the file itself.
    pub(super) fn open(path: &Path, build_id: &str, folders: &[PathBuf]) -> Result<Self, String> {
        let own = Looked::at(path);
        let id = match (&own, build_id) {
            (Ok(own), "") => own.build_id.clone(),
            _ => build_id.to_owned(),
        };
        let own = own.and_then(|own| own.of_build(build_id));
        let others = folders.iter().flat_map(|folder| named_by(folder, &id)).filter_map(|path| {
            Looked::at(&path).ok().filter(|looked| !id.is_empty() && is_same(&looked.build_id, &id))
        });
        let others: Vec<Looked> = others.collect();
        let reason = own.as_ref().err().cloned();
        let mut all: Vec<Looked> = own.into_iter().chain(others).collect();
        // Files of debug information have no code, and so no places of it in the file.
        let place = all.iter().position(|looked| looked.has_code);
        let place = place.ok_or_else(|| reason.unwrap_or_else(|| "it has no code".to_owned()))?;
        let segments = std::mem::take(&mut all[place].segments);
        let best = all.iter().max_by_key(|looked| looked.names).map_or(path, |looked| &looked.path);
        let loader = Loader::new(best).map_err(|error| error.to_string())?;
        Ok(Self { loader, segments })
    }

    /// The calls at a place of the file, innermost first; empty if nothing is known of it.
    pub(super) fn names(&self, in_file: u64) -> Vec<NamedLine> {
        let segment = self.segments.iter().find(|one| in_file.wrapping_sub(one.offset) < one.size);
        let Some(segment) = segment else { return Vec::new() };
        let address = in_file - segment.offset + segment.address;
        let lines = self.lines(address);
        match lines.is_empty() {
            true => self.symbol(address).into_iter().collect(),
            false => lines,
        }
    }

    fn lines(&self, address: u64) -> Vec<NamedLine> {
        let Ok(mut frames) = self.loader.find_frames(address) else { return Vec::new() };
        let mut lines = Vec::new();
        while let Ok(Some(frame)) = frames.next() {
            let Some(function) = frame.function else { continue };
            let (Ok(raw), Ok(name)) = (function.raw_name(), function.demangle()) else { continue };
            let place = frame.location;
            lines.push(NamedLine {
                name: name.into_owned(),
                system_name: raw.into_owned(),
                file: place.as_ref().and_then(|place| place.file).unwrap_or_default().to_owned(),
                line: place.and_then(|place| place.line).map_or(0, i64::from),
            });
        }
        lines
    }

    fn symbol(&self, address: u64) -> Option<NamedLine> {
        let raw = self.loader.find_symbol(address)?;
        let name = demangle_auto(raw.into(), None).into_owned();
        Some(NamedLine { name, system_name: raw.to_owned(), file: String::new(), line: 0 })
    }
}

/// A file that may be the binary, or know its names.
struct Looked {
    path: PathBuf,
    build_id: String,
    segments: Vec<Segment>,
    has_code: bool,
    /// How much it knows: nothing, exported names, all names, lines.
    names: u8,
}

impl Looked {
    fn at(path: &Path) -> Result<Self, String> {
        let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
        let cache = ReadCache::new(file);
        let object = object::File::parse(&cache).map_err(|error| error.to_string())?;
        let segment = |segment: object::Segment<'_, '_, _>| {
            let (offset, size) = segment.file_range();
            Segment { offset, size, address: segment.address() }
        };
        let has = |name: &str| object.section_by_name(name).is_some_and(|section| section.size() > 0);
        Ok(Self {
            path: path.to_owned(),
            build_id: object.build_id().ok().flatten().map(hex).unwrap_or_default(),
            segments: object.segments().map(segment).collect(),
            has_code: object.section_by_name(".text").is_none_or(|text| text.file_range().is_some()),
            names: match () {
                () if has(".debug_info") => 3,
                () if has(".symtab") => 2,
                () => u8::from(has(".dynsym")),
            },
        })
    }

    fn of_build(self, build_id: &str) -> Result<Self, String> {
        match is_same(&self.build_id, build_id) {
            true => Ok(self),
            false => {
                let found = or_none(&self.build_id);
                Err(format!("it was replaced: expected the build id {build_id}, found {found}"))
            }
        }
    }
}

/// Where distributions put debug information, and where perf keeps copies of binaries.
fn named_by(folder: &Path, build_id: &str) -> Vec<PathBuf> {
    let Some((first, rest)) = build_id.split_at_checked(2) else { return Vec::new() };
    let place = folder.join(".build-id").join(first);
    vec![place.join(format!("{rest}.debug")), place.join(rest).join("elf"), place.join(rest).join("debug")]
}

/// Nothing recorded is nothing that could differ.
fn is_same(found: &str, recorded: &str) -> bool {
    recorded.is_empty() || found == recorded || (recorded.len() >= 16 && found.starts_with(recorded))
}

fn or_none(text: &str) -> &str {
    if text.is_empty() { "none" } else { text }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
