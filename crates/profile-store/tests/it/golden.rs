//! A folder that an earlier program wrote is read: tests/golden/format-1 is one of format 1, with blocks and a
//! log. `BLESS=1` writes it anew, which is right only before a format is released.

use std::fs;
use std::path::{Path, PathBuf};

use durable::StdDisk;
use profile_store::{DiskSettings, Store};

use crate::disk::{DAY, settings};
use crate::fixture::{answers, profile, stacks, write};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/format-1")
}

fn on_disk(folder: &Path) -> Store {
    let mut settings: DiskSettings = settings();
    settings.folder = folder.to_owned();
    Store::open_on(StdDisk::shared(), settings).unwrap()
}

/// What is in the folder: two blocks of two days, and a log.
fn fill(store: &Store) {
    for round in 0..6_i64 {
        let pod = format!("p{}", round % 2);
        let rows: [(&[&str], i64); 2] = [(&["leaf", "main"], round + 1), (&["main"], -2)];
        store.write(write(&[("pod", &pod), ("x", "y")], &stacks(round % 2 * DAY + round, &rows))).unwrap();
        if round == 3 {
            store.seal_now().unwrap();
        }
    }
    store.write(write(&[], &profile(7, 7)).with_key("a key").unwrap()).unwrap();
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, to) = (entry.as_ref().unwrap().path(), to.join(entry.unwrap().file_name()));
        if path.is_dir() {
            copy(&path, &to);
        } else {
            fs::copy(path, to).unwrap();
        }
    }
}

#[test]
fn a_folder_of_format_1_is_read() {
    if std::env::var_os("BLESS").is_some() {
        let _ = fs::remove_dir_all(folder());
        fill(&on_disk(&folder()));
    }
    let (memory, scratch) = (Store::in_memory(1 << 30), tempfile::tempdir().unwrap());
    fill(&memory);
    copy(&folder(), scratch.path());
    let store = on_disk(scratch.path());
    assert_eq!(answers(&store.view()), answers(&memory.view()));
    let stats = store.disk_stats().unwrap();
    assert_eq!((stats.blocks, stats.replayed_records, stats.bad_blocks), (2, 3, 0));
    // The key in its log is known, too.
    assert_eq!(store.write(write(&[], &profile(8, 8)).with_key("a key").unwrap()).unwrap().stored, 0);
}
