//! Looking at a folder without a server and without changing it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use durable::{DamageKind, Disk, OnPath, SharedDisk};

use super::health::Counters;
use super::manifest::{self, Manifest, Read};
use super::{OpenError, recover, replay};
use crate::sealed::{Block, Cache, FILES, Unusable, checksum};
use crate::store::parts::Parts;
use crate::store::recent::Recent;
use crate::view::View;

/// What a folder holds, what is damaged in it, and what is of no use.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Report {
    /// The store's name.
    pub store: String,
    /// Why the manifest cannot be used; the next start makes it again from the blocks.
    pub manifest_problem: Option<String>,
    /// The blocks that live, by number.
    pub blocks: Vec<BlockReport>,
    /// The log.
    pub log: LogReport,
    /// What was set aside earlier.
    pub aside: Vec<Waste>,
    /// What nothing names: the next start removes it.
    pub left_over: Vec<Waste>,
}

/// One block.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct BlockReport {
    /// The block's number.
    pub id: u64,
    /// The block's bytes on disk.
    pub bytes: u64,
    /// First and last profile, in nanoseconds since 1970.
    pub times: (i64, i64),
    /// The block's series.
    pub series: u64,
    /// The block's profiles, each sample type counted on its own.
    pub profiles: u64,
    /// The block's stacks with values.
    pub rows: u64,
    /// What is damaged in it.
    pub problem: Option<String>,
}

/// The log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogReport {
    /// Segment files.
    pub segments: u64,
    /// The bytes of the log's segments.
    pub bytes: u64,
    /// Requests that are not in blocks yet.
    pub records: u64,
    /// Bytes of requests that are in blocks; the next start removes them.
    pub sealed_records: u64,
    /// Bytes of records that are damaged.
    pub lost_bytes: u64,
    /// Bytes of a torn end, which nobody was told of.
    pub torn_bytes: u64,
    /// Whole records that this program cannot read.
    pub unreadable_records: u64,
}

/// A file or folder that answers no question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waste {
    /// Where it is.
    pub path: PathBuf,
    /// The bytes on disk.
    pub bytes: u64,
}

impl Report {
    /// Whether something that was stored cannot be read.
    pub fn is_damaged(&self) -> bool {
        let log = &self.log;
        self.manifest_problem.is_some()
            || log.lost_bytes > 0
            || log.unreadable_records > 0
            || !self.aside.is_empty()
            || self.blocks.iter().any(|block| block.problem.is_some())
    }
}

/// Reads every byte of a folder and says what is in it. Changes nothing.
///
/// # Errors
/// There is no store, a newer program wrote it, or the disk's reason.
pub fn check(disk: &SharedDisk, folder: &Path) -> Result<Report, OpenError> {
    let (manifest, problem) = read_manifest(&**disk, folder)?;
    let mut report = Report { store: manifest.store.clone(), manifest_problem: problem, ..Report::default() };
    let cache = Arc::new(Cache::new(16 << 20));
    for live in &manifest.blocks {
        let at = manifest::block_folder(folder, live.id);
        let times = (live.first, live.last);
        let mut block = BlockReport { id: live.id, bytes: live.bytes, times, ..BlockReport::default() };
        match Block::open(disk, &at, &cache) {
            Ok(found) => {
                let summary = &found.summary;
                (block.series, block.profiles, block.rows) = (summary.series, summary.profiles, summary.rows);
                block.problem = found.verify().err();
            }
            Err(Unusable::Bad(words)) => block.problem = Some(words),
            Err(Unusable::Newer(format)) => {
                block.problem = Some(format!("a newer program wrote it: format {format}"))
            }
            Err(Unusable::Disk(error)) => return Err(error).on("read", &at)?,
        }
        report.blocks.push(block);
    }
    report.log = check_log(disk, folder, &manifest)?;
    report.aside = waste(&**disk, &folder.join("bad"), |_| true)?;
    report.left_over = waste(&**disk, &folder.join("tmp"), |_| true)?;
    let named: BTreeSet<PathBuf> =
        manifest.blocks.iter().map(|live| manifest::block_folder(folder, live.id)).collect();
    report.left_over.extend(waste(&**disk, &folder.join("blocks"), |path| !named.contains(path))?);
    Ok(report)
}

/// Everything that a folder holds, to be asked. Changes nothing; what is damaged is left out.
///
/// # Errors
/// There is no store, a newer program wrote it, or the disk's reason.
pub fn open_read_only(disk: &SharedDisk, folder: &Path) -> Result<View, OpenError> {
    let (manifest, _) = read_manifest(&**disk, folder)?;
    let cache = Arc::new(Cache::new(64 << 20));
    let mut blocks = Vec::new();
    for live in &manifest.blocks {
        match Block::open(disk, &manifest::block_folder(folder, live.id), &cache) {
            Ok(block) => blocks.push(Arc::new(block)),
            Err(reason) => {
                tracing::error!(block = live.id, ?reason, "a block cannot be read and is left out")
            }
        }
    }
    let parts = Parts::new(usize::MAX);
    let (mut recent, counters) = (Recent::default(), Counters::default());
    replay::remember(&blocks, &mut recent);
    parts.replace(&[], |sealed| *sealed = blocks);
    let mut batch = replay::Batch::new(&parts, &mut recent, &counters);
    let settings = recover::log_settings(folder, &manifest.store, u64::MAX);
    durable::inspect(&**disk, &settings, |number, body| {
        if number >= manifest.wal_through {
            batch.add(number, body);
        }
    })?;
    batch.apply();
    Ok(parts.view())
}

fn check_log(disk: &SharedDisk, folder: &Path, manifest: &Manifest) -> Result<LogReport, OpenError> {
    let mut report = LogReport::default();
    let settings = recover::log_settings(folder, &manifest.store, u64::MAX);
    let (segments, found) = durable::inspect(&**disk, &settings, |number, body| {
        if number < manifest.wal_through {
            report.sealed_records += 1;
        } else {
            report.records += 1;
            report.unreadable_records += u64::from(super::record::read(&body).is_err());
        }
    })?;
    report.segments = segments.len() as u64;
    report.bytes = found.bytes;
    let bytes = |kind| found.damage.iter().filter(|d| d.kind == kind).map(|d| d.bytes).sum();
    (report.lost_bytes, report.torn_bytes) = (bytes(DamageKind::Lost), bytes(DamageKind::Torn));
    Ok(report)
}

/// The manifest, or what the next start would make of the blocks, with the reason.
fn read_manifest(disk: &dyn Disk, folder: &Path) -> Result<(Manifest, Option<String>), OpenError> {
    let words = match manifest::read(disk, folder)? {
        Read::Whole(manifest) => return Ok((manifest, None)),
        Read::Newer(format) => {
            return Err(OpenError::Newer { path: manifest::manifest_path(folder), format, reads: 1 });
        }
        Read::Missing => "it is missing".to_owned(),
        Read::Damaged(words) => words,
    };
    let store = match manifest::read_store(disk, folder)? {
        Read::Whole(store) => Some(store),
        _ => None,
    };
    Ok((recover::rebuilt(disk, folder, store)?, Some(words)))
}

fn waste(disk: &dyn Disk, folder: &Path, counts: impl Fn(&Path) -> bool) -> Result<Vec<Waste>, OpenError> {
    let entries = match disk.list(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.on("list", folder)?,
    };
    let mut waste = Vec::new();
    for entry in entries {
        let path = folder.join(&entry.name);
        if counts(&path) {
            let inside = if entry.is_folder { disk.list(&path).on("list", &path)? } else { Vec::new() };
            let bytes = entry.bytes + inside.iter().map(|entry| entry.bytes).sum::<u64>();
            waste.push(Waste { path, bytes });
        }
    }
    Ok(waste)
}

impl Block {
    /// Reads every byte and every row of the block.
    fn verify(&self) -> Result<(), String> {
        for (name, expected) in FILES.iter().zip(self.summary.files) {
            let found = self
                .file(name)
                .and_then(|file| checksum(&*file))
                .map_err(|error| format!("{name}: {error}"))?;
            if found != expected {
                return Err(format!("{name} is not what was written: its checksum differs"));
            }
        }
        self.digests().map_err(|error| words::with_causes(&error))?;
        let catalog = self.catalog().map_err(|error| words::with_causes(&error))?;
        let symbols = self.symbols().map_err(|error| words::with_causes(&error))?;
        let mut rows = self.rows(true).map_err(|error| words::with_causes(&error))?;
        let (mut stacks, mut values) = (Vec::new(), Vec::new());
        for entry in &catalog.entries {
            let heads = self.heads_of(entry).map_err(|error| words::with_causes(&error))?;
            let mut row = entry.first_row;
            for head in heads {
                stacks.clear();
                values.clear();
                rows.read(row, head.rows, &mut stacks, &mut values)
                    .map_err(|error| words::with_causes(&error))?;
                let known = |stack: &i64| ((stack.cast_unsigned() as u32) as usize) < symbols.stacks().len();
                if !stacks.iter().all(known) {
                    return Err("a row names a stack that is not there".to_owned());
                }
                row += head.rows;
            }
            if row != entry.first_row + entry.rows {
                return Err("its profiles do not have the rows that its series says".to_owned());
            }
        }
        Ok(())
    }
}
