//! ELF files that may be what was recorded: the file itself, or others of the same build.

use std::ops::Range;
use std::path::{Path, PathBuf};

use object::{Object, ObjectSection, ObjectSegment, ReadCache};

/// A file that may be the recorded one, or know its names.
pub(super) struct ElfFile {
    pub(super) path: PathBuf,
    build_id: String,
    pub(super) segments: Vec<Segment>,
    /// Files of debug information have no code, and so no places of it in the file.
    pub(super) has_code: bool,
    /// How much it knows: nothing, exported names, all names, lines.
    pub(super) names: u8,
}

/// Where a part of a file lies in memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment {
    offset: u64,
    size: u64,
    address: u64,
}

impl ElfFile {
    fn read(path: &Path) -> Result<Self, String> {
        // A recording can name anything, such as a pipe that nobody writes to.
        if !std::fs::metadata(path).map_err(|error| error.to_string())?.is_file() {
            return Err("it is no file".to_owned());
        }
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

/// The address that a place of a file with these segments has, before the file is moved anywhere.
pub(super) fn address(segments: &[Segment], in_file: u64) -> Option<u64> {
    let segment = segments.iter().find(|one| in_file.wrapping_sub(one.offset) < one.size)?;
    Some((in_file - segment.offset).wrapping_add(segment.address))
}

/// Where the address 0 of a file with these segments lies in a process that has mapped a part of it, from so many bytes of
/// the file on. Maps begin at pages and segments need not: the part is of the segment that has the most of it.
pub(super) fn base(segments: &[Segment], map: Range<u64>, in_file: u64) -> Option<u64> {
    let part_end = in_file.saturating_add(map.end.saturating_sub(map.start));
    let shared = |one: &&Segment| {
        let end = one.offset.saturating_add(one.size).min(part_end);
        end.saturating_sub(one.offset.max(in_file))
    };
    let segment = segments.iter().max_by_key(shared).filter(|one| shared(one) > 0)?;
    Some(map.start.wrapping_sub(in_file).wrapping_add(segment.offset).wrapping_sub(segment.address))
}

/// The recorded file if it is still there, and the files of its build in the folders, debug information among
/// them. At least one of them has code.
pub(super) fn of_build(path: &Path, build_id: &str, folders: &[PathBuf]) -> Result<Vec<ElfFile>, String> {
    let own = ElfFile::read(path);
    let id = match (&own, build_id) {
        (Ok(own), "") => own.build_id.clone(),
        _ => build_id.to_owned(),
    };
    let own = own.and_then(|own| own.of_build(build_id));
    let reason = own.as_ref().err().cloned();
    let others = folders.iter().flat_map(|folder| named_by(folder, &id));
    let others = others.filter_map(|path| ElfFile::read(&path).ok());
    let others = others.filter(|other| !id.is_empty() && is_same(&other.build_id, &id));
    let all: Vec<ElfFile> = own.into_iter().chain(others).collect();
    match all.iter().any(|file| file.has_code) {
        true => Ok(all),
        false => Err(reason.unwrap_or_else(|| "it has no code".to_owned())),
    }
}

/// Where distributions put debug information, and where perf keeps copies of what it recorded.
fn named_by(folder: &Path, build_id: &str) -> Vec<PathBuf> {
    let Some(place) = place_of(folder, build_id) else { return Vec::new() };
    let debug = place.with_extension("debug");
    [debug, place.join("elf"), place.join("debug"), place.join("vdso")].into()
}

/// The path that stands for a build in a folder.
pub(super) fn place_of(folder: &Path, build_id: &str) -> Option<PathBuf> {
    let (first, rest) = build_id.split_at_checked(2)?;
    Some(folder.join(".build-id").join(first).join(rest))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_is_of_the_segment_that_has_the_most_of_it() {
        let segment = |offset, size, address| Segment { offset, size, address };
        // As lld and Rust lay files out: a segment begins within a page, at an address that is pages further on.
        let unaligned =
            [segment(0, 0x1f40, 0), segment(0x1f40, 0x5000, 0x2f40), segment(0x6f40, 0x100, 0x8f40)];
        assert_eq!(base(&unaligned, 0x7000_1000..0x7000_7000, 0x1000), Some(0x6fff_f000));
        // As GNU ld does: pages of their own.
        let aligned = [segment(0, 0x500, 0x40_0000), segment(0x1000, 0x300, 0x40_1000)];
        assert_eq!(base(&aligned, 0x40_1000..0x40_2000, 0x1000), Some(0));
        assert_eq!(base(&aligned, 0x1000..0x2000, 0x9000), None);
        assert_eq!(address(&unaligned, 0x1f40), Some(0x2f40));
        assert_eq!(address(&unaligned, 0x1f3f), Some(0x1f3f));
    }
}
