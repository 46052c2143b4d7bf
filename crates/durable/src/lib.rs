//! Files that survive a kill and a power cut.
//!
//! Four mechanisms over one file layer ([`Disk`]), which tests replace by one that fails or forgets:
//! a file replaced whole ([`replace`], [`write_checked`]), a [`Log`] of checksummed records in segments,
//! a [`Cursor`] that remembers how far somebody came, and a [`FolderLock`].
//!
//! ```
//! use durable::{Log, LogSettings, StdDisk};
//!
//! # let folder = tempfile::tempdir()?;
//! let mut settings = LogSettings::new(folder.path());
//! settings.key = 42; // the owner's, known to nobody who chooses what records hold
//! let (mut log, found) = Log::open(StdDisk::shared(), settings.clone(), |_, _| {})?;
//! assert_eq!(found.records, 0);
//! log.append(&["one", "two"])?; // one write, one sync: when it returns, both are safe
//! drop(log);
//!
//! let mut read = Vec::new();
//! let (log, _) = Log::open(StdDisk::shared(), settings, |number, body| read.push((number, body)))?;
//! assert_eq!(read, [(0, b"one".to_vec()), (1, b"two".to_vec())]);
//! assert_eq!(log.next_number(), 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What it does not know: what records mean, threads, time, and the network. With the feature `testing`
//! there are `testing::FaultyDisk` and `testing::SimDisk`.

mod checked;
mod cursor;
mod disk;
mod error;
mod lock;
mod log;
mod replace;
#[cfg(feature = "testing")]
pub mod testing;

pub use checked::{Checked, Kind, read_checked, write_checked};
pub use cursor::Cursor;
pub use disk::{Disk, DiskFile, Entry, SharedDisk, StdDisk, UnsyncedDisk};
pub use error::{DiskError, OnPath};
pub use lock::{FolderLock, LockError};
pub use log::{Damage, DamageKind, Found, Log, LogReader, LogSettings, SegmentInfo, inspect};
pub use replace::{make_folder, publish, replace};
