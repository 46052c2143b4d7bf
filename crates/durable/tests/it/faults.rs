//! Calls that fail.

use std::io::ErrorKind;
use std::sync::Arc;

use durable::SharedDisk;
use durable::testing::{Fault, FaultyDisk, SimDisk};

use crate::{body, open, settings};

/// Appends ten batches, and one more once the disk is well again; returns the numbers that were acknowledged with what they are to hold.
fn fill(disk: &SharedDisk, faulty: &FaultyDisk, fault: Fault, reserved: u64) -> Vec<(u64, Vec<u8>)> {
    let mut with = settings();
    (with.segment_bytes, with.reserve_bytes) = (700, reserved);
    let (mut log, ..) = open(disk, with);
    faulty.fail(Fault { at: faulty.calls() + fault.at, ..fault });
    let mut acknowledged = Vec::new();
    for batch in 0..10_u64 {
        let bodies = [body(batch), [body(batch), b"!".to_vec()].concat()];
        if let Ok(numbers) = log.append(&bodies) {
            assert_eq!(numbers.end - numbers.start, 2);
            acknowledged.extend(numbers.zip(bodies));
        }
    }
    // Declares void what could neither be written nor cut off.
    faulty.heal();
    acknowledged.extend(log.append(&[body(5)]).unwrap().map(|number| (number, body(5))));
    acknowledged
}

#[test]
fn what_failed_is_not_there_and_what_was_acknowledged_is() {
    let kinds = [ErrorKind::StorageFull, ErrorKind::Other];
    for (kind, reserved) in kinds.into_iter().flat_map(|kind| [0, 30, 1000].map(|bytes| (kind, bytes))) {
        for count in [1, 2, 3, 5] {
            let mut at = 0;
            loop {
                let sim = SimDisk::new();
                let faulty = FaultyDisk::new(Arc::new(sim.clone()));
                let disk: SharedDisk = Arc::new(faulty.clone());
                let acknowledged = fill(&disk, &faulty, Fault { at, count, kind }, reserved);
                if faulty.failed() == 0 {
                    break;
                }
                assert!(acknowledged.len() > 2 * (10 - count as usize), "{kind} x {count} at {at}");
                let (_, found, records) = open(&disk, settings());
                let expect: Vec<(u64, Vec<u8>)> = acknowledged.clone();
                assert!(records.into_iter().eq(expect), "{kind} x {count} at {at}: {found:?}");
                // Also if the power goes after it all.
                for seed in 0..8 {
                    let disk: SharedDisk = Arc::new(sim.power_cut(seed));
                    let (_, found, records) = open(&disk, settings());
                    let acknowledged = acknowledged.clone();
                    assert!(
                        records.into_iter().eq(acknowledged),
                        "{kind} x {count} at {at}, seed {seed}: {found:?}"
                    );
                }
                at += 1;
            }
            assert!(at > 20, "{at} calls");
        }
    }
}

#[test]
fn a_full_disk_refuses_and_then_takes_again() {
    let sim = SimDisk::new();
    let disk: SharedDisk = Arc::new(sim.clone());
    let (mut log, ..) = open(&disk, settings());
    sim.set_capacity(Some(4096));
    let mut kept = 0;
    let full = loop {
        match log.append(&[[7; 100]]) {
            Ok(_) => kept += 1,
            Err(error) => break error,
        }
    };
    assert!(full.is_full(), "{full:?}");
    assert_eq!(kept, (4096 - 16) / 120);
    assert!(log.append(&["y".repeat(200)]).unwrap_err().is_full());
    sim.set_capacity(None);
    assert_eq!(log.append(&["back"]).unwrap().start, kept);
    drop(log);
    let (_, found, records) = open(&disk, settings());
    assert_eq!(records.len() as u64, kept + 1);
    assert!(found.damage.is_empty(), "{found:?}");
}

#[test]
fn a_disk_without_room_to_reserve_takes_what_fits() {
    let sim = SimDisk::new();
    let disk: SharedDisk = Arc::new(sim.clone());
    let mut with = settings();
    with.reserve_bytes = 1000;
    let (mut log, ..) = open(&disk, with.clone());
    sim.set_capacity(Some(4096));
    let kept = (0..).take_while(|_| log.append(&[[7; 100]]).is_ok()).count();
    assert_eq!(kept, (4096 - 16) / 120);
    drop(log);
    let (_, found, records) = open(&disk, with);
    assert_eq!((records.len(), found.damage.len()), (kept, 0), "{found:?}");
}

#[test]
fn a_batch_that_fits_into_what_is_reserved_leaves_the_file_as_long() {
    let disk: SharedDisk = Arc::new(SimDisk::new());
    let mut with = settings();
    with.reserve_bytes = 1000;
    let (mut log, ..) = open(&disk, with);
    let bytes = || disk.list("/log".as_ref()).unwrap()[0].bytes;
    log.append(&[[7; 100]]).unwrap();
    let before = bytes();
    for _ in 0..8 {
        log.append(&[[7; 100]]).unwrap();
    }
    assert_eq!((before, bytes(), log.bytes()), (1136, 1136, 16 + 9 * 120));
    log.append(&[[7; 100]]).unwrap();
    assert_eq!(bytes(), 16 + 10 * 120 + 1000);
    log.rotate();
    assert_eq!((bytes(), log.bytes()), (16 + 10 * 120, 16 + 10 * 120));
}

#[test]
fn a_record_that_is_too_large_is_refused_and_nothing_else_with_it() {
    let disk: SharedDisk = Arc::new(SimDisk::new());
    let mut with = settings();
    with.max_record_bytes = 10;
    let (mut log, ..) = open(&disk, with);
    let error = log.append(&[vec![1; 10], vec![1; 11]]).unwrap_err();
    assert!(std::error::Error::source(&error).unwrap().to_string().contains("at most 10 bytes, found 11"));
    assert_eq!(log.append(&[vec![1; 10]]).unwrap(), 0..1);
}

#[test]
fn a_batch_is_one_sync() {
    let faulty = FaultyDisk::new(Arc::new(SimDisk::new()));
    let disk: SharedDisk = Arc::new(faulty.clone());
    let (mut log, ..) = open(&disk, settings());
    log.append(&["begins the segment"]).unwrap();
    let before = faulty.syncs();
    log.append(&(0..1000).map(body).collect::<Vec<_>>()).unwrap();
    assert_eq!(faulty.syncs() - before, 1);
}
