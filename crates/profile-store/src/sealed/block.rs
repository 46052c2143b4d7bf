//! A sealed part: immutable, on disk, read in pieces.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use durable::{DiskFile, SharedDisk};
use parquet::errors::ParquetError;
use profile_model::Symbols;

use super::cache::{Cache, Loaded};
use super::catalog::{Catalog, Entry};
use super::heads::{self, CHUNK, Head};
use super::pages::{self, RowCursor, RowGroup};
use super::summary::{self, CATALOG, DIGESTS, GROUPS, HEADS, SYMBOLS, Summary, Unusable};
use super::{INDEX, SAMPLES, symbols};
use crate::view::ReadError;

/// A block of the store. What it says of itself is in memory, the rest is read when it is asked for.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) summary: Summary,
    folder: PathBuf,
    disk: SharedDisk,
    cache: Arc<Cache>,
    /// Whether the block's folder is removed when nobody reads it any more.
    doomed: AtomicBool,
    /// A read found damage: not asked again.
    damaged: AtomicBool,
}

impl Block {
    /// Reads what the block says of itself.
    ///
    /// # Errors
    /// It is missing, damaged, or of a newer program.
    pub(crate) fn open(disk: &SharedDisk, folder: &Path, cache: &Arc<Cache>) -> Result<Self, Unusable> {
        let index = disk.open(&folder.join(INDEX)).map_err(|error| Unusable::of(INDEX, error))?;
        let summary = summary::read_summary(&*index)?;
        for (name, (bytes, _)) in super::FILES.iter().zip(summary.files) {
            let found = disk.open(&folder.join(name)).and_then(|file| file.bytes());
            match found {
                Ok(found) if found == bytes => {}
                Ok(found) => {
                    return Err(Unusable::Bad(format!("expected {bytes} bytes in {name}, found {found}")));
                }
                Err(error) => return Err(Unusable::of(name, error)),
            }
        }
        let (disk, cache) = (disk.clone(), Arc::clone(cache));
        let (doomed, damaged) = (AtomicBool::new(false), AtomicBool::new(false));
        Ok(Self { summary, folder: folder.to_owned(), disk, cache, doomed, damaged })
    }

    pub(crate) fn id(&self) -> u64 {
        self.summary.block
    }

    /// The block's files, the index last.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        super::FILES.iter().chain([&INDEX]).map(|name| self.folder.join(name)).collect()
    }

    /// One of its files.
    pub(crate) fn file(&self, name: &str) -> std::io::Result<Box<dyn DiskFile>> {
        self.disk.open(&self.folder.join(name))
    }

    /// Has the folder removed once nobody reads it.
    pub(crate) fn doom(&self) {
        self.doomed.store(true, Ordering::Relaxed);
        self.cache.forget(self.id());
    }

    /// Whether a read found damage.
    pub(crate) fn is_damaged(&self) -> bool {
        self.damaged.load(Ordering::Relaxed)
    }

    /// Digests of the profiles that were written when it was sealed.
    pub(crate) fn digests(&self) -> Result<Vec<u64>, ReadError> {
        let bytes = self.section(DIGESTS)?;
        Ok(bytes.as_chunks::<8>().0.iter().map(|digest| u64::from_le_bytes(*digest)).collect())
    }

    pub(crate) fn catalog(&self) -> Result<Arc<Catalog>, ReadError> {
        let read = |bytes: &[u8]| Catalog::read(bytes).map(|catalog| Loaded::Catalog(Arc::new(catalog)));
        match self.load(CATALOG, read)? {
            Loaded::Catalog(catalog) => Ok(catalog),
            _ => Err(self.damage("another section was found in its place")),
        }
    }

    pub(crate) fn symbols(&self) -> Result<Arc<Symbols>, ReadError> {
        let read = |bytes: &[u8]| symbols::read(bytes).map(|symbols| Loaded::Symbols(Arc::new(symbols)));
        match self.load(SYMBOLS, read)? {
            Loaded::Symbols(symbols) => Ok(symbols),
            _ => Err(self.damage("another section was found in its place")),
        }
    }

    /// A reader of its rows.
    pub(crate) fn rows(&self, with_stacks: bool) -> Result<RowCursor, ReadError> {
        let groups = self.groups()?;
        let file = self.file(SAMPLES);
        let file: Arc<dyn DiskFile> =
            file.map_err(|error| self.unusable(Unusable::of(SAMPLES, error)))?.into();
        Ok(RowCursor::new(file, groups, with_stacks))
    }

    /// The profiles of a series, in order of time.
    pub(crate) fn heads_of(&self, entry: &Entry) -> Result<Vec<Head>, ReadError> {
        let (first, end) = (entry.first_profile, entry.first_profile + entry.profiles);
        let mut heads = Vec::with_capacity(usize::try_from(entry.profiles.min(CHUNK)).unwrap_or(0));
        let mut at = first;
        while at < end {
            let (chunk, from) = (at / CHUNK, at % CHUNK);
            let loaded = self.heads(chunk)?;
            let until = (end - chunk * CHUNK).min(CHUNK);
            let slice = loaded.get(from as usize..until as usize);
            heads.extend_from_slice(slice.ok_or_else(|| self.damage("profiles are missing in its index"))?);
            at = chunk * CHUNK + until;
        }
        Ok(heads)
    }

    /// An error that says that the block is not what was written: it is not asked again.
    pub(crate) fn damage(&self, reason: &str) -> ReadError {
        self.damaged.store(true, Ordering::Relaxed);
        ReadError { block: self.id(), reason: reason.to_owned() }
    }

    fn unusable(&self, reason: Unusable) -> ReadError {
        match reason {
            Unusable::Bad(words) => self.damage(&words),
            Unusable::Newer(format) => self.damage(&format!("its format is {format}")),
            Unusable::Disk(error) => ReadError { block: self.id(), reason: error.to_string() },
        }
    }

    /// An error of the decoder: of the disk below it, or damage.
    pub(crate) fn undecodable(&self, error: ParquetError) -> ReadError {
        match error {
            ParquetError::External(error) => match error.downcast::<std::io::Error>() {
                Ok(error) => self.unusable(Unusable::of(SAMPLES, *error)),
                Err(error) => self.damage(&error.to_string()),
            },
            other => self.damage(&other.to_string()),
        }
    }

    fn groups(&self) -> Result<Arc<Vec<RowGroup>>, ReadError> {
        match self.load(GROUPS, |bytes| pages::read(bytes).map(|groups| Loaded::Groups(Arc::new(groups))))? {
            Loaded::Groups(groups) => Ok(groups),
            _ => Err(self.damage("another section was found in its place")),
        }
    }

    fn heads(&self, chunk: u64) -> Result<Arc<Vec<Head>>, ReadError> {
        let section = HEADS + usize::try_from(chunk).unwrap_or(usize::MAX - HEADS);
        match self.load(section, |bytes| heads::read(bytes).map(|heads| Loaded::Heads(Arc::new(heads))))? {
            Loaded::Heads(heads) => Ok(heads),
            _ => Err(self.damage("another section was found in its place")),
        }
    }

    fn load(&self, section: usize, read: impl Fn(&[u8]) -> Option<Loaded>) -> Result<Loaded, ReadError> {
        let key = (self.id(), section);
        if let Some(loaded) = self.cache.get(key) {
            return Ok(loaded);
        }
        let bytes = self.section(section)?;
        let loaded =
            read(&bytes).ok_or_else(|| self.damage("a section of its index is not what it should be"))?;
        self.cache.put(key, loaded.clone());
        Ok(loaded)
    }

    fn section(&self, section: usize) -> Result<Vec<u8>, ReadError> {
        let at = self.summary.sections.get(section);
        let at = *at.ok_or_else(|| self.damage("a section is missing in its index"))?;
        let file = self.file(INDEX);
        let file = file.map_err(|error| self.unusable(Unusable::of(INDEX, error)))?;
        summary::read_section(&*file, at).map_err(|reason| self.unusable(reason))
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        if *self.doomed.get_mut()
            && let Err(error) = self.disk.remove_folder(&self.folder)
        {
            // The next start removes what no manifest names.
            tracing::warn!(%error, folder = %self.folder.display(), "a block that is not needed stays");
        }
    }
}
