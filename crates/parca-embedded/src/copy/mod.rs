//! Copies of sealed blocks elsewhere: a folder, or with the feature `cloud` a bucket.
//!
//! A block's files come in an order that never shows half a block, and an empty `_done` last. What is there is
//! not copied again, so a copy goes on where it was after a restart. Nothing is ever removed.

#[cfg(feature = "cloud")]
mod cloud;
mod folder;
#[cfg(feature = "cloud")]
mod http;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ops::metrics::{Family, Kind, Registry, Value};
use profile_store::{SealedBlock, Store};
use tokio_util::sync::CancellationToken;

/// How often new blocks are looked for.
const PERIOD: Duration = Duration::from_secs(10);
/// What says that a block is whole.
const DONE: &str = "_done";

/// Where copies go.
#[derive(Clone, Debug)]
pub struct CopyTo {
    target: Target,
}

#[derive(Clone, Debug)]
enum Target {
    Folder(PathBuf),
    #[cfg(feature = "cloud")]
    Cloud(cloud::Bucket),
}

/// Why a text names no place for copies.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CopyToError {
    /// No URL of a kind that is known.
    #[error("expected file:///folder, s3://bucket/prefix or gs://bucket/prefix, found `{0}`")]
    Unknown(String),
    /// A kind that this program was built without.
    #[error("`{0}` needs a build with the feature `cloud`: cargo build --features cloud")]
    NotBuilt(String),
    /// The bucket's settings are wrong.
    #[error("cannot use `{url}`: {reason}")]
    Bucket {
        /// The URL.
        url: String,
        /// Why not.
        reason: String,
    },
}

impl std::str::FromStr for CopyTo {
    type Err = CopyToError;

    fn from_str(text: &str) -> Result<Self, CopyToError> {
        if let Some(path) = text.strip_prefix("file://").filter(|path| path.starts_with('/')) {
            return Ok(Self { target: Target::Folder(PathBuf::from(path)) });
        }
        if !text.starts_with("s3://") && !text.starts_with("gs://") {
            return Err(CopyToError::Unknown(text.to_owned()));
        }
        #[cfg(feature = "cloud")]
        return cloud::Bucket::open(text).map(|bucket| Self { target: Target::Cloud(bucket) });
        #[cfg(not(feature = "cloud"))]
        Err(CopyToError::NotBuilt(text.to_owned()))
    }
}

/// How copying does.
#[derive(Debug, Default)]
struct Counts {
    blocks: AtomicU64,
    bytes: AtomicU64,
    failures: AtomicU64,
    waiting: AtomicU64,
}

/// Copies blocks as they come until told to stop.
pub(crate) async fn run(store: Store, to: CopyTo, registry: Registry, stop: CancellationToken) {
    let counts = Arc::new(Counts::default());
    register(&registry, &counts);
    let mut done = BTreeSet::new();
    loop {
        round(&store, &to, &mut done, &counts).await;
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(PERIOD) => {}
        }
    }
}

/// Copies what is not there; a failure ends the round, the next one tries again.
async fn round(store: &Store, to: &CopyTo, done: &mut BTreeSet<u64>, counts: &Counts) {
    let blocks = store.sealed_blocks();
    let before = done.clone();
    done.retain(|id| blocks.iter().any(|block| block.id() == *id));
    let waiting: Vec<&SealedBlock> = blocks.iter().filter(|block| !done.contains(&block.id())).collect();
    counts.waiting.store(waiting.len() as u64, Ordering::Relaxed);
    let prefix = format!("store={}", store.name().unwrap_or_default());
    for block in waiting {
        match copy(to, &prefix, block).await {
            Ok(bytes) => {
                done.insert(block.id());
                counts.waiting.fetch_sub(1, Ordering::Relaxed);
                counts.blocks.fetch_add(u64::from(bytes > 0), Ordering::Relaxed);
                counts.bytes.fetch_add(bytes, Ordering::Relaxed);
            }
            Err(reason) => {
                counts.failures.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(block = block.id(), reason, "a block cannot be copied; trying again");
                return;
            }
        }
    }
    // Behind the blocks that it names, so that a reader of the copy finds them.
    let Some(manifest) = store.manifest().filter(|_| *done != before) else { return };
    if let Err(reason) = to.put(&format!("{prefix}/MANIFEST"), &manifest).await {
        counts.failures.fetch_add(1, Ordering::Relaxed);
        tracing::warn!(reason, "the manifest cannot be copied; trying again");
        // Makes the next round see a change.
        *done = before;
    }
}

/// Copies a block, unless it is there. Returns how many bytes that were.
async fn copy(to: &CopyTo, prefix: &str, block: &SealedBlock) -> Result<u64, String> {
    let folder = format!("{prefix}/{:010}", block.id());
    let mark = format!("{folder}/{DONE}");
    if to.exists(&mark).await? {
        return Ok(0);
    }
    let mut bytes = 0;
    for file in block.files() {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        bytes += to.put(&format!("{folder}/{name}"), &file).await?;
    }
    to.mark(&mark).await?;
    Ok(bytes)
}

impl CopyTo {
    async fn exists(&self, key: &str) -> Result<bool, String> {
        match &self.target {
            Target::Folder(root) => folder::exists(root, key).await,
            #[cfg(feature = "cloud")]
            Target::Cloud(bucket) => bucket.exists(key).await,
        }
    }

    /// Copies a file; returns its length.
    async fn put(&self, key: &str, file: &Path) -> Result<u64, String> {
        match &self.target {
            Target::Folder(root) => folder::put(root, key, file).await,
            #[cfg(feature = "cloud")]
            Target::Cloud(bucket) => bucket.put(key, file).await,
        }
    }

    async fn mark(&self, key: &str) -> Result<(), String> {
        match &self.target {
            Target::Folder(root) => folder::mark(root, key).await,
            #[cfg(feature = "cloud")]
            Target::Cloud(bucket) => bucket.mark(key).await,
        }
    }
}

fn register(registry: &Registry, counts: &Arc<Counts>) {
    let counts = Arc::clone(counts);
    #[expect(clippy::cast_precision_loss, reason = "metrics are floats")]
    registry.collect_with(move || {
        let none: [(&str, &str); 0] = [];
        let counter = |name: &str, help: &str, count: &AtomicU64| {
            Family::new(format!("parca_embedded_{name}_total"), help, Kind::Counter)
                .with(none, Value::Counter(count.load(Ordering::Relaxed) as f64))
        };
        vec![
            counter("copied_blocks", "Blocks copied.", &counts.blocks),
            counter("copied_bytes", "Bytes copied.", &counts.bytes),
            counter(
                "copy_failures",
                "Blocks that could not be copied; each is tried again.",
                &counts.failures,
            ),
            Family::new("parca_embedded_blocks_to_copy", "Blocks that are not copied yet.", Kind::Gauge)
                .with(none, Value::Gauge(counts.waiting.load(Ordering::Relaxed) as f64)),
        ]
    });
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use profile_store::DiskSettings;

    use super::*;

    fn sealed_store(folder: &Path) -> Store {
        let mut settings = DiskSettings::new(folder);
        settings.background = false;
        settings.min_free_bytes = 0;
        let store = Store::open(settings, "").unwrap();
        for time in [1, 86_400_000_000_001] {
            let types = vec![profile_model::ValueType::new("cpu", "nanoseconds")];
            let mut profile = profile_model::Profile::new(types);
            profile.time_nanos = time;
            let sample =
                profile_model::Sample { stack: profile_model::StackId::EMPTY, values: &[1], labels: &[] };
            profile.samples.push(sample);
            let named = profile_store::Named::new([("__name__", "a")]).unwrap();
            let new = profile_store::NewProfile::new(&named, profile, Default::default(), None).unwrap();
            store.write(profile_store::NewWrite::new(vec![new])).unwrap();
        }
        assert_eq!(store.seal_now().unwrap(), 2);
        store
    }

    #[tokio::test]
    async fn a_copy_is_whole_is_not_made_twice_and_goes_on_after_a_failure() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let store = sealed_store(from.path());
        let target: CopyTo = format!("file://{}/deep", to.path().display()).parse().unwrap();
        let root = to.path().join("deep").join(format!("store={}", store.name().unwrap()));
        // In the way: a file where the second block's folder is to be.
        std::fs::create_dir_all(&root).unwrap();
        std::fs::write(root.join("0000000001"), b"").unwrap();
        let (counts, mut done) = (Counts::default(), BTreeSet::new());
        round(&store, &target, &mut done, &counts).await;
        assert_eq!((counts.blocks.load(Ordering::Relaxed), counts.failures.load(Ordering::Relaxed)), (1, 1));
        std::fs::remove_file(root.join("0000000001")).unwrap();
        // Another process, which knows nothing.
        let (counts, mut done) = (Counts::default(), BTreeSet::new());
        round(&store, &target, &mut done, &counts).await;
        assert_eq!((counts.blocks.load(Ordering::Relaxed), counts.waiting.load(Ordering::Relaxed)), (1, 0));
        assert_eq!(
            std::fs::read(root.join("MANIFEST")).unwrap(),
            std::fs::read(from.path().join("MANIFEST")).unwrap()
        );
        for block in ["0000000000", "0000000001"] {
            for file in ["samples.parquet", "stacks.parquet", "index.bin"] {
                let original = from.path().join("blocks").join(block).join(file);
                assert_eq!(
                    std::fs::read(root.join(block).join(file)).unwrap(),
                    std::fs::read(original).unwrap()
                );
            }
            assert_eq!(std::fs::read(root.join(block).join(DONE)).unwrap(), b"");
            assert_eq!(std::fs::read_dir(root.join(block)).unwrap().count(), 4);
        }
    }

    /// `COPY_BUCKETS="s3://bucket/prefix gs://bucket/prefix"`, with what their providers' variables say.
    #[cfg(feature = "cloud")]
    #[tokio::test]
    async fn a_bucket_has_each_block_whole_and_once() {
        let Ok(buckets) = std::env::var("COPY_BUCKETS") else {
            return println!("skipped: needs COPY_BUCKETS");
        };
        let from = tempfile::tempdir().unwrap();
        let store = sealed_store(from.path());
        let prefix = format!("store={}", store.name().unwrap());
        for bucket in buckets.split_whitespace() {
            let target: CopyTo = bucket.parse().unwrap();
            if let Err(reason) = target.exists("nothing").await {
                panic!("{bucket}: {reason}");
            }
            for expect in [2, 0] {
                let (counts, mut done) = (Counts::default(), BTreeSet::new());
                round(&store, &target, &mut done, &counts).await;
                let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
                assert_eq!((count(&counts.blocks), count(&counts.failures)), (expect, 0), "{bucket}");
            }
            let Target::Cloud(copy) = &target.target else { panic!("{bucket} is no bucket") };
            let read = |key: String| async move { copy.read(&key).await };
            let manifest = read(format!("{prefix}/MANIFEST")).await;
            assert_eq!(manifest, std::fs::read(from.path().join("MANIFEST")).unwrap(), "{bucket}");
            for block in ["0000000000", "0000000001"] {
                for file in ["samples.parquet", "stacks.parquet", "index.bin"] {
                    let original = std::fs::read(from.path().join("blocks").join(block).join(file)).unwrap();
                    assert_eq!(
                        read(format!("{prefix}/{block}/{file}")).await,
                        original,
                        "{bucket} {block}/{file}"
                    );
                }
                assert!(read(format!("{prefix}/{block}/{DONE}")).await.is_empty(), "{bucket}");
            }
        }
    }

    #[test]
    fn places_that_are_none_are_refused_with_what_is_expected() {
        let words =
            |text: &str| text.parse::<CopyTo>().map_or_else(|error| error.to_string(), |_| String::new());
        assert_eq!(words("file:///tmp/x"), "");
        for text in ["/tmp", "file://host/x", "http://x", ""] {
            assert!(words(text).starts_with("expected file:///folder, s3://"), "{text}");
        }
        #[cfg(not(feature = "cloud"))]
        assert!(words("s3://bucket/x").contains("feature `cloud`"));
    }
}
