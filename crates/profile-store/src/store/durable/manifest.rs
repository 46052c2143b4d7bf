//! MANIFEST: which blocks live, and up to where the log is in them. STORE: whose folder it is.

use std::path::{Path, PathBuf};

use durable::{Checked, Disk, DiskError, Kind, read_checked, write_checked};
use serde::{Deserialize, Serialize};

const MANIFEST: Kind = Kind { name: "parca-store-manifest", format: 1, max_bytes: 64 << 20 };
const STORE: Kind = Kind { name: "parca-store", format: 1, max_bytes: 4096 };

/// What lives.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// The store's name, 32 hexadecimal digits.
    pub(crate) store: String,
    /// The number of the next block; none comes twice.
    pub(crate) next_block: u64,
    /// Records of the log below this one are in blocks.
    pub(crate) wal_through: u64,
    /// The blocks.
    pub(crate) blocks: Vec<Live>,
}

/// A block that lives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Live {
    pub(crate) id: u64,
    pub(crate) bytes: u64,
    /// First and last profile, in nanoseconds since 1970.
    pub(crate) first: i64,
    pub(crate) last: i64,
}

#[derive(Serialize, Deserialize)]
struct Named {
    store: String,
}

pub(crate) fn manifest_path(folder: &Path) -> PathBuf {
    folder.join("MANIFEST")
}

/// The folder of a block.
pub(crate) fn block_folder(folder: &Path, block: u64) -> PathBuf {
    folder.join("blocks").join(format!("{block:010}"))
}

pub(crate) fn write(disk: &dyn Disk, folder: &Path, manifest: &Manifest) -> Result<(), DiskError> {
    write_checked(disk, &manifest_path(folder), MANIFEST, json(manifest).as_bytes())
}

pub(crate) fn write_store(disk: &dyn Disk, folder: &Path, store: &str) -> Result<(), DiskError> {
    write_checked(disk, &folder.join("STORE"), STORE, json(&Named { store: store.to_owned() }).as_bytes())
}

fn json(value: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(value).expect("numbers and texts are JSON");
    text.push('\n');
    text
}

/// What a file of the folder turned out to be.
#[derive(Debug)]
pub(crate) enum Read<T> {
    Missing,
    Damaged(String),
    Newer(u32),
    Whole(T),
}

pub(crate) fn read(disk: &dyn Disk, folder: &Path) -> Result<Read<Manifest>, DiskError> {
    read_json(disk, &manifest_path(folder), MANIFEST)
}

pub(crate) fn read_store(disk: &dyn Disk, folder: &Path) -> Result<Read<String>, DiskError> {
    Ok(match read_json::<Named>(disk, &folder.join("STORE"), STORE)? {
        Read::Whole(named) => Read::Whole(named.store),
        Read::Missing => Read::Missing,
        Read::Damaged(words) => Read::Damaged(words),
        Read::Newer(format) => Read::Newer(format),
    })
}

fn read_json<T: for<'de> Deserialize<'de>>(
    disk: &dyn Disk,
    path: &Path,
    kind: Kind,
) -> Result<Read<T>, DiskError> {
    Ok(match read_checked(disk, path, kind)? {
        Checked::Missing => Read::Missing,
        Checked::Damaged(words) => Read::Damaged(words),
        Checked::Newer(format) => Read::Newer(format),
        Checked::Whole(_, bytes) => match serde_json::from_slice(&bytes) {
            Ok(value) => Read::Whole(value),
            Err(error) => Read::Damaged(error.to_string()),
        },
    })
}

/// A new name, which nobody can guess.
pub(crate) fn new_store_name() -> String {
    use std::hash::{BuildHasher, Hasher};
    // The standard library seeds these from the system, once for each thread and then counting up.
    let random = |salt: u64| {
        let mut hasher = std::hash::RandomState::new().build_hasher();
        hasher.write_u64(salt);
        hasher.finish()
    };
    format!("{:016x}{:016x}", random(std::process::id().into()), random(1))
}

/// The key of the store's log: see `LogSettings::key`.
pub(crate) fn log_key(store: &str) -> u64 {
    twox_hash::XxHash3_128::oneshot_with_seed(3, store.as_bytes()) as u64
}
