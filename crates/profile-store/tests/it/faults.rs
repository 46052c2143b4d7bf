//! Calls of the disk that fail, power that goes, disks that are full.

use std::io::ErrorKind;
use std::sync::Arc;

use durable::SharedDisk;
use durable::testing::{Fault, FaultyDisk, SimDisk};
use profile_store::{DiskSettings, Store};

use crate::disk::{DAY, settings};
use crate::fixture::{profile, total, write};

/// Small segments and a retention, so that a short life has everything in it.
fn busy() -> DiskSettings {
    let mut settings = settings();
    settings.seal_bytes = 600;
    settings
}

/// Whether a profile's write was acknowledged, refused, or neither: the process did not live to say.
#[derive(Clone, Debug, Default)]
struct Life {
    acknowledged: Vec<i64>,
    refused: Vec<i64>,
}

/// Twelve writes, each with a label and a value of its own, with seals, a compaction and a restart between.
fn live(disk: &SharedDisk, settings: &DiskSettings) -> Life {
    let mut life = Life::default();
    let mut store = Store::open_on(disk.clone(), settings.clone()).ok();
    for number in 0..12_i64 {
        if let Some(store) = &store {
            let labels = [("number", number.to_string())];
            let labels = labels.each_ref().map(|(name, value)| (*name, value.as_str()));
            match store.write(write(&labels, &profile(number % 2 * DAY + number, 1))) {
                Ok(_) => life.acknowledged.push(number),
                Err(_) => life.refused.push(number),
            }
            if number % 3 == 2 {
                let _ = store.seal_now();
            }
            if number == 8 {
                let _ = store.compact_now();
                let _ = store.retain_now();
            }
        }
        if number == 6 || store.is_none() {
            drop(store.take());
            store = Store::open_on(disk.clone(), settings.clone()).ok();
        }
    }
    life
}

/// Every acknowledged profile is there exactly once; refused ones are not, where that is known.
fn check(disk: &SharedDisk, life: &Life, refused_are_gone: bool, context: &str) {
    let store = Store::open_on(disk.clone(), settings()).unwrap_or_else(|error| panic!("{context}: {error}"));
    let view = store.view();
    let value = |number: &i64| total(&view, &format!(r#"{{number="{number}"}}"#));
    for number in &life.acknowledged {
        assert_eq!(value(number), 20, "{context}: profile {number} of {life:?}");
    }
    for number in &life.refused {
        let value = value(number);
        assert!(value == 0 || !refused_are_gone && value == 20, "{context}: refused {number}: {value}");
    }
    store
        .write(write(&[("after", "all")], &profile(5, 1)))
        .unwrap_or_else(|error| panic!("{context}: {error}"));
    assert_eq!(total(&store.view(), r#"{after="all"}"#), 20, "{context}");
    assert_eq!(store.disk_stats().unwrap().bad_blocks, 0, "{context}");
    let report = profile_store::check(disk, std::path::Path::new("/store")).unwrap();
    assert_eq!(report.left_over, [], "{context}");
}

/// Each call and many cuts with `PARCA_STORE_LONG=1`; without it every so many, and others for each kind.
fn pace(short: usize) -> (usize, u64) {
    if std::env::var_os("PARCA_STORE_LONG").is_some() { (1, 40) } else { (short, 2) }
}

#[test]
fn acknowledged_profiles_survive_a_power_cut_after_every_step() {
    let (step, seeds) = pace(7);
    for at in (0..).step_by(step) {
        let sim = SimDisk::new();
        let faulty = FaultyDisk::new(Arc::new(sim.clone()));
        faulty.fail(Fault { at, count: u64::MAX, kind: ErrorKind::Other });
        let life = live(&(Arc::new(faulty.clone()) as SharedDisk), &busy());
        for seed in 0..seeds {
            let disk: SharedDisk = Arc::new(sim.power_cut(seed.wrapping_mul(at + 1)));
            check(&disk, &life, false, &format!("stopped at call {at}, seed {seed}"));
        }
        if faulty.failed() == 0 {
            assert!(at > 150 && life.acknowledged.len() == 12, "{at} calls, {life:?}");
            return;
        }
    }
}

#[test]
fn a_call_that_fails_refuses_what_it_must_and_loses_nothing() {
    for kind in [ErrorKind::StorageFull, ErrorKind::Other] {
        for count in [1, 4] {
            let (step, _) = pace(43 + count as usize);
            for at in (0..).step_by(step) {
                let sim = SimDisk::new();
                let faulty = FaultyDisk::new(Arc::new(sim.clone()));
                let disk: SharedDisk = Arc::new(faulty.clone());
                faulty.fail(Fault { at, count, kind });
                let life = live(&disk, &busy());
                let context = format!("{kind} x {count} at {at}");
                // One failure is overcome within the life; after it writing went on.
                assert!(life.acknowledged.len() >= 12 - count as usize * 2, "{context}: {life:?}");
                check(&(Arc::new(sim.power_cut(at)) as SharedDisk), &life, count == 1, &context);
                if faulty.failed() == 0 {
                    assert!(at > 150, "{at} calls");
                    break;
                }
            }
        }
    }
}

#[test]
fn a_full_disk_refuses_writes_answers_questions_and_resumes() {
    let sim = SimDisk::new();
    let disk: SharedDisk = Arc::new(sim.clone());
    let mut settings = settings();
    settings.min_free_bytes = 20_000;
    let store = Store::open_on(disk, settings).unwrap();
    sim.set_capacity(Some(40_000));
    let mut kept = 0;
    let refused = loop {
        match store.write(write(&[("n", &kept.to_string())], &profile(kept, 1))) {
            Ok(_) => kept += 1,
            Err(refused) => break refused,
        }
    };
    assert_eq!(refused.reason(), "disk_full");
    assert!(store.problem().unwrap().contains("bytes are free"), "{:?}", store.problem());
    assert!(store.disk_stats().unwrap().refusing);
    assert_eq!(total(&store.view(), ""), kept * 20);
    // The reserve is for sealing, which gives the log's room back.
    store.seal_now().unwrap();
    store.write(write(&[("n", "after")], &profile(1, 1))).unwrap();
    assert_eq!((store.problem(), total(&store.view(), "")), (None, kept * 20 + 20));
}

#[test]
fn sealing_that_fails_loses_nothing_and_is_tried_again() {
    let sim = SimDisk::new();
    let faulty = FaultyDisk::new(Arc::new(sim.clone()));
    let store = Store::open_on(Arc::new(faulty.clone()), settings()).unwrap();
    store.write(write(&[], &profile(1, 1))).unwrap();
    faulty.fail_from_now(ErrorKind::StorageFull);
    assert!(store.seal_now().is_err());
    assert!(store.sealing_problem().is_some());
    assert_eq!(total(&store.view(), ""), 20);
    faulty.heal();
    assert_eq!(store.seal_now().unwrap(), 1);
    assert_eq!((store.sealing_problem(), total(&store.view(), "")), (None, 20));
    assert_eq!(store.disk_stats().unwrap().seal_failures, 1);
}

#[test]
fn writers_share_syncs() {
    let faulty = FaultyDisk::new(Arc::new(SimDisk::new()));
    let store = Store::open_on(Arc::new(SlowSync::new(faulty.clone())), settings()).unwrap();
    store.write(write(&[], &profile(0, 1))).unwrap();
    let before = faulty.syncs();
    std::thread::scope(|scope| {
        for writer in 0..32 {
            let store = &store;
            scope.spawn(move || {
                for at in 0..8 {
                    let labels = [("writer", writer.to_string())];
                    let labels = labels.each_ref().map(|(name, value)| (*name, value.as_str()));
                    store.write(write(&labels, &profile(at, 1))).unwrap();
                }
            });
        }
    });
    let syncs = faulty.syncs() - before;
    assert!(syncs <= 32 * 8 / 8, "{syncs} syncs for 256 writes");
    assert_eq!(total(&store.view(), ""), 257 * 20);
}

/// A disk on which a sync takes as long as the writers need to come again, as on a real one.
#[derive(Debug)]
struct SlowSync {
    inner: FaultyDisk,
}

impl SlowSync {
    fn new(inner: FaultyDisk) -> Self {
        Self { inner }
    }
}

#[derive(Debug)]
struct SlowFile(Box<dyn durable::DiskFile>);

impl durable::DiskFile for SlowFile {
    fn append(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.0.append(bytes)
    }
    fn reserve(&mut self, bytes: u64) -> std::io::Result<()> {
        self.0.reserve(bytes)
    }
    fn sync(&mut self) -> std::io::Result<()> {
        std::thread::sleep(std::time::Duration::from_millis(20));
        self.0.sync()
    }
    fn truncate(&mut self, bytes: u64) -> std::io::Result<()> {
        self.0.truncate(bytes)
    }
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> std::io::Result<()> {
        self.0.read_at(buffer, offset)
    }
    fn bytes(&self) -> std::io::Result<u64> {
        self.0.bytes()
    }
}

impl durable::Disk for SlowSync {
    fn create(&self, path: &std::path::Path) -> std::io::Result<Box<dyn durable::DiskFile>> {
        Ok(Box::new(SlowFile(self.inner.create(path)?)))
    }
    fn open(&self, path: &std::path::Path) -> std::io::Result<Box<dyn durable::DiskFile>> {
        self.inner.open(path)
    }
    fn open_to_write(&self, path: &std::path::Path) -> std::io::Result<Box<dyn durable::DiskFile>> {
        self.inner.open_to_write(path)
    }
    fn rename(&self, from: &std::path::Path, to: &std::path::Path) -> std::io::Result<()> {
        self.inner.rename(from, to)
    }
    fn remove_file(&self, path: &std::path::Path) -> std::io::Result<()> {
        self.inner.remove_file(path)
    }
    fn remove_folder(&self, path: &std::path::Path) -> std::io::Result<()> {
        self.inner.remove_folder(path)
    }
    fn create_folder(&self, path: &std::path::Path) -> std::io::Result<()> {
        self.inner.create_folder(path)
    }
    fn list(&self, path: &std::path::Path) -> std::io::Result<Vec<durable::Entry>> {
        self.inner.list(path)
    }
    fn sync_dir(&self, path: &std::path::Path) -> std::io::Result<()> {
        self.inner.sync_dir(path)
    }
    fn free_bytes(&self, path: &std::path::Path) -> std::io::Result<Option<u64>> {
        self.inner.free_bytes(path)
    }
}
