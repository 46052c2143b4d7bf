//! Writing a block: series by series, sorted, into a folder of its own.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use durable::{Disk, DiskError, DiskFile, OnPath, SharedDisk};
use profile_model::{Labels, StackId, Symbols};

use super::catalog::{Catalog, Entry};
use super::heads::{self, CHUNK, Head};
use super::pages::{self, RowGroup};
use super::samples::{Places, SamplesWriter, Sink};
use super::summary::{IndexWriter, Summary, TypeSummary};
use super::{INDEX, SAMPLES, STACKS, stacks, symbols};
use crate::memory::Moment;
use crate::model::{Extents, TypeKey};

/// Why a block could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum WriteError {
    #[error(transparent)]
    Disk(#[from] DiskError),
    #[error("cannot encode a block")]
    Encode(#[from] parquet::errors::ParquetError),
    #[error(transparent)]
    Read(#[from] crate::view::ReadError),
    #[error("this program made a mistake; its log says where")]
    Panicked,
}

/// Takes types in order, series of each in order of their labels, profiles of each in order of time.
pub(crate) struct BlockWriter {
    disk: SharedDisk,
    folder: PathBuf,
    /// What the block's stacks point to; to be filled by who brings profiles.
    pub(crate) symbols: Symbols,
    samples: SamplesWriter,
    summary: Summary,
    catalog: Catalog,
    key: Option<TypeKey>,
    /// The series under way.
    series: Option<(Labels, Entry)>,
    waiting_heads: Vec<Head>,
    chunks: Vec<Vec<u8>>,
    rows: Vec<(u32, i64)>,
}

impl BlockWriter {
    /// Begins a block in a folder that is not there yet. `about` has number, store and origin.
    pub(crate) fn new(
        disk: &SharedDisk,
        folder: &Path,
        about: Summary,
        label_names: &BTreeSet<String>,
    ) -> Result<Self, WriteError> {
        disk.create_folder(folder).on("make", folder)?;
        let path = folder.join(SAMPLES);
        let sink = Sink { file: disk.create(&path).on("make", &path)? };
        let samples = SamplesWriter::new(sink, about.block, &about.store, label_names)?;
        Ok(Self {
            disk: disk.clone(),
            folder: folder.to_owned(),
            symbols: Symbols::new(),
            samples,
            summary: about,
            catalog: Catalog::default(),
            key: None,
            series: None,
            waiting_heads: Vec::new(),
            chunks: Vec::new(),
            rows: Vec::new(),
        })
    }

    /// What follows is of this series.
    pub(crate) fn start_series(&mut self, key: &TypeKey, labels: &Labels) -> Result<(), WriteError> {
        self.end_series();
        if self.key.as_ref() != Some(key) {
            self.samples.start_type(key)?;
            self.key = Some(key.clone());
        }
        self.samples.start_series(self.catalog.entries.len() as u32, labels);
        let Summary { profiles, rows, .. } = self.summary;
        let entry = Entry {
            extents: Extents::EMPTY,
            period: None,
            first_profile: profiles,
            profiles: 0,
            first_row: rows,
            rows: 0,
        };
        self.series = Some((labels.clone(), entry));
        Ok(())
    }

    /// A profile of the series, its stacks those of [`symbols`](Self::symbols).
    pub(crate) fn profile(
        &mut self,
        at: Moment,
        rows: impl Iterator<Item = (StackId, i64)>,
    ) -> Result<(), WriteError> {
        self.rows.clear();
        self.rows.extend(rows.map(|(stack, value)| (stack.get(), value)));
        // Stable: what a profile says twice stays in its order.
        self.rows.sort_by_key(|(stack, _)| *stack);
        let Some((_, entry)) = &mut self.series else { return Ok(()) };
        entry.period = match entry.profiles {
            0 => Some(at.period),
            _ => entry.period.filter(|period| *period == at.period),
        };
        let rows = self.rows.len() as u64;
        entry.extents.add(at.time_nanos, at.duration_nanos);
        (entry.profiles, entry.rows) = (entry.profiles + 1, entry.rows + rows);
        self.samples.profile(self.catalog.entries.len() as u32, self.summary.profiles, at, &self.rows)?;
        (self.summary.profiles, self.summary.rows) = (self.summary.profiles + 1, self.summary.rows + rows);
        self.waiting_heads.push(Head { at, rows });
        if self.waiting_heads.len() as u64 == CHUNK {
            self.end_chunk();
        }
        Ok(())
    }

    /// Writes what is left, syncs files and folder, and reads back what the block says of itself.
    pub(crate) fn finish(mut self, digests: &[u64]) -> Result<Summary, WriteError> {
        self.end_series();
        self.end_chunk();
        let Self { disk, folder, symbols, samples, mut summary, catalog, chunks, .. } = self;
        let (sink, places) = samples.finish()?;
        summary.files[0] = end_file(&*disk, &folder.join(SAMPLES), sink)?;
        let path = folder.join(STACKS);
        let sink = Sink { file: disk.create(&path).on("make", &path)? };
        let sink = stacks::write(sink, summary.block, &symbols)?;
        summary.files[1] = end_file(&*disk, &path, sink)?;
        summary.series = catalog.entries.len() as u64;
        let types = catalog.index.types();
        summary.types = types.map(|(key, extents)| TypeSummary { key: (**key).clone(), extents }).collect();
        let path = folder.join(INDEX);
        write_index(&*disk, &path, &mut summary, &catalog, &symbols, places, digests, &chunks)
            .on("write", &path)?;
        disk.sync_dir(&folder).on("sync", &folder)?;
        Ok(summary)
    }

    fn end_series(&mut self) {
        if let (Some((labels, entry)), Some(key)) = (self.series.take(), &self.key) {
            self.catalog.push(key, &labels, entry);
        }
    }

    fn end_chunk(&mut self) {
        if !self.waiting_heads.is_empty() {
            self.chunks.push(heads::write(&self.waiting_heads));
            self.waiting_heads.clear();
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "the parts of a file, in their order")]
fn write_index(
    disk: &dyn Disk,
    path: &Path,
    summary: &mut Summary,
    catalog: &Catalog,
    symbols: &Symbols,
    places: Places,
    digests: &[u64],
    chunks: &[Vec<u8>],
) -> std::io::Result<()> {
    let groups: Vec<RowGroup> = places
        .into_iter()
        .map(|(rows, stacks, values)| RowGroup { first_row: 0, rows, stacks, values })
        .collect();
    let digests: Vec<u8> = digests.iter().flat_map(|digest| digest.to_le_bytes()).collect();
    let mut index = IndexWriter::new(disk, path)?;
    index.section(&catalog.write())?;
    index.section(&symbols::write(symbols))?;
    index.section(&pages::write(&groups))?;
    index.section(&digests)?;
    chunks.iter().try_for_each(|chunk| index.section(chunk))?;
    index.finish(summary)
}

/// Syncs a file; returns its length and checksum, read back.
fn end_file(disk: &dyn Disk, path: &Path, mut sink: Sink) -> Result<(u64, u32), DiskError> {
    sink.file.sync().on("sync", path)?;
    drop(sink);
    let file = disk.open(path).on("open", path)?;
    checksum(&*file).on("read", path)
}

/// Length and checksum of a file.
pub(crate) fn checksum(file: &dyn DiskFile) -> std::io::Result<(u64, u32)> {
    let bytes = file.bytes()?;
    let (mut hasher, mut at, mut buffer) = (crc32fast::Hasher::new(), 0, vec![0; 64 << 10]);
    while at < bytes {
        let chunk = &mut buffer[..usize::try_from(bytes - at).unwrap_or(usize::MAX).min(64 << 10)];
        file.read_at(chunk, at)?;
        hasher.update(chunk);
        at += chunk.len() as u64;
    }
    Ok((bytes, hasher.finalize()))
}
