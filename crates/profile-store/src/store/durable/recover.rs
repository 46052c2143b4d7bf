//! Opening a folder: what is there, what is damaged, what is left over.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use durable::{Disk, DiskError, Found, Log, LogSettings, OnPath, SharedDisk};

use super::manifest::{self, Live, Manifest, Read};
use super::{DiskSettings, OpenError};
use crate::sealed::{Block, Cache, INDEX, Summary, Unusable, read_summary};

/// The folder, its manifest and its blocks.
pub(crate) struct Opened {
    pub(crate) manifest: Manifest,
    pub(crate) blocks: Vec<Arc<Block>>,
    /// Blocks that were set aside.
    pub(crate) bad: u64,
}

pub(crate) const LOG_EXTENSION: &str = "wal";

/// How the log of a store is.
pub(crate) fn log_settings(folder: &Path, store: &str, segment_bytes: u64) -> LogSettings {
    let mut settings = LogSettings::new(folder.join("wal"));
    settings.extension = LOG_EXTENSION.to_owned();
    settings.segment_bytes = segment_bytes;
    settings.max_record_bytes = MAX_RECORD_BYTES;
    settings.reserve_bytes = RESERVE_BYTES;
    settings.key = manifest::log_key(store);
    settings.aside = Some(folder.join("bad"));
    settings
}

/// Room for some hundred small profiles: a sync into it waits for one write of the disk instead of three.
const RESERVE_BYTES: u64 = 1 << 20;

/// The largest request is 64 MiB; what is kept of it is hardly larger.
pub(crate) const MAX_RECORD_BYTES: u32 = 80 << 20;

/// Opens the log; records from `through` on are given to `visit`.
pub(crate) fn open_log(
    disk: &SharedDisk,
    settings: &DiskSettings,
    manifest: &Manifest,
    visit: impl FnMut(u64, Vec<u8>),
) -> Result<(Log, Found), DiskError> {
    let log_settings = log_settings(&settings.folder, &manifest.store, settings.seal_bytes);
    Log::open(disk.clone(), log_settings, visit)
}

/// Makes or reads the folder, sets bad blocks aside, and removes what no manifest names.
pub(crate) fn open(
    disk: &SharedDisk,
    settings: &DiskSettings,
    cache: &Arc<Cache>,
) -> Result<Opened, OpenError> {
    let folder = &settings.folder;
    for name in ["", "wal", "blocks", "tmp"] {
        durable::make_folder(&**disk, &folder.join(name))?;
    }
    let mut manifest = read_manifest(&**disk, folder)?;
    remove_rest(&**disk, folder, &manifest)?;
    let (mut blocks, mut bad) = (Vec::new(), Vec::new());
    for live in &manifest.blocks {
        let at = manifest::block_folder(folder, live.id);
        match Block::open(disk, &at, cache) {
            Ok(block) if block.id() == live.id => blocks.push(Arc::new(block)),
            Ok(block) => {
                let words = format!("expected block {} in it, found block {}", live.id, block.id());
                set_aside(&**disk, folder, live.id, &words);
                bad.push(live.id);
            }
            Err(Unusable::Newer(format)) => {
                return Err(OpenError::Newer { path: at.join(INDEX), format, reads: crate::sealed::FORMAT });
            }
            Err(Unusable::Bad(words)) => {
                set_aside(&**disk, folder, live.id, &words);
                bad.push(live.id);
            }
            Err(Unusable::Disk(error)) => return Err(error).on("read", &at)?,
        }
    }
    if !bad.is_empty() {
        manifest.blocks.retain(|live| !bad.contains(&live.id));
        manifest::write(&**disk, folder, &manifest)?;
    }
    Ok(Opened { manifest, blocks, bad: bad.len() as u64 })
}

/// Moves a block's folder to where it does no harm and can be looked at.
pub(crate) fn set_aside(disk: &dyn Disk, folder: &Path, block: u64, words: &str) {
    let to = folder.join("bad").join(format!("block-{block:010}"));
    tracing::error!(block, reason = words, kept = %to.display(), "a block is damaged and set aside");
    let from = manifest::block_folder(folder, block);
    let moved =
        durable::make_folder(disk, &folder.join("bad")).and_then(|()| durable::publish(disk, &from, &to));
    if let Err(error) = moved {
        tracing::error!(%error, "it could not be moved");
    }
}

fn read_manifest(disk: &dyn Disk, folder: &Path) -> Result<Manifest, OpenError> {
    let newer = |path: PathBuf, format| OpenError::Newer { path, format, reads: 1 };
    let store = match manifest::read_store(disk, folder)? {
        Read::Whole(store) => Some(store),
        Read::Newer(format) => return Err(newer(folder.join("STORE"), format)),
        Read::Missing | Read::Damaged(_) => None,
    };
    let manifest = match manifest::read(disk, folder)? {
        Read::Whole(manifest) => manifest,
        Read::Newer(format) => return Err(newer(manifest::manifest_path(folder), format)),
        Read::Missing if store.is_none() && is_empty(disk, folder)? => {
            let manifest = Manifest { store: manifest::new_store_name(), ..Manifest::default() };
            manifest::write_store(disk, folder, &manifest.store)?;
            manifest::write(disk, folder, &manifest)?;
            return Ok(manifest);
        }
        Read::Missing => rebuild(disk, folder, store.clone(), "it is missing")?,
        Read::Damaged(words) => rebuild(disk, folder, store.clone(), &words)?,
    };
    if store.as_ref() != Some(&manifest.store) {
        manifest::write_store(disk, folder, &manifest.store)?;
    }
    Ok(manifest)
}

fn is_empty(disk: &dyn Disk, folder: &Path) -> Result<bool, DiskError> {
    let none = |name: &str| {
        let path = folder.join(name);
        disk.list(&path).on("list", &path).map(|entries| entries.is_empty())
    };
    Ok(none("blocks")? && none("wal")?)
}

/// A manifest from what the blocks say of themselves.
fn rebuild(
    disk: &dyn Disk,
    folder: &Path,
    store: Option<String>,
    words: &str,
) -> Result<Manifest, OpenError> {
    tracing::error!(reason = words, "the manifest cannot be used; making one from the blocks that are there");
    let manifest = rebuilt(disk, folder, store)?;
    manifest::write(disk, folder, &manifest)?;
    Ok(manifest)
}

/// What the blocks of a folder say, as a manifest.
pub(crate) fn rebuilt(disk: &dyn Disk, folder: &Path, store: Option<String>) -> Result<Manifest, OpenError> {
    let summaries = summaries(disk, folder)?;
    let store = store.or_else(|| summaries.values().next().map(|summary| summary.store.clone()));
    let store = store.ok_or_else(|| OpenError::Nameless(folder.to_owned()))?;
    Ok(from_summaries(store, summaries, oldest_record(disk, folder)?))
}

fn summaries(disk: &dyn Disk, folder: &Path) -> Result<BTreeMap<u64, Summary>, OpenError> {
    let path = folder.join("blocks");
    let mut summaries = BTreeMap::new();
    for entry in disk.list(&path).on("list", &path)? {
        let at = path.join(&entry.name);
        let Ok(index) = disk.open(&at.join(INDEX)) else { continue };
        match read_summary(&*index) {
            Ok(summary) => drop(summaries.insert(summary.block, summary)),
            Err(Unusable::Newer(format)) => {
                return Err(OpenError::Newer { path: at.join(INDEX), format, reads: crate::sealed::FORMAT });
            }
            Err(Unusable::Disk(error)) => return Err(error).on("read", &at)?,
            Err(Unusable::Bad(reason)) => {
                tracing::error!(folder = %at.display(), reason, "a block cannot be read");
            }
        }
    }
    Ok(summaries)
}

/// The number of the first record in the log, if there is one.
fn oldest_record(disk: &dyn Disk, folder: &Path) -> Result<Option<u64>, DiskError> {
    let path = folder.join("wal");
    let number = |name: &Path| name.file_stem()?.to_str()?.parse::<u64>().ok();
    let entries = disk.list(&path).on("list", &path)?;
    Ok(entries.iter().filter_map(|entry| number(Path::new(&entry.name))).min())
}

fn from_summaries(store: String, mut blocks: BTreeMap<u64, Summary>, oldest: Option<u64>) -> Manifest {
    let next_block = blocks.keys().next_back().map_or(0, |last| last + 1);
    let replaced: BTreeSet<u64> =
        blocks.values().flat_map(|summary| summary.sources.iter().copied()).collect();
    blocks.retain(|id, summary| summary.store == store && !replaced.contains(id));
    // Blocks that were sealed together count together, unless the log no longer has what is in them.
    let mut parts: BTreeMap<u64, u64> = BTreeMap::new();
    for summary in blocks.values().filter(|summary| summary.sources.is_empty()) {
        *parts.entry(summary.through).or_default() += 1;
    }
    let through_before = |through: u64| parts.range(..through).next_back().map_or(0, |(before, _)| *before);
    blocks.retain(|_, summary| {
        let whole = parts.get(&summary.through).is_none_or(|found| *found >= summary.part.1);
        let still_logged = oldest.is_some_and(|oldest| oldest <= through_before(summary.through));
        !summary.sources.is_empty() || whole || !still_logged
    });
    let wal_through = blocks.values().map(|summary| summary.through).max().unwrap_or(0);
    Manifest { store, next_block, wal_through, blocks: blocks.values().map(live).collect() }
}

/// A block as the manifest has it.
pub(crate) fn live(summary: &Summary) -> Live {
    let extent = summary.extent();
    Live { id: summary.block, bytes: summary.bytes(), first: extent.first, last: extent.last }
}

/// Removes what was being made when the last process ended, and blocks that no manifest names.
fn remove_rest(disk: &dyn Disk, folder: &Path, manifest: &Manifest) -> Result<(), DiskError> {
    let tmp = folder.join("tmp");
    for entry in disk.list(&tmp).on("list", &tmp)? {
        remove(disk, &tmp.join(&entry.name), entry.is_folder)?;
    }
    let blocks = folder.join("blocks");
    let named: BTreeSet<PathBuf> =
        manifest.blocks.iter().map(|live| manifest::block_folder(folder, live.id)).collect();
    for entry in disk.list(&blocks).on("list", &blocks)? {
        let path = blocks.join(&entry.name);
        if !named.contains(&path) {
            remove(disk, &path, entry.is_folder)?;
        }
    }
    Ok(())
}

fn remove(disk: &dyn Disk, path: &Path, is_folder: bool) -> Result<(), DiskError> {
    let removed = if is_folder { disk.remove_folder(path) } else { disk.remove_file(path) };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error).on("remove", path),
        _ => Ok(()),
    }
}
