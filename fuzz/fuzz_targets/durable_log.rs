//! Any bytes can be opened as a segment of a log, which goes on behind them.
#![no_main]

use std::path::Path;
use std::sync::Arc;

use durable::testing::SimDisk;
use durable::{Log, LogSettings, SharedDisk};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let disk: SharedDisk = Arc::new(SimDisk::new());
    disk.create_folder(Path::new("/log")).expect("an empty disk");
    let mut file = disk.create(Path::new("/log/00000000000000000003.log")).expect("an empty disk");
    file.append(bytes).expect("a disk without a limit");
    let open = |found: &mut Vec<u64>| Log::open(disk.clone(), LogSettings::new("/log"), |number, _| found.push(number));
    let mut found = Vec::new();
    let (mut log, _) = open(&mut found).expect("damage is no error");
    assert!(found.is_sorted() && found.iter().all(|number| *number >= 3));
    let next = log.append(&["more"]).expect("a disk without a limit").start;
    drop(log);
    let mut again = Vec::new();
    open(&mut again).expect("damage is no error");
    found.push(next);
    assert_eq!(again, found);
});
