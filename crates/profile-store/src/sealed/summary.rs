//! index.bin: what a block is, and where its sections are.
//!
//! Sections, each zstd and with a checksum of its own, then the summary that lists them, then a trailer of
//! 24 bytes that finds the summary.

use std::io;
use std::path::Path;

use durable::{Disk, DiskFile};

use super::codec::{Reader, Writer};
use super::{FORMAT, catalog};
use crate::model::{Extent, Extents, TypeKey};

const MAGIC: [u8; 8] = *b"pstoreix";
const TRAILER: usize = 24;
/// What a section may be when it is unpacked.
const MAX_SECTION: u64 = 1 << 30;

/// What a block says of itself; small, and kept in memory for each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) block: u64,
    pub(crate) store: String,
    /// When it was written, in nanoseconds since 1970.
    pub(crate) sealed_nanos: i64,
    /// The log's record after the last one that went into it or those it was made of.
    pub(crate) through: u64,
    /// Which of how many blocks it is that were sealed together.
    pub(crate) part: (u64, u64),
    /// The blocks that it was made of, and replaces.
    pub(crate) sources: Vec<u64>,
    pub(crate) types: Vec<TypeSummary>,
    pub(crate) series: u64,
    pub(crate) profiles: u64,
    pub(crate) rows: u64,
    /// Length and checksum of samples.parquet and stacks.parquet.
    pub(crate) files: [(u64, u32); 2],
    pub(crate) sections: Vec<Section>,
    /// Length of the index itself.
    pub(crate) index_bytes: u64,
}

/// A profile type of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TypeSummary {
    pub(crate) key: TypeKey,
    pub(crate) extents: Extents,
}

/// Why a block cannot be used.
#[derive(Debug)]
pub(crate) enum Unusable {
    /// A newer program wrote it, in this format.
    Newer(u32),
    /// In words: it is damaged, or part of it is missing.
    Bad(String),
    /// The disk does not give it now; that says nothing about the block.
    Disk(io::Error),
}

impl Unusable {
    /// What an error of the disk means: what is missing stays missing, anything else may pass.
    pub(crate) fn of(name: &str, error: io::Error) -> Self {
        match is_damage(&error) {
            true => Self::Bad(format!("{name}: {error}")),
            false => Self::Disk(error),
        }
    }
}

/// Whether an error of the disk says that something is missing for good.
pub(crate) fn is_damage(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof)
}

/// Where a section is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Section {
    pub(crate) offset: u64,
    pub(crate) bytes: u64,
    pub(crate) unpacked: u64,
    pub(crate) crc: u32,
}

/// The sections by their place in the list; chunks of heads are behind them.
pub(crate) const CATALOG: usize = 0;
pub(crate) const SYMBOLS: usize = 1;
pub(crate) const GROUPS: usize = 2;
pub(crate) const DIGESTS: usize = 3;
pub(crate) const HEADS: usize = 4;

impl Summary {
    pub(crate) fn extent(&self) -> Extent {
        self.types.iter().fold(Extent::EMPTY, |mut extent, of| {
            extent.join(of.extents.whole());
            extent
        })
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.index_bytes + self.files.iter().map(|(bytes, _)| bytes).sum::<u64>()
    }

    fn write(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.number(self.block);
        out.text(&self.store);
        out.signed(self.sealed_nanos);
        out.numbers([self.through, self.part.0, self.part.1]);
        out.len(self.sources.len());
        self.sources.iter().for_each(|source| out.number(*source));
        out.len(self.types.len());
        for of in &self.types {
            catalog::write_key(&mut out, &of.key);
            catalog::write_extents(&mut out, of.extents);
        }
        out.numbers([self.series, self.profiles, self.rows]);
        for (bytes, crc) in self.files {
            out.number(bytes);
            out.number(crc.into());
        }
        out.len(self.sections.len());
        for section in &self.sections {
            out.numbers([section.offset, section.bytes, section.unpacked, section.crc.into()]);
        }
        out.bytes
    }

    pub(crate) fn read(bytes: &[u8], index_bytes: u64) -> Option<Self> {
        let mut input = Reader::new(bytes);
        let (block, store) = (input.number()?, input.text()?.to_owned());
        let sealed_nanos = input.signed()?;
        let (through, part) = (input.number()?, (input.number()?, input.number()?));
        let sources = (0..input.len()?).map(|_| input.number()).collect::<Option<_>>()?;
        let mut types = Vec::new();
        for _ in 0..input.len()? {
            let (key, extents) = (catalog::read_key(&mut input)?, catalog::read_extents(&mut input)?);
            types.push(TypeSummary { key, extents });
        }
        let (series, profiles, rows) = (input.number()?, input.number()?, input.number()?);
        let files = [(input.number()?, input.small()?), (input.number()?, input.small()?)];
        let mut sections = Vec::new();
        for _ in 0..input.len()? {
            let (offset, bytes, unpacked) = (input.number()?, input.number()?, input.number()?);
            sections.push(Section { offset, bytes, unpacked, crc: input.small()? });
        }
        let whole = input.is_empty() && sections.len() >= HEADS;
        whole.then_some(Self {
            block,
            store,
            sealed_nanos,
            through,
            part,
            sources,
            types,
            series,
            profiles,
            rows,
            files,
            sections,
            index_bytes,
        })
    }
}

/// Writes an index, section by section.
#[derive(Debug)]
pub(crate) struct IndexWriter {
    file: Box<dyn DiskFile>,
    offset: u64,
    sections: Vec<Section>,
}

impl IndexWriter {
    pub(crate) fn new(disk: &dyn Disk, path: &Path) -> io::Result<Self> {
        Ok(Self { file: disk.create(path)?, offset: 0, sections: Vec::new() })
    }

    pub(crate) fn section(&mut self, bytes: &[u8]) -> io::Result<()> {
        let packed = zstd::bulk::compress(bytes, super::ZSTD_LEVEL)?;
        self.file.append(&packed)?;
        self.sections.push(Section {
            offset: self.offset,
            bytes: packed.len() as u64,
            unpacked: bytes.len() as u64,
            crc: crc32fast::hash(&packed),
        });
        self.offset += packed.len() as u64;
        Ok(())
    }

    pub(crate) fn finish(mut self, summary: &mut Summary) -> io::Result<()> {
        summary.sections = self.sections;
        let body = summary.write();
        let mut trailer = Vec::with_capacity(body.len() + TRAILER);
        trailer.extend_from_slice(&body);
        trailer.extend_from_slice(&(body.len() as u64).to_le_bytes());
        trailer.extend_from_slice(&FORMAT.to_le_bytes());
        trailer.extend_from_slice(&crc32fast::hash(&body).to_le_bytes());
        trailer.extend_from_slice(&MAGIC);
        self.file.append(&trailer)?;
        self.file.sync()?;
        summary.index_bytes = self.offset + trailer.len() as u64;
        Ok(())
    }
}

/// Reads the summary of an index.
///
/// # Errors
/// It cannot be read, is damaged, or of a newer program.
pub(crate) fn read_summary(file: &dyn DiskFile) -> Result<Summary, Unusable> {
    let words = |error: io::Error| Unusable::of("its index", error);
    let bytes = file.bytes().map_err(words)?;
    let mut trailer = [0; TRAILER];
    let damaged = || Unusable::Bad("its index is damaged".to_owned());
    let at = bytes.checked_sub(TRAILER as u64).ok_or_else(damaged)?;
    file.read_at(&mut trailer, at).map_err(words)?;
    let number = |at: usize| u32::from_le_bytes(std::array::from_fn(|index| trailer[at + index]));
    let len = u64::from(number(0)) | u64::from(number(4)) << 32;
    if trailer[16..] != MAGIC {
        return Err(damaged());
    }
    if number(8) > FORMAT {
        return Err(Unusable::Newer(number(8)));
    }
    let start = at.checked_sub(len).ok_or_else(damaged)?;
    let mut body = vec![0; usize::try_from(len).map_err(|_| damaged())?];
    file.read_at(&mut body, start).map_err(words)?;
    if crc32fast::hash(&body) != number(12) {
        return Err(damaged());
    }
    Summary::read(&body, bytes).ok_or_else(damaged)
}

/// Reads and unpacks a section.
///
/// # Errors
/// It cannot be read, or is damaged.
pub(crate) fn read_section(file: &dyn DiskFile, section: Section) -> Result<Vec<u8>, Unusable> {
    let damaged = || Unusable::Bad(format!("the section of its index at {} is damaged", section.offset));
    if section.bytes > MAX_SECTION || section.unpacked > MAX_SECTION {
        return Err(damaged());
    }
    let mut packed = vec![0; section.bytes as usize];
    file.read_at(&mut packed, section.offset).map_err(|error| Unusable::of("its index", error))?;
    if crc32fast::hash(&packed) != section.crc {
        return Err(damaged());
    }
    zstd::bulk::decompress(&packed, section.unpacked as usize).map_err(|_| damaged())
}
