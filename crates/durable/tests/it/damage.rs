//! Damage costs what it hit.

use std::path::Path;
use std::sync::Arc;

use durable::testing::SimDisk;
use durable::{DamageKind, LogReader, SharedDisk};
use proptest::prelude::*;

use crate::{body, open, settings};

const RECORDS: u64 = 12;

fn written(segment_bytes: u64) -> SharedDisk {
    let disk: SharedDisk = Arc::new(SimDisk::new());
    let mut with = settings();
    with.segment_bytes = segment_bytes;
    let (mut log, ..) = open(&disk, with);
    for number in 0..RECORDS {
        assert_eq!(log.append(&[body(number)]).unwrap(), number..number + 1);
    }
    disk
}

fn segments(disk: &SharedDisk) -> Vec<std::path::PathBuf> {
    let entries = disk.list(Path::new("/log")).unwrap();
    entries.iter().map(|entry| Path::new("/log").join(&entry.name)).collect()
}

fn put(disk: &SharedDisk, path: &Path, bytes: &[u8]) {
    disk.create(path).unwrap().append(bytes).unwrap();
}

#[test]
fn a_log_cut_anywhere_has_the_records_before_the_cut_and_goes_on() {
    let whole = written(u64::MAX);
    let path = segments(&whole).remove(0);
    let bytes = whole.read(&path, u64::MAX).unwrap();
    let mut ends = vec![16];
    (0..RECORDS).for_each(|number| ends.push(ends[number as usize] + 20 + body(number).len()));
    for cut in 0..bytes.len() {
        for zeros in [0, 700] {
            let disk: SharedDisk = Arc::new(SimDisk::new());
            disk.create_folder(Path::new("/log")).unwrap();
            put(&disk, &path, &[&bytes[..cut], vec![0; zeros].as_slice()].concat());
            let before = ends.iter().filter(|end| **end <= cut).count().saturating_sub(1) as u64;
            let (mut log, found, records) = open(&disk, settings());
            assert!(records.keys().copied().eq(0..before), "cut at {cut}: {records:?}");
            assert_eq!(found.lost_bytes(), 0, "cut at {cut}: {found:?}");
            assert_eq!(log.append(&["next"]).unwrap().start, before, "cut at {cut}");
            drop(log);
            let (_, found, records) = open(&disk, settings());
            assert_eq!((found.torn_bytes(), found.lost_bytes()), (0, 0), "cut at {cut}: {found:?}");
            assert_eq!(records[&before], b"next", "cut at {cut}");
        }
    }
}

#[test]
fn what_a_killed_process_had_reserved_is_no_damage_and_is_given_back() {
    let disk: SharedDisk = Arc::new(SimDisk::new());
    let mut with = settings();
    (with.segment_bytes, with.reserve_bytes) = (600, 5000);
    let (mut log, ..) = open(&disk, with.clone());
    for number in 0..RECORDS {
        log.append(&[body(number)]).unwrap();
    }
    let bytes = log.bytes();
    std::mem::forget(log);
    let on_disk = || disk.list(Path::new("/log")).unwrap().iter().map(|entry| entry.bytes).sum::<u64>();
    assert!(on_disk() > bytes + 3000);
    let before = durable::inspect(&*disk, &with, |_, _| {}).unwrap().1;
    let (log, found, records) = open(&disk, with);
    assert_eq!(
        (before.damage.len(), found.damage.len(), records.len()),
        (0, 0, RECORDS as usize),
        "{found:?}"
    );
    assert_eq!((log.bytes(), on_disk()), (bytes, bytes));
}

#[test]
fn a_flipped_bit_costs_one_record() {
    let whole = written(u64::MAX);
    let path = segments(&whole).remove(0);
    let bytes = whole.read(&path, u64::MAX).unwrap();
    for bit in 0..bytes.len() * 8 {
        let disk: SharedDisk = Arc::new(SimDisk::new());
        disk.create_folder(Path::new("/log")).unwrap();
        let mut bad = bytes.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        put(&disk, &path, &bad);
        let (mut log, found, records) = open(&disk, settings());
        assert!(records.iter().all(|(number, bytes)| *bytes == body(*number)), "bit {bit}");
        let expect = if bit / 8 < 16 { RECORDS } else { RECORDS - 1 };
        assert_eq!(records.len() as u64, expect, "bit {bit}: {found:?}");
        assert!(!found.damage.is_empty(), "bit {bit}");
        let next = log.append(&["next"]).unwrap().start;
        assert!(next >= RECORDS - 1);
        assert_eq!(open(&disk, settings()).2[&next], b"next", "bit {bit}");
    }
}

#[test]
fn two_damaged_segments_lose_two_records_and_their_bytes_are_kept() {
    let disk = written(600);
    let paths = segments(&disk);
    assert!(paths.len() >= 3, "{paths:?}");
    for path in &paths[..2] {
        let mut bytes = disk.read(path, u64::MAX).unwrap();
        bytes[40] ^= 1;
        put(&disk, path, &bytes);
    }
    let (_, found, records) = open(&disk, settings());
    assert_eq!(records.len() as u64, RECORDS - 2);
    assert_eq!(found.damage.iter().filter(|damage| damage.kind == DamageKind::Lost).count(), 2);
    let aside = disk.list(Path::new("/aside")).unwrap();
    assert_eq!(aside.iter().map(|entry| entry.bytes).sum::<u64>(), found.lost_bytes());
}

#[test]
fn a_record_inside_a_record_is_not_found_after_damage() {
    let inner = written(u64::MAX);
    let forged = inner.read(&segments(&inner)[0], u64::MAX).unwrap();
    // The same bytes as a body: whoever wrote them did not know the key.
    let disk: SharedDisk = Arc::new(SimDisk::new());
    let mut with = settings();
    with.key = 99;
    let (mut log, ..) = open(&disk, with.clone());
    log.append(&[forged, b"after".to_vec()]).unwrap();
    let path = segments(&disk).remove(0);
    let mut bytes = disk.read(&path, u64::MAX).unwrap();
    bytes[17] ^= 1;
    put(&disk, &path, &bytes);
    let (_, _, records) = open(&disk, with);
    assert_eq!(records.into_iter().collect::<Vec<_>>(), [(1, b"after".to_vec())]);
}

#[test]
fn a_reader_follows_the_log_and_passes_over_what_is_gone() {
    let disk = written(600);
    let mut with = settings();
    with.segment_bytes = 600;
    let (mut log, ..) = open(&disk, with);
    let mut reader = LogReader::new(2);
    for number in 2..RECORDS {
        assert_eq!(reader.next(&log).unwrap(), Some((number, body(number))));
    }
    assert_eq!(reader.next(&log).unwrap(), None);
    for number in RECORDS..2 * RECORDS {
        log.append(&[body(number)]).unwrap();
        assert_eq!(reader.next(&log).unwrap(), Some((number, body(number))));
    }
    let mut reader = LogReader::new(0);
    assert_eq!(reader.next(&log).unwrap().unwrap().0, 0);
    log.remove_below(RECORDS).unwrap();
    let first = log.segments().next().unwrap().first;
    assert!((2..=RECORDS).contains(&first));
    assert_eq!(reader.next(&log).unwrap().unwrap().0, first);
    log.remove_below(u64::MAX).unwrap();
    assert_eq!((log.bytes(), reader.next(&log).unwrap()), (0, None));
    assert_eq!(log.append(&["x"]).unwrap().start, 2 * RECORDS);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_can_be_opened(bytes in prop::collection::vec(any::<u8>(), 0..400), header in any::<bool>()) {
        let disk: SharedDisk = Arc::new(SimDisk::new());
        disk.create_folder(Path::new("/log")).unwrap();
        let head: &[u8] = if header { b"durable log 1\n\0\0" } else { b"" };
        put(&disk, Path::new("/log/00000000000000000003.log"), &[head, &bytes].concat());
        let (mut log, _, records) = open(&disk, settings());
        prop_assert!(records.is_empty());
        prop_assert_eq!(log.append(&["x"]).unwrap(), 3..4);
        drop(log);
        prop_assert_eq!(open(&disk, settings()).2.len(), 1);
    }

    #[test]
    fn damage_anywhere_never_changes_a_record(
        at in any::<prop::sample::Index>(), len in 1_usize..900, byte in any::<u8>(),
    ) {
        let disk = written(u64::MAX);
        let path = segments(&disk).remove(0);
        let mut bytes = disk.read(&path, u64::MAX).unwrap();
        let at = at.index(bytes.len());
        let end = (at + len).min(bytes.len());
        bytes[at..end].fill(byte);
        put(&disk, &path, &bytes);
        let (_, _, records) = open(&disk, settings());
        let untouched = {
            let mut start = 16;
            (0..RECORDS).filter(|number| {
                let record = start..start + 20 + body(*number).len();
                start = record.end;
                record.end <= at || record.start >= end
            }).count()
        };
        prop_assert!(records.len() >= untouched, "{} of {untouched}", records.len());
        prop_assert!(records.iter().all(|(number, bytes)| *bytes == body(*number)));
    }
}
