//! The files and folders of a simulated disk: each as it is, and as it was last synced.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Component, Path};
use std::sync::{Arc, Mutex, PoisonError};

use crate::Entry;

/// What a disk writes in one piece.
const SECTOR: usize = 512;

#[derive(Clone, Debug)]
pub(super) enum Node {
    File(Arc<Mutex<File>>),
    Folder(Arc<Mutex<Folder>>),
}

#[derive(Clone, Debug, Default)]
pub(super) struct File {
    pub(super) now: Vec<u8>,
    pub(super) synced: Vec<u8>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Folder {
    now: BTreeMap<OsString, Node>,
    synced: BTreeMap<OsString, Node>,
}

#[derive(Debug)]
pub(super) struct Tree {
    pub(super) root: Node,
    pub(super) capacity: Option<u64>,
}

impl Default for Tree {
    fn default() -> Self {
        Self { root: Node::folder(), capacity: None }
    }
}

impl Node {
    fn folder() -> Self {
        Self::Folder(Arc::default())
    }

    fn in_folder<T>(&self, read: impl FnOnce(&mut Folder) -> T) -> io::Result<T> {
        match self {
            Self::Folder(folder) => Ok(read(&mut folder.lock().unwrap_or_else(PoisonError::into_inner))),
            Self::File(_) => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    fn child(&self, name: &OsStr) -> io::Result<Self> {
        self.in_folder(|folder| folder.now.get(name).cloned())?.ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    pub(super) fn bytes(&self) -> u64 {
        match self {
            Self::File(file) => file.lock().unwrap_or_else(PoisonError::into_inner).now.len() as u64,
            Self::Folder(folder) => {
                let folder = folder.lock().unwrap_or_else(PoisonError::into_inner);
                folder.now.values().map(Self::bytes).sum()
            }
        }
    }

    fn after_power_cut(&self, random: &mut Random) -> Self {
        match self {
            Self::File(file) => {
                let kept = file.lock().unwrap_or_else(PoisonError::into_inner).after_power_cut(random);
                Self::File(Arc::new(Mutex::new(File { now: kept.clone(), synced: kept })))
            }
            Self::Folder(folder) => {
                let folder = folder.lock().unwrap_or_else(PoisonError::into_inner);
                let kept = folder.after_power_cut(random);
                Self::Folder(Arc::new(Mutex::new(Folder { now: kept.clone(), synced: kept })))
            }
        }
    }
}

impl File {
    fn after_power_cut(&self, random: &mut Random) -> Vec<u8> {
        let (now, synced) = (&self.now, &self.synced);
        let (short, long) = (now.len().min(synced.len()), now.len().max(synced.len()));
        let len = match random.below(3) {
            0 => now.len(),
            1 => synced.len(),
            _ => short + random.below(long - short + 1),
        };
        let mut kept = vec![0; len];
        for (index, sector) in kept.chunks_mut(SECTOR).enumerate() {
            let from = if random.below(2) == 0 { now } else { synced };
            let start = (index * SECTOR).min(from.len());
            let end = (start + sector.len()).min(from.len());
            sector[..end - start].copy_from_slice(&from[start..end]);
        }
        kept
    }
}

impl Folder {
    fn after_power_cut(&self, random: &mut Random) -> BTreeMap<OsString, Node> {
        let names: BTreeSet<&OsString> = self.now.keys().chain(self.synced.keys()).collect();
        let mut kept = BTreeMap::new();
        for name in names {
            let from = if random.below(2) == 0 { &self.now } else { &self.synced };
            if let Some(node) = from.get(name) {
                kept.insert(name.clone(), node.after_power_cut(random));
            }
        }
        kept
    }
}

impl Tree {
    pub(super) fn find(&self, path: &Path) -> io::Result<Node> {
        names(path).try_fold(self.root.clone(), |node, name| node.child(name))
    }

    pub(super) fn put(&mut self, path: &Path, node: Node) -> io::Result<()> {
        let (parent, name) = self.parent(path)?;
        parent.in_folder(|folder| folder.now.insert(name, node)).map(drop)
    }

    pub(super) fn remove(&mut self, path: &Path) -> io::Result<Option<Node>> {
        let (parent, name) = self.parent(path)?;
        parent.in_folder(|folder| folder.now.remove(&name))
    }

    pub(super) fn make_folders(&mut self, path: &Path) -> io::Result<()> {
        let mut node = self.root.clone();
        for name in names(path) {
            node = node
                .in_folder(|folder| folder.now.entry(name.to_owned()).or_insert_with(Node::folder).clone())?;
        }
        node.in_folder(|_| ())
    }

    pub(super) fn list(&self, path: &Path) -> io::Result<Vec<Entry>> {
        self.find(path)?.in_folder(|folder| {
            let entry = |(name, node): (&OsString, &Node)| Entry {
                name: name.clone(),
                is_folder: matches!(node, Node::Folder(_)),
                bytes: if matches!(node, Node::File(_)) { node.bytes() } else { 0 },
            };
            folder.now.iter().map(entry).collect()
        })
    }

    pub(super) fn sync_folder(&mut self, path: &Path) -> io::Result<()> {
        self.find(path)?.in_folder(|folder| folder.synced = folder.now.clone())
    }

    pub(super) fn after_power_cut(&self, seed: u64) -> Self {
        Self { root: self.root.after_power_cut(&mut Random(seed)), capacity: self.capacity }
    }

    fn parent(&self, path: &Path) -> io::Result<(Node, OsString)> {
        let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        Ok((self.find(path.parent().unwrap_or(Path::new("")))?, name.to_owned()))
    }
}

fn names(path: &Path) -> impl Iterator<Item = &OsStr> {
    path.components().filter_map(|component| match component {
        Component::Normal(name) => Some(name),
        _ => None,
    })
}

/// SplitMix64: small, and the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % limit as u64) as usize
    }
}
