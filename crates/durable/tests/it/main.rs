//! What survives kills, power cuts, damage and full disks.
#![allow(clippy::unwrap_used)]

mod damage;
mod faults;
mod files;
mod power;

use std::collections::BTreeMap;
use std::path::PathBuf;

use durable::{Found, Log, LogSettings, SharedDisk};

pub(crate) fn settings() -> LogSettings {
    let mut settings = LogSettings::new("/log");
    settings.key = 0x1234_5678_9abc_def0;
    settings.aside = Some(PathBuf::from("/aside"));
    settings
}

pub(crate) fn body(number: u64) -> Vec<u8> {
    vec![number as u8; (number as usize * 37) % 300]
}

/// The log, what was found, and its records by number.
pub(crate) fn open(disk: &SharedDisk, settings: LogSettings) -> (Log, Found, BTreeMap<u64, Vec<u8>>) {
    let mut records = BTreeMap::new();
    let visit = |number, body| assert!(records.insert(number, body).is_none(), "record {number} twice");
    let (log, found) = Log::open(disk.clone(), settings, visit).unwrap();
    (log, found, records)
}
