use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// What a call is recorded under: an operation and label pairs in a fixed order.
///
/// Clones share one allocation, and the hash is computed once: workloads do well to keep their keys.
#[derive(Clone, Debug)]
pub struct SeriesKey(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    op: &'static str,
    labels: Box<[(&'static str, String)]>,
    hash: u64,
}

impl SeriesKey {
    /// The order of the labels counts: keep it the same for one operation.
    pub fn new<V: Into<String>>(
        op: &'static str,
        labels: impl IntoIterator<Item = (&'static str, V)>,
    ) -> Self {
        let labels: Box<[_]> = labels.into_iter().map(|(name, value)| (name, value.into())).collect();
        let mut hasher = DefaultHasher::new();
        (op, &labels).hash(&mut hasher);
        Self(Arc::new(Inner { op, labels, hash: hasher.finish() }))
    }

    /// The key of all series beyond the plan's `max_series`: operation `other`, no labels.
    pub fn other() -> Self {
        Self::new("other", [] as [(&'static str, String); 0])
    }

    /// The operation.
    pub fn op(&self) -> &'static str {
        self.0.op
    }

    /// The labels, without the code.
    pub fn labels(&self) -> &[(&'static str, String)] {
        &self.0.labels
    }
}

impl PartialEq for SeriesKey {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
            || (self.0.hash == other.0.hash && self.0.op == other.0.op && self.0.labels == other.0.labels)
    }
}

impl Eq for SeriesKey {}

impl Hash for SeriesKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0.hash);
    }
}

/// Takes the hash that a [`SeriesKey`] brings along.
#[derive(Default)]
pub(crate) struct Passthrough(u64);

impl Hasher for Passthrough {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

type CodesByKey = HashMap<SeriesKey, Vec<(&'static str, SeriesId)>, BuildHasherDefault<Passthrough>>;

/// A key with a code, as a small number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SeriesId(pub(crate) usize);

/// Ids for keys; shared by the workers of a run and asked once per key and worker.
#[derive(Debug, Default)]
pub(crate) struct Interner {
    known: CodesByKey,
    count: usize,
    limit: usize,
    /// Codes of calls beyond the limit; codes are static text, so there are few.
    beyond: Vec<(&'static str, SeriesId)>,
}

/// An id, and whether it stands for its own key or for `other`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interned {
    Own(SeriesId),
    Other(SeriesId),
}

impl Interner {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, ..Self::default() }
    }

    pub(crate) fn intern(&mut self, key: &SeriesKey, code: &'static str) -> Interned {
        if let Some(id) = find(self.known.get(key).map_or(&[], Vec::as_slice), code) {
            return Interned::Own(id);
        }
        let own = self.count - self.beyond.len() < self.limit;
        if !own && let Some(id) = find(&self.beyond, code) {
            return Interned::Other(id);
        }
        let id = SeriesId(self.count);
        self.count += 1;
        if own {
            self.known.entry(key.clone()).or_default().push((code, id));
            Interned::Own(id)
        } else {
            self.beyond.push((code, id));
            Interned::Other(id)
        }
    }
}

/// One worker's memory of the ids it was given. Keys counted as `other` are not kept, so it is
/// as bounded as the interner.
#[derive(Debug, Default)]
pub(crate) struct Known(CodesByKey);

impl Known {
    pub(crate) fn get(&self, key: &SeriesKey, code: &'static str) -> Option<SeriesId> {
        find(self.0.get(key)?, code)
    }

    pub(crate) fn keep(&mut self, key: &SeriesKey, code: &'static str, id: SeriesId) {
        self.0.entry(key.clone()).or_default().push((code, id));
    }
}

fn find(codes: &[(&'static str, SeriesId)], code: &'static str) -> Option<SeriesId> {
    codes.iter().find(|(known, _)| std::ptr::eq(*known, code) || *known == code).map(|&(_, id)| id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_equal_by_content() {
        let key = |value: &str| SeriesKey::new("op", [("label", value)]);
        assert_eq!(key("a"), key("a"));
        assert_ne!(key("a"), key("b"));
        assert_ne!(key("a"), SeriesKey::new("other", [("label", "a")]));
    }

    #[test]
    fn keys_beyond_the_limit_share_an_id_per_code() {
        let mut interner = Interner::new(2);
        let key = |value: u32| SeriesKey::new("op", [("label", value.to_string())]);
        let first = interner.intern(&key(0), "ok");
        assert_eq!(interner.intern(&key(0), "ok"), first);
        assert_ne!(interner.intern(&key(0), "bad"), first);
        let beyond = interner.intern(&key(1), "ok");
        assert!(matches!(beyond, Interned::Other(_)));
        assert_eq!(interner.intern(&key(2), "ok"), beyond);
        assert_ne!(interner.intern(&key(2), "bad"), beyond);
        assert_eq!(interner.intern(&key(0), "ok"), first);
    }
}
