//! Going through all segments of a folder.

use std::collections::VecDeque;
use std::path::Path;

use super::reader::{Item, SegmentReader};
use super::segment::{HEADER, Segment, number};
use super::{Damage, DamageKind, Found, LogSettings};
use crate::{Disk, DiskError, DiskFile, OnPath};

/// How much of one damage is copied aside.
const MOST_ASIDE: u64 = 64 << 20;

/// How much is read at once while looking for the last byte that is not zero.
const STRIDE: u64 = 64 << 10;

/// The segments with their true bounds, and what was found in them.
pub(super) fn all(
    disk: &dyn Disk,
    settings: &LogSettings,
    visit: &mut dyn FnMut(u64, Vec<u8>),
) -> Result<(VecDeque<Segment>, Found), DiskError> {
    let mut segments = list(disk, settings)?;
    let mut found = Found::default();
    let firsts: Vec<u64> = segments.iter().map(|segment| segment.first).collect();
    for (index, segment) in segments.iter_mut().enumerate() {
        found.bytes += segment.bytes;
        one(disk, settings, segment, firsts.get(index + 1).copied(), &mut found, visit)
            .on("read", &segment.path)?;
    }
    Ok((segments, found))
}

/// The segment files by number; one ends where the next begins.
fn list(disk: &dyn Disk, settings: &LogSettings) -> Result<VecDeque<Segment>, DiskError> {
    let mut segments = VecDeque::new();
    for entry in disk.list(&settings.folder).on("list", &settings.folder)? {
        if let Some(first) = number(settings, Path::new(&entry.name)).filter(|_| !entry.is_folder) {
            let path = settings.folder.join(&entry.name);
            segments.push_back(Segment { path, first, end: first, bytes: entry.bytes });
        }
    }
    segments.make_contiguous().sort_by_key(|segment| segment.first);
    Ok(segments)
}

fn one(
    disk: &dyn Disk,
    settings: &LogSettings,
    segment: &mut Segment,
    successor: Option<u64>,
    found: &mut Found,
    visit: &mut dyn FnMut(u64, Vec<u8>),
) -> std::io::Result<()> {
    let limit = successor.unwrap_or(u64::MAX);
    let mut reader = SegmentReader::open(disk, segment, settings.key, settings.max_record_bytes)?;
    let mut bad: Vec<(u64, u64, u64)> = Vec::new();
    while let Some(item) = reader.next(segment.bytes)? {
        match item {
            Item::Record(number, body) if number < limit => {
                judge(&mut bad, segment, number, found);
                segment.end = number + 1;
                found.records += 1;
                visit(number, body);
            }
            // A record that a later segment declared void is no longer one.
            Item::Record(..) => {}
            Item::Bad { offset, bytes } => bad.push((offset, bytes, segment.end)),
        }
    }
    trim(disk, segment, &mut bad)?;
    match successor {
        Some(next) => {
            judge(&mut bad, segment, next, found);
            segment.end = next;
        }
        None => found.damage.extend(bad.drain(..).map(|(offset, bytes, _)| {
            let header = offset == 0 && bytes == HEADER.len() as u64;
            let kind = if header { DamageKind::Void } else { DamageKind::Torn };
            Damage { path: segment.path.clone(), offset, bytes, kind }
        })),
    }
    Ok(())
}

/// Zeros at the end are what was reserved for records that never came: no part of the segment, and no damage.
fn trim(disk: &dyn Disk, segment: &mut Segment, bad: &mut Vec<(u64, u64, u64)>) -> std::io::Result<()> {
    let Some((offset, bytes, _)) = bad.last_mut() else { return Ok(()) };
    if *offset + *bytes < segment.bytes {
        return Ok(());
    }
    let file = disk.open(&segment.path)?;
    let mut chunk = Vec::new();
    while *bytes > 0 {
        let taken = (*bytes).min(STRIDE);
        chunk.resize(taken as usize, 0);
        file.read_at(&mut chunk, *offset + *bytes - taken)?;
        let zeros = chunk.iter().rev().take_while(|byte| **byte == 0).count();
        *bytes -= zeros as u64;
        if zeros < chunk.len() {
            break;
        }
    }
    segment.bytes = *offset + *bytes;
    bad.pop_if(|(_, bytes, _)| *bytes == 0);
    Ok(())
}

/// Cuts what a killed process had reserved. Need not succeed: it is found again the next time.
pub(super) fn give_back(disk: &dyn Disk, segment: &Segment) {
    let longer = |file: Box<dyn DiskFile>| Ok(file.bytes()? > segment.bytes);
    if disk.open(&segment.path).and_then(longer).unwrap_or(false) {
        drop(cut(disk, &segment.path, segment.bytes));
    }
}

/// Damage counts as lost if numbers are missing between the record before it and `next`, the one behind.
fn judge(bad: &mut Vec<(u64, u64, u64)>, segment: &Segment, next: u64, found: &mut Found) {
    for (offset, bytes, expected) in bad.drain(..) {
        let kind = if next > expected { DamageKind::Lost } else { DamageKind::Void };
        found.damage.push(Damage { path: segment.path.clone(), offset, bytes, kind });
    }
}

/// Cuts a torn end off, keeps a copy of what was lost. Neither must succeed: the log goes on in a new
/// segment, and what could not be cut or copied is found again the next time.
pub(super) fn repair(disk: &dyn Disk, settings: &LogSettings, damage: &Damage) {
    let result = match damage.kind {
        DamageKind::Torn => cut(disk, &damage.path, damage.offset),
        DamageKind::Lost => copy(disk, settings, damage),
        DamageKind::Void => Ok(()),
    };
    drop(result);
}

fn cut(disk: &dyn Disk, path: &Path, bytes: u64) -> std::io::Result<()> {
    let mut file = disk.open_to_write(path)?;
    file.truncate(bytes)?;
    file.sync()
}

fn copy(disk: &dyn Disk, settings: &LogSettings, damage: &Damage) -> std::io::Result<()> {
    let Some(aside) = &settings.aside else { return Ok(()) };
    let mut bytes = vec![0; damage.bytes.min(MOST_ASIDE) as usize];
    disk.open(&damage.path)?.read_at(&mut bytes, damage.offset)?;
    disk.create_folder(aside)?;
    let name = damage.path.file_name().unwrap_or_default().to_string_lossy();
    let mut file = disk.create(&aside.join(format!("{name}-{}.bytes", damage.offset)))?;
    file.append(&bytes)?;
    file.sync()
}
