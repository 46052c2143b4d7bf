#![allow(clippy::unwrap_used)]

use super::*;
use relabel::Labels;

use crate::{Message, Series};
use proptest::prelude::*;
use std::fs;
use std::path::{Path, PathBuf};

fn batch(at: i64) -> Batch {
    let labels = Labels::new([("__name__", "m")]).unwrap();
    Batch::encode(Message::V1, &[Series::new(labels, at as f64, at)])
}

fn open(directory: &Path) -> Spool {
    Spool::open(SpoolSettings::new(directory)).unwrap()
}

/// Timestamps of what waits; leaves it there.
fn waiting(directory: &Path) -> Vec<i64> {
    let copy = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, copy.path().join(path.file_name().unwrap())).unwrap();
    }
    let mut spool = open(copy.path());
    let mut found = Vec::new();
    while let Some((number, batch)) = spool.head().unwrap() {
        found.push(batch.newest_ms);
        spool.done(number).unwrap();
    }
    assert_eq!((spool.samples(), spool.bytes()), (0, 0));
    found
}

fn segments(directory: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = paths.filter(|p| p.extension().is_some_and(|e| e == "spool")).collect();
    paths.sort();
    paths
}

fn done(spool: &mut Spool) {
    let (number, _) = spool.head().unwrap().unwrap();
    spool.done(number).unwrap();
}

#[test]
fn what_was_appended_is_found_again_byte_for_byte_until_it_is_done() {
    let directory = tempfile::tempdir().unwrap();
    let mut spool = open(directory.path());
    for at in 0..5 {
        assert_eq!(spool.append(&batch(at)).unwrap(), 0);
    }
    assert_eq!(spool.head().unwrap().unwrap(), (0, batch(0)));
    done(&mut spool);
    done(&mut spool);
    drop(spool);
    let mut spool = open(directory.path());
    assert_eq!(spool.samples(), 3);
    spool.append(&batch(5)).unwrap();
    assert_eq!(spool.head().unwrap().unwrap(), (2, batch(2)));
    drop(spool);
    assert_eq!(waiting(directory.path()), [2, 3, 4, 5]);
}

#[test]
fn numbers_do_not_come_again_after_all_is_done() {
    let directory = tempfile::tempdir().unwrap();
    for round in 0..3 {
        let mut spool = open(directory.path());
        spool.append(&batch(round)).unwrap();
        assert_eq!(spool.head().unwrap().unwrap(), (round as u64, batch(round)));
        done(&mut spool);
        assert_eq!(segments(directory.path()), [""; 0].map(PathBuf::from));
    }
}

#[test]
fn a_folder_has_one_owner() {
    let directory = tempfile::tempdir().unwrap();
    let spool = open(directory.path());
    let second = Spool::open(SpoolSettings::new(directory.path()));
    assert!(matches!(second, Err(SpoolError::Locked(_))));
    drop(spool);
    open(directory.path());
}

#[test]
fn the_oldest_go_at_the_limit_and_are_counted() {
    let directory = tempfile::tempdir().unwrap();
    let record = record::write(&batch(1)).len() as u64 + OVERHEAD;
    let mut settings = SpoolSettings::new(directory.path());
    settings.max_bytes = 20 * record;
    let mut spool = Spool::open(settings).unwrap();
    let dropped: u64 = (0..100).map(|at| spool.append(&batch(at)).unwrap()).sum();
    assert!(spool.bytes() <= 20 * record);
    assert_eq!(dropped + spool.samples(), 100);
    drop(spool);
    let expect: Vec<i64> = (dropped as i64..100).collect();
    assert!(expect.len() > 10);
    assert_eq!(waiting(directory.path()), expect);
}

#[test]
fn a_batch_that_is_under_way_is_not_counted_as_dropped() {
    let directory = tempfile::tempdir().unwrap();
    let mut settings = SpoolSettings::new(directory.path());
    settings.max_bytes = record::write(&batch(1)).len() as u64 + OVERHEAD;
    let mut spool = Spool::open(settings).unwrap();
    spool.append(&batch(0)).unwrap();
    let (number, _) = spool.head().unwrap().unwrap();
    assert_eq!(spool.append(&batch(1)).unwrap(), 0);
    spool.done(number).unwrap();
    assert_eq!(spool.head().unwrap().unwrap().1, batch(1));
    let labels = Labels::new([("__name__", "m"), ("long", &"x".repeat(99))]).unwrap();
    let long = Batch::encode(Message::V1, &[Series::new(labels, 0.0, 0)]);
    assert!(matches!(spool.append(&long), Err(SpoolError::TooLarge { .. })));
}

#[test]
fn a_torn_record_costs_only_itself_and_is_counted() {
    for cut in 1..40 {
        let directory = tempfile::tempdir().unwrap();
        let mut spool = open(directory.path());
        (0..3).for_each(|at| assert_eq!(spool.append(&batch(at)).unwrap(), 0));
        drop(spool);
        let path = segments(directory.path()).remove(0);
        let file = fs::OpenOptions::new().write(true).open(path).unwrap();
        file.set_len(file.metadata().unwrap().len() - cut).unwrap();
        let mut spool = open(directory.path());
        assert!(spool.damage().bytes > 0, "{cut}");
        spool.append(&batch(3)).unwrap();
        drop(spool);
        assert_eq!(waiting(directory.path()), [0, 1, 3], "{cut} bytes");
    }
}

/// One byte used to cost the record that it is in and all behind it, without a word.
#[test]
fn a_flipped_byte_costs_one_record_and_is_counted() {
    let directory = tempfile::tempdir().unwrap();
    let mut spool = open(directory.path());
    (0..9).for_each(|at| assert_eq!(spool.append(&batch(at)).unwrap(), 0));
    drop(spool);
    let path = segments(directory.path()).remove(0);
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    fs::write(&path, bytes).unwrap();
    let spool = open(directory.path());
    assert_eq!(spool.damage().batches, 1);
    assert!(spool.damage().bytes > 0);
    assert_eq!(spool.samples(), 8);
    drop(spool);
    let found = waiting(directory.path());
    assert_eq!((found.len(), found[0], found[7]), (8, 0, 8), "{found:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Records are found or not, never changed and never in another order; new ones are always found.
    #[test]
    fn damage_never_changes_a_record(
        at in any::<prop::sample::Index>(),
        change in prop_oneof![Just(None), any::<u8>().prop_map(Some)],
        cursor in prop::option::of((any::<prop::sample::Index>(), any::<u8>())),
    ) {
        let directory = tempfile::tempdir().unwrap();
        let mut spool = open(directory.path());
        (0..6).for_each(|at| assert_eq!(spool.append(&batch(at)).unwrap(), 0));
        done(&mut spool);
        drop(spool);
        let damage = |path: &Path, at: prop::sample::Index, change: Option<u8>| {
            let mut bytes = fs::read(path).unwrap();
            let at = at.index(bytes.len());
            match change {
                Some(byte) => bytes[at] = byte,
                None => bytes.truncate(at),
            }
            fs::write(path, bytes).unwrap();
        };
        damage(&segments(directory.path())[0], at, change);
        if let Some((at, byte)) = cursor {
            damage(&directory.path().join("cursor"), at, Some(byte));
        }
        let mut spool = open(directory.path());
        spool.append(&batch(9)).unwrap();
        drop(spool);
        let mut found = waiting(directory.path());
        prop_assert_eq!(found.pop(), Some(9));
        prop_assert!(found.is_sorted() && found.iter().all(|at| (0..6).contains(at)), "{:?}", found);
        let lost = change.map_or(6, |_| 1 + usize::from(cursor.is_some()));
        prop_assert!(found.len() + lost >= 5, "{:?}", found);
    }

    #[test]
    fn any_files_can_be_opened(segment in prop::collection::vec(any::<u8>(), 0..300), magic in any::<bool>()) {
        let directory = tempfile::tempdir().unwrap();
        let head: &[u8] = if magic { b"durable log 1\n\0\0" } else { b"" };
        fs::write(directory.path().join("00000000000000000003.spool"), [head, &segment].concat()).unwrap();
        fs::write(directory.path().join("cursor"), &segment).unwrap();
        let mut spool = open(directory.path());
        spool.append(&batch(1)).unwrap();
        drop(spool);
        prop_assert_eq!(waiting(directory.path()), [1]);
    }
}

#[test]
fn the_cursor_stays_small_and_right_over_many_batches() {
    let directory = tempfile::tempdir().unwrap();
    let mut spool = open(directory.path());
    for at in 0..6000 {
        spool.append(&batch(at)).unwrap();
        done(&mut spool);
    }
    spool.append(&batch(6000)).unwrap();
    drop(spool);
    assert!(fs::metadata(directory.path().join("cursor")).unwrap().len() <= 66_000);
    assert_eq!(open(directory.path()).head().unwrap().unwrap(), (6000, batch(6000)));
}

#[test]
fn with_fsync_it_is_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let mut settings = SpoolSettings::new(directory.path());
    settings.fsync = true;
    let mut spool = Spool::open(settings).unwrap();
    for at in 0..3 {
        spool.append(&batch(at)).unwrap();
    }
    done(&mut spool);
    drop(spool);
    assert_eq!(waiting(directory.path()), [1, 2]);
}
