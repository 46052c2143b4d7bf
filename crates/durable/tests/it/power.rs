//! Power cuts after every step.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use durable::testing::{Fault, FaultyDisk, SimDisk};
use durable::{Checked, Cursor, Kind, Log, SharedDisk, read_checked, write_checked};

use crate::{body, open, settings};

/// Does `work` on a disk that stops at each call in turn, and gives the disk after the cut to `check`.
fn at_every_step<T>(work: impl Fn(&SharedDisk) -> T, check: impl Fn(&T, &SharedDisk, u64)) {
    for at in 0.. {
        let sim = SimDisk::new();
        let faulty = FaultyDisk::new(Arc::new(sim.clone()));
        faulty.fail(Fault { at, count: u64::MAX, kind: ErrorKind::Other });
        let done = work(&(Arc::new(faulty.clone()) as SharedDisk));
        for seed in 0..12 {
            check(&done, &(Arc::new(sim.power_cut(seed)) as SharedDisk), at);
        }
        if faulty.failed() == 0 {
            assert!(at > 5);
            return;
        }
    }
}

#[test]
fn acknowledged_records_survive_and_nothing_comes_twice() {
    [0, 30, 1000].into_iter().for_each(survive_with_reserved);
}

fn survive_with_reserved(bytes: u64) {
    let work = |disk: &SharedDisk| {
        let mut with = settings();
        (with.segment_bytes, with.reserve_bytes) = (500, bytes);
        let Ok((mut log, _)) = Log::open(disk.clone(), with, |_, _| {}) else { return (0, 0) };
        let (mut acknowledged, mut removed) = (0, 0);
        for number in 0..9 {
            if log.append(&[body(number)]).is_err() {
                break;
            }
            acknowledged = number + 1;
            if number == 6 && log.remove_below(4).is_ok() {
                removed = 4;
            }
        }
        (acknowledged, removed)
    };
    at_every_step(work, |(acknowledged, removed), disk, at| {
        let (mut log, found, records) = open(disk, settings());
        for number in *removed..*acknowledged {
            assert_eq!(records.get(&number), Some(&body(number)), "stopped at {at}: {found:?}");
        }
        assert!(records.len() as u64 <= acknowledged + 1, "stopped at {at}: {records:?}");
        // Numbers never come again.
        assert!(log.append(&["x"]).unwrap().start >= *acknowledged, "stopped at {at}");
    });
}

const KIND: Kind = Kind { name: "test-file", format: 3, max_bytes: 1000 };

#[test]
fn a_replaced_file_is_the_old_or_the_new_one() {
    let path = Path::new("/folder/file");
    let work = |disk: &SharedDisk| {
        if durable::make_folder(&**disk, Path::new("/folder")).is_err() {
            return 0;
        }
        let each = (1..=5_u8).take_while(|at| write_checked(&**disk, path, KIND, &[*at; 600]).is_ok());
        each.last().unwrap_or(0)
    };
    at_every_step(work, |done, disk, at| match read_checked(&**disk, path, KIND).unwrap() {
        Checked::Missing => assert_eq!(*done, 0, "stopped at {at}"),
        Checked::Whole(3, bytes) => {
            assert!(bytes.len() == 600 && bytes.iter().all(|byte| *byte == bytes[0]));
            assert!([*done, done + 1].contains(&bytes[0]), "stopped at {at}: {} of {done}", bytes[0]);
        }
        other => panic!("stopped at {at}: {other:?}"),
    });
}

#[test]
fn a_cursor_never_goes_back() {
    let path = Path::new("/cursor");
    let work = |disk: &SharedDisk| {
        let Ok(mut cursor) = Cursor::open(disk.clone(), path, true) else { return 0 };
        (1..=9).take_while(|next| cursor.advance(*next).is_ok()).last().unwrap_or(0)
    };
    at_every_step(work, |done, disk, at| {
        let next = Cursor::open(disk.clone(), path, true).unwrap().next();
        assert!([*done, done + 1].contains(&next), "stopped at {at}: {next} after {done}");
    });
}
