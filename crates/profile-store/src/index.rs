//! Series by type and labels: found without walking them.

use std::sync::Arc;

use hashbrown::{Equivalent, HashMap};
use profile_model::Labels;

use crate::model::{Extents, Filter, TypeKey};

type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// Which series a part has. A series is a type with a label set; each is known by its position.
#[derive(Debug, Default)]
pub(crate) struct Index {
    types: Vec<OneType>,
    type_ids: Map<Arc<TypeKey>, u32>,
    sets: Vec<Arc<Labels>>,
    set_ids: Map<Arc<Labels>, u32>,
    /// Label sets by name and value.
    postings: Map<(Box<str>, Box<str>), Vec<u32>>,
    /// Type and label set of each series.
    series: Vec<(u32, u32)>,
    bytes: usize,
}

#[derive(Debug)]
struct OneType {
    key: Arc<TypeKey>,
    /// The series of each label set that has one.
    series: Map<u32, u32>,
    extents: Extents,
}

/// The pairs of a label set; hashed as the set.
#[derive(Hash)]
struct Pairs<'a>(&'a [(&'a str, &'a str)]);

impl Equivalent<Arc<Labels>> for Pairs<'_> {
    fn equivalent(&self, labels: &Arc<Labels>) -> bool {
        labels.iter().eq(self.0.iter().copied())
    }
}

/// What a hash map takes for an entry beside the entry, on average.
const SLOT: usize = 16;

impl Index {
    pub(crate) fn type_id(&mut self, key: &TypeKey) -> u32 {
        if let Some(known) = self.type_ids.get(key) {
            return *known;
        }
        let (id, key) = (position(self.types.len()), Arc::new(key.clone()));
        self.bytes += size_of::<OneType>() + size_of::<TypeKey>() + key.heap_bytes() + SLOT;
        self.type_ids.insert(Arc::clone(&key), id);
        self.types.push(OneType { key, series: Map::default(), extents: Extents::EMPTY });
        id
    }

    pub(crate) fn set_id(&mut self, labels: &Labels) -> u32 {
        match self.set_ids.get(labels) {
            Some(known) => *known,
            None => self.add_set(labels.clone()),
        }
    }

    /// As [`set_id`](Self::set_id), for names and values in order of the names: of a set that is known no copy is made.
    pub(crate) fn set_id_of<'a>(&mut self, pairs: impl Iterator<Item = (&'a str, &'a str)>) -> u32 {
        let pairs: Vec<(&str, &str)> = pairs.collect();
        match self.set_ids.get(&Pairs(&pairs)) {
            Some(known) => *known,
            None => self.add_set(pairs.into_iter().collect()),
        }
    }

    fn add_set(&mut self, labels: Labels) -> u32 {
        let (id, labels) = (position(self.sets.len()), Arc::new(labels));
        for (name, value) in labels.iter() {
            let posting = self.postings.entry((name.into(), value.into())).or_insert_with(|| {
                self.bytes += size_of::<(Box<str>, Box<str>, Vec<u32>)>() + name.len() + value.len() + SLOT;
                Vec::new()
            });
            posting.push(id);
            self.bytes += 2 * size_of::<u32>();
        }
        self.bytes += labels.heap_bytes() + 2 * size_of::<Arc<Labels>>() + SLOT;
        self.set_ids.insert(Arc::clone(&labels), id);
        self.sets.push(labels);
        id
    }

    /// The series of a type and a label set, and whether it is new.
    pub(crate) fn series_id(&mut self, of_type: u32, set: u32) -> (u32, bool) {
        let next = position(self.series.len());
        let id = *self.types[of_type as usize].series.entry(set).or_insert(next);
        if id == next {
            self.series.push((of_type, set));
            self.bytes += size_of::<(u32, u32)>() * 2 + SLOT;
        }
        (id, id == next)
    }

    pub(crate) fn note(&mut self, of_type: u32, time_nanos: i64, duration_nanos: i64) {
        self.types[of_type as usize].extents.add(time_nanos, duration_nanos);
    }

    pub(crate) fn note_all(&mut self, of_type: u32, extents: Extents) {
        self.types[of_type as usize].extents.join(extents);
    }

    /// Type and label set of each series.
    pub(crate) fn places(&self) -> &[(u32, u32)] {
        &self.series
    }

    /// All label sets.
    pub(crate) fn sets(&self) -> &[Arc<Labels>] {
        &self.sets
    }

    pub(crate) fn key(&self, series: u32) -> &Arc<TypeKey> {
        &self.types[self.series[series as usize].0 as usize].key
    }

    pub(crate) fn len(&self) -> usize {
        self.series.len()
    }

    pub(crate) fn labels(&self, series: u32) -> &Arc<Labels> {
        &self.sets[self.series[series as usize].1 as usize]
    }

    /// The types with what is known of their times.
    pub(crate) fn types(&self) -> impl ExactSizeIterator<Item = (&Arc<TypeKey>, Extents)> {
        self.types.iter().map(|of| (&of.key, of.extents))
    }

    /// All series of a type, in no order.
    pub(crate) fn of_type(&self, of_type: u32) -> impl Iterator<Item = u32> {
        self.types[of_type as usize].series.values().copied()
    }

    /// All series with their type.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&Arc<TypeKey>, &Arc<Labels>)> {
        self.series.iter().map(|(of, set)| (&self.types[*of as usize].key, &self.sets[*set as usize]))
    }

    /// The series that a filter takes, in the order they came.
    pub(crate) fn select(&self, filter: &Filter) -> Vec<u32> {
        let mut found = Vec::new();
        let types: Vec<&OneType> = match filter.type_key() {
            Some(key) => self.type_ids.get(key).map(|id| &self.types[*id as usize]).into_iter().collect(),
            None => self.types.iter().collect(),
        };
        if types.is_empty() {
            return found;
        }
        let mut take = |set: u32| {
            if filter.takes_labels(&self.sets[set as usize]) {
                found.extend(types.iter().filter_map(|of| of.series.get(&set)));
            }
        };
        match self.narrowest(filter) {
            Some(sets) => sets.iter().copied().for_each(&mut take),
            None if types.len() == 1 => types[0].series.keys().copied().for_each(&mut take),
            None => (0..position(self.sets.len())).for_each(&mut take),
        }
        found.sort_unstable();
        found
    }

    /// The shortest list of label sets that holds all that the filter takes, if it names a label.
    fn narrowest(&self, filter: &Filter) -> Option<&[u32]> {
        let postings = filter.required_labels().iter().map(|(name, value)| {
            let key = (name.as_str().into(), value.as_str().into());
            self.postings.get::<(Box<str>, Box<str>)>(&key).map_or(&[][..], Vec::as_slice)
        });
        postings.min_by_key(|sets| sets.len())
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.bytes
    }
}

fn position(len: usize) -> u32 {
    u32::try_from(len).expect("the memory limit is reached long before 2^32 series")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_found_by_its_pairs() {
        let mut index = Index::default();
        let pairs = [("a", "x"), ("b", ""), ("c", "yz")];
        for count in 0..=pairs.len() {
            let labels: Labels = pairs[..count].iter().copied().collect();
            let id = index.set_id(&labels);
            assert_eq!(index.set_id_of(pairs[..count].iter().copied()), id);
        }
        let new = index.set_id_of([("a", "y")].into_iter());
        assert_eq!(index.set_id(&[("a", "y")].into_iter().collect()), new);
        assert_eq!(index.sets().len(), 5);
    }
}
