//! The store on disk: what it keeps, and that it answers as the one in memory does.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use durable::SharedDisk;
use durable::testing::SimDisk;
use profile_store::{DiskSettings, NewWrite, OpenError, Store};

use crate::fixture::{answers, batch, new, profile, stacks, total, write};

pub(crate) const DAY: i64 = 86_400_000_000_000;

/// Settings of a store that does nothing by itself.
pub(crate) fn settings() -> DiskSettings {
    let mut settings = DiskSettings::new("/store");
    settings.background = false;
    settings.min_free_bytes = 0;
    settings.clock = Arc::new(|| SystemTime::UNIX_EPOCH + Duration::from_secs(100 * 86_400));
    settings
}

pub(crate) fn open(disk: &SharedDisk) -> Store {
    Store::open_on(disk.clone(), settings()).unwrap()
}

pub(crate) fn sim() -> SharedDisk {
    Arc::new(SimDisk::new())
}

#[test]
fn what_was_written_is_there_after_a_restart_sealed_or_not() {
    let disk = sim();
    let mut expected = 0;
    for round in 0..6_i64 {
        let store = open(&disk);
        assert_eq!(total(&store.view(), ""), expected, "round {round}");
        for pod in 0..5 {
            let pod = format!("p{pod}");
            store.write(write(&[("pod", &pod)], &profile(round * 1_000, 7))).unwrap();
            expected += 80;
        }
        if round % 2 == 1 {
            assert_eq!(store.seal_now().unwrap(), 1);
        }
        assert_eq!(total(&store.view(), ""), expected, "round {round}");
        assert_eq!(total(&store.view(), r#"{pod="p3"}"#), expected / 5, "round {round}");
    }
    let stats = open(&disk).disk_stats().unwrap();
    assert_eq!((stats.blocks, stats.log_bytes, stats.block_profiles), (3, 0, 60));
}

#[test]
fn a_retry_does_not_count_twice_even_after_a_restart_or_a_seal() {
    let disk = sim();
    let keyed = |time| write(&[("pod", "k")], &profile(time, 1)).with_key("a request").unwrap();
    let first = open(&disk);
    first.write(write(&[], &profile(1, 5))).unwrap();
    first.write(keyed(1)).unwrap();
    drop(first);
    for round in 0..4 {
        let store = open(&disk);
        assert_eq!(store.write(write(&[], &profile(1, 5))).unwrap().repeated, 1, "round {round}");
        assert_eq!(store.write(keyed(2)).unwrap().stored, 0, "round {round}");
        let part = NewWrite::new(vec![new(&[], &profile(1, 5)), new(&[], &profile(10 + round, 5))]);
        let written = store.write(part).unwrap();
        assert_eq!((written.stored, written.repeated), (1, 1), "round {round}");
        assert_eq!(total(&store.view(), r#"{pod=""}"#), 60 * (2 + round), "round {round}");
        if round == 1 {
            store.seal_now().unwrap();
        }
        if round == 2 {
            store.seal_now().unwrap();
            store.compact_now().unwrap();
        }
    }
}

#[test]
fn a_batch_that_comes_again_is_known_by_its_key() {
    let disk = sim();
    let write = || {
        let profiles = ["p0", "p1"].map(|pod| (vec![("pod", pod)], profile(7, 3)));
        batch(&profiles).with_key("a batch").unwrap()
    };
    let memory = Store::in_memory(1 << 20);
    for (round, stored) in [4, 0, 0].into_iter().enumerate() {
        let store = open(&disk);
        let written = store.write(write()).unwrap();
        assert_eq!((written.stored, written.repeated), (stored, 4 - stored), "round {round}");
        assert_eq!(memory.write(write()).unwrap(), written);
        assert_eq!(answers(&store.view()), answers(&memory.view()), "round {round}");
        store.seal_now().unwrap();
    }
}

#[test]
fn one_block_for_each_day_whatever_the_clocks_say() {
    let disk = sim();
    let store = open(&disk);
    let times = [0, 1, DAY - 1, DAY, -1, i64::MIN, i64::MAX, 30 * DAY, 200 * DAY, 30 * DAY + 5];
    for (at, time) in times.into_iter().enumerate() {
        store.write(write(&[("at", &at.to_string())], &profile(time, 1))).unwrap();
    }
    let before = answers(&store.view());
    assert_eq!(store.seal_now().unwrap(), 7);
    assert_eq!(answers(&store.view()), before);
    drop(store);
    assert_eq!(answers(&open(&disk).view()), before);
    // Times all over the place do not make thousands of blocks.
    let store = open(&disk);
    for day in 0..100 {
        store.write(write(&[], &profile(day * DAY, 2))).unwrap();
    }
    assert!(store.seal_now().unwrap() <= 25);
    assert_eq!(total(&store.view(), r#"{at=""}"#), 3_000);
}

#[test]
fn old_blocks_go_and_late_and_future_profiles_do_not_keep_them() {
    let disk = sim();
    let mut settings = settings();
    // Now is day 100.
    settings.retention = Some(Duration::from_secs(30 * 86_400));
    let store = Store::open_on(disk.clone(), settings.clone()).unwrap();
    for day in [0, 60, 69, 71, 99, 5_000] {
        store.write(write(&[("day", &day.to_string())], &profile(day * DAY, 1))).unwrap();
    }
    store.seal_now().unwrap();
    assert_eq!(store.retain_now().unwrap(), 3);
    let days: Vec<i64> =
        [0, 60, 69, 71, 99, 5_000].map(|day| total(&store.view(), &format!(r#"{{day="{day}"}}"#))).into();
    assert_eq!(days, [0, 0, 0, 20, 20, 20]);
    drop(store);
    // The profile of the future ages from when it came.
    settings.clock = Arc::new(|| SystemTime::UNIX_EPOCH + Duration::from_secs(131 * 86_400));
    let store = Store::open_on(disk.clone(), settings.clone()).unwrap();
    assert_eq!(store.retain_now().unwrap(), 3);
    assert_eq!(disk.list(Path::new("/store/blocks")).unwrap(), []);
    // By size, the oldest go first.
    for day in 120..130 {
        store.write(write(&[("day", &day.to_string())], &profile(day * DAY, 1))).unwrap();
    }
    store.seal_now().unwrap();
    let bytes = store.disk_stats().unwrap().block_bytes;
    drop(store);
    settings.retention_bytes = Some(bytes / 2);
    let store = Store::open_on(disk.clone(), settings).unwrap();
    assert_eq!(store.retain_now().unwrap(), 5);
    assert_eq!(total(&store.view(), r#"{day="124"}"#), 0);
    assert_eq!(total(&store.view(), r#"{day="125"}"#), 20);
}

#[test]
fn blocks_of_a_day_become_one_and_answer_the_same() {
    let disk = sim();
    let store = open(&disk);
    for round in 0..9_i64 {
        for pod in 0..4 {
            let leaf = format!("leaf{}", (round + pod) % 5);
            let rows: [(&[&str], i64); 2] = [(&[&leaf, "main"], round + 1), (&["main"], 2)];
            let pod = format!("p{pod}");
            store.write(write(&[("pod", &pod), ("x", "y")], &stacks(round * 10 + 3, &rows))).unwrap();
        }
        store.seal_now().unwrap();
    }
    let before = answers(&store.view());
    assert_eq!(store.disk_stats().unwrap().blocks, 9);
    assert_eq!(store.compact_now().unwrap(), 1);
    assert_eq!(store.disk_stats().unwrap().blocks, 1);
    assert_eq!(answers(&store.view()), before);
    assert_eq!(disk.list(Path::new("/store/blocks")).unwrap().len(), 1);
    drop(store);
    assert_eq!(answers(&open(&disk).view()), before);
}

#[test]
fn a_view_reads_on_while_its_blocks_are_merged_away() {
    let disk = sim();
    let store = open(&disk);
    for round in 0..8 {
        store.write(write(&[], &profile(round, 1))).unwrap();
        store.seal_now().unwrap();
    }
    let view = store.view();
    assert_eq!(store.compact_now().unwrap(), 1);
    assert_eq!(total(&view, ""), 160);
    assert_eq!(disk.list(Path::new("/store/blocks")).unwrap().len(), 9);
    drop(view);
    assert_eq!(disk.list(Path::new("/store/blocks")).unwrap().len(), 1);
}

#[test]
fn a_lost_manifest_is_made_again_and_a_newer_one_is_refused() {
    let disk = sim();
    let store = open(&disk);
    for round in 0..8 {
        store.write(write(&[], &profile(round, 1))).unwrap();
        store.seal_now().unwrap();
    }
    store.compact_now().unwrap();
    store.write(write(&[], &profile(100 * DAY, 1))).unwrap();
    store.write(write(&[], &profile(101 * DAY, 1))).unwrap();
    store.seal_now().unwrap();
    store.write(write(&[], &profile(9, 1))).unwrap();
    let before = answers(&store.view());
    drop(store);
    for damage in [None, Some(b"parca-store-manifest 1 crc32=00000000 bytes=0\n".to_vec())] {
        let path = Path::new("/store/MANIFEST");
        disk.remove_file(path).unwrap();
        if let Some(bytes) = damage {
            disk.create(path).unwrap().append(&bytes).unwrap();
        }
        assert_eq!(answers(&open(&disk).view()), before);
    }
    let kind = durable::Kind { name: "parca-store-manifest", format: 7, max_bytes: 100 };
    durable::write_checked(&*disk, Path::new("/store/MANIFEST"), kind, b"{}").unwrap();
    let refused = Store::open_on(disk.clone(), settings()).unwrap_err();
    assert!(matches!(refused, OpenError::Newer { format: 7, .. }), "{refused:?}");
    assert!(refused.to_string().contains("/store/MANIFEST"), "{refused}");
}

#[test]
fn a_folder_has_one_store() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = DiskSettings::new(folder.path());
    settings.min_free_bytes = 0;
    let store = Store::open(settings.clone(), "http://127.0.0.1:7070").unwrap();
    let second = Store::open(settings.clone(), "").unwrap_err().to_string();
    let me = format!("pid {}, http://127.0.0.1:7070", std::process::id());
    assert!(second.contains(&me), "{second}");
    store.write(write(&[], &profile(1, 1))).unwrap();
    drop(store);
    let store = Store::open(settings, "").unwrap();
    assert_eq!(total(&store.view(), ""), 20);
    store.close();
    assert!(matches!(store.write(write(&[], &profile(2, 1))), Err(profile_store::Refused::Closing)));
}

#[test]
fn a_folder_is_read_without_a_store_and_its_damage_is_named() {
    let disk = sim();
    let store = open(&disk);
    for round in 0..3 {
        store.write(write(&[("pod", "p1")], &profile(round, 1))).unwrap();
        store.seal_now().unwrap();
    }
    store.write(write(&[], &profile(9, 1))).unwrap();
    let before = answers(&store.view());
    drop(store);
    let folder = Path::new("/store");
    let report = profile_store::check(&disk, folder).unwrap();
    assert!(!report.is_damaged(), "{report:?}");
    assert_eq!((report.blocks.len(), report.log.records, report.left_over.len()), (3, 1, 0));
    assert_eq!(report.blocks.iter().map(|block| block.profiles).sum::<u64>(), 6);
    assert_eq!(answers(&profile_store::open_read_only(&disk, folder).unwrap()), before);

    // One bit of each file of the block in the middle, in turn.
    for name in ["samples.parquet", "stacks.parquet", "index.bin"] {
        let path = folder.join("blocks/0000000001").join(name);
        let good = disk.read(&path, u64::MAX).unwrap();
        for at in (0..good.len()).step_by(41) {
            let mut bad = good.clone();
            bad[at] ^= 0x10;
            disk.create(&path).unwrap().append(&bad).unwrap();
            let report = profile_store::check(&disk, folder).unwrap();
            assert!(report.blocks[1].problem.is_some(), "{name} at {at}");
            assert!(report.blocks[0].problem.is_none() && report.blocks[2].problem.is_none());
        }
        disk.create(&path).unwrap().append(&good).unwrap();
    }
}

#[test]
fn a_damaged_block_is_set_aside_and_the_others_answer() {
    let disk = sim();
    let store = open(&disk);
    for round in 0..3 {
        store.write(write(&[], &profile(round, 1))).unwrap();
        store.seal_now().unwrap();
    }
    drop(store);
    let path = Path::new("/store/blocks/0000000001/samples.parquet");
    let good = disk.read(path, u64::MAX).unwrap();
    // Pages are checked when they are read: no damage becomes a wrong number.
    for at in (0..good.len()).step_by(13) {
        let mut bad = good.clone();
        bad[at] ^= 1;
        disk.create(path).unwrap().append(&bad).unwrap();
        let view = profile_store::open_read_only(&disk, Path::new("/store")).unwrap();
        let ask = profile_store::Merge {
            filter: crate::fixture::filter(""),
            span: profile_store::Span::ALL,
            group_by: Vec::new(),
            in_periods: false,
        };
        if let Ok(merged) = view.merge(&ask) {
            assert_eq!(merged.unwrap().total, 60, "byte {at}");
        }
    }
    // Found by a read: the question fails, the next one is answered without the block.
    disk.create(path).unwrap().append(&vec![0; good.len()]).unwrap();
    let store = open(&disk);
    assert!(store.view().label_sets(&crate::fixture::filter(""), profile_store::Span::ALL).is_ok());
    assert!(store.view().sums(&crate::fixture::filter(""), profile_store::Span::ALL, |_, _| {}).is_err());
    store.retain_now().unwrap();
    assert_eq!(total(&store.view(), ""), 40);
    assert_eq!(store.disk_stats().unwrap().bad_blocks, 1);
    drop(store);
    // Found at the start: the file is short.
    let path = Path::new("/store/blocks/0000000002/stacks.parquet");
    disk.open_to_write(path).unwrap().truncate(10).unwrap();
    let store = open(&disk);
    assert_eq!(total(&store.view(), ""), 20);
    let aside: Vec<_> =
        disk.list(Path::new("/store/bad")).unwrap().into_iter().map(|entry| entry.name).collect();
    assert_eq!(aside, ["block-0000000001", "block-0000000002"]);
}

#[test]
fn a_sealed_profile_takes_little_more_than_its_values() {
    let disk = sim();
    let store = open(&disk);
    let names: Vec<String> =
        (0..36).map(|at| format!("runtime/package.(*Type{at}).Method{}", at % 7)).collect();
    let paths: Vec<Vec<&str>> =
        (0..36).map(|at| (0..12).map(|depth| names[(at + depth * depth) % 36].as_str()).collect()).collect();
    let mut random = 1_u64;
    let mut sent = 0;
    for number in 0..400_i64 {
        // Every value is another one: nothing repeats that could be packed.
        let mut value = || {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (random >> 40).cast_signed() % 100_000 + 1
        };
        let rows: Vec<(&[&str], i64)> = paths.iter().map(|path| (path.as_slice(), value())).collect();
        let profile = stacks(number * 10_000_000_000, &rows);
        sent += profile_codec::pprof::encode_gzip(&profile).len();
        store.write(write(&[("pod", &format!("p{}", number % 20))], &profile)).unwrap();
    }
    store.seal_now().unwrap();
    let bytes = store.disk_stats().unwrap().block_bytes / 400;
    // 72 values of 17 bits have 153 bytes in them.
    assert!(bytes <= 350, "{bytes} bytes a profile, sent as {}", sent / 400);
}
