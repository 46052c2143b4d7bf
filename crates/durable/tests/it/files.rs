//! Files of the real file system.

use std::fs;

use durable::{
    Checked, Cursor, Disk, FolderLock, Kind, LockError, Log, LogSettings, StdDisk, read_checked,
    write_checked,
};

const KIND: Kind = Kind { name: "test-file", format: 2, max_bytes: 100 };

#[test]
fn a_checked_file_is_whole_missing_damaged_or_of_a_newer_program() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    assert_eq!(read_checked(&StdDisk, &path, KIND).unwrap(), Checked::Missing);
    write_checked(&StdDisk, &path, KIND, b"payload\n").unwrap();
    assert_eq!(read_checked(&StdDisk, &path, KIND).unwrap(), Checked::Whole(2, b"payload\n".to_vec()));
    let good = fs::read(&path).unwrap();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1;
        for bad in [&bad, &good[..at]] {
            fs::write(&path, bad).unwrap();
            let read = read_checked(&StdDisk, &path, KIND).unwrap();
            assert!(matches!(read, Checked::Damaged(_)), "{at}: {read:?}");
        }
    }
    write_checked(&StdDisk, &path, Kind { format: 3, ..KIND }, b"").unwrap();
    assert_eq!(read_checked(&StdDisk, &path, KIND).unwrap(), Checked::Newer(3));
    fs::write(&path, vec![b'x'; 1000]).unwrap();
    assert!(matches!(read_checked(&StdDisk, &path, KIND).unwrap(), Checked::Damaged(_)));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "something was left behind");
}

#[test]
fn a_folder_has_one_owner_who_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let lock = FolderLock::acquire(folder.path(), "LOCK", "http://127.0.0.1:7070").unwrap();
    let second = FolderLock::acquire(folder.path(), "LOCK", "");
    let Err(LockError::Held { holder: Some(holder), .. }) = second else { panic!("{second:?}") };
    assert_eq!(holder, format!("pid {}, http://127.0.0.1:7070", std::process::id()));
    drop(lock);
    FolderLock::acquire(folder.path(), "LOCK", "").unwrap();
}

#[test]
fn a_cursor_stays_small_and_right() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cursor");
    let open = || Cursor::open(StdDisk::shared(), &path, false).unwrap();
    let mut cursor = open();
    for next in 1..=12_000 {
        cursor.advance(next).unwrap();
    }
    drop(cursor);
    assert!(fs::metadata(&path).unwrap().len() <= 66_000);
    let mut bytes = fs::read(&path).unwrap();
    bytes.extend_from_slice(&[1, 2, 3]);
    fs::write(&path, bytes).unwrap();
    assert_eq!(open().next(), 12_000);
}

#[test]
fn a_real_folder_keeps_a_log() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = LogSettings::new(folder.path().join("deep/log"));
    settings.segment_bytes = 1000;
    for round in 0..3_u64 {
        let mut found = Vec::new();
        let open = Log::open(StdDisk::shared(), settings.clone(), |number, body| found.push((number, body)));
        let (mut log, _) = open.unwrap();
        assert!(found.iter().map(|(number, _)| *number).eq(0..round * 20));
        for number in log.next_number()..log.next_number() + 20 {
            log.append(&[crate::body(number)]).unwrap();
        }
    }
    assert!(StdDisk.free_bytes(folder.path()).unwrap().is_some_and(|free| free > 0));
    let (mut log, _) = Log::open(StdDisk::shared(), settings, |_, _| {}).unwrap();
    let bytes = log.bytes();
    assert_eq!((log.remove_below(60).unwrap(), log.bytes()), (bytes, 0));
    log.start_at(100);
    assert_eq!(log.append(&["x"]).unwrap(), 100..101);
}
