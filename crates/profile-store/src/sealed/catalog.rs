//! The series of a block.

use profile_model::Labels;

use super::codec::{Reader, Writer};
use crate::index::Index;
use crate::model::{Extent, Extents, TypeKey};

/// One series of a block: its profiles and rows are at these places, in the order of the block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) extents: Extents,
    /// The period that all of its profiles have.
    pub(crate) period: Option<i64>,
    pub(crate) first_profile: u64,
    pub(crate) profiles: u64,
    pub(crate) first_row: u64,
    pub(crate) rows: u64,
}

/// All series, sorted by type and labels; found by an [`Index`].
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    pub(crate) index: Index,
    pub(crate) entries: Vec<Entry>,
}

impl Catalog {
    /// Adds a series behind the others.
    pub(crate) fn push(&mut self, key: &TypeKey, labels: &Labels, entry: Entry) {
        let (of_type, set) = (self.index.type_id(key), self.index.set_id(labels));
        self.index.series_id(of_type, set);
        self.index.note_all(of_type, entry.extents);
        self.entries.push(entry);
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.index.heap_bytes() + self.entries.capacity() * size_of::<Entry>()
    }

    pub(crate) fn write(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.len(self.index.types().len());
        self.index.types().for_each(|(key, _)| write_key(&mut out, key));
        out.len(self.index.sets().len());
        self.index.sets().iter().for_each(|set| write_labels(&mut out, set));
        out.len(self.entries.len());
        for (entry, (of_type, set)) in self.entries.iter().zip(self.index.places()) {
            out.number((*of_type).into());
            out.number((*set).into());
            write_extents(&mut out, entry.extents);
            out.number(entry.period.is_some().into());
            entry.period.iter().for_each(|period| out.signed(*period));
            out.number(entry.profiles);
            out.number(entry.rows);
        }
        out.bytes
    }

    /// The catalog; nothing where the bytes are none.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let mut input = Reader::new(bytes);
        let keys = (0..input.len()?).map(|_| read_key(&mut input)).collect::<Option<Vec<TypeKey>>>()?;
        let sets = (0..input.len()?).map(|_| read_labels(&mut input)).collect::<Option<Vec<Labels>>>()?;
        let mut catalog = Self::default();
        let (mut first_profile, mut first_row) = (0_u64, 0_u64);
        for _ in 0..input.len()? {
            let (key, set) = (keys.get(input.small()? as usize)?, sets.get(input.small()? as usize)?);
            let extents = read_extents(&mut input)?;
            let period = if input.number()? == 1 { Some(input.signed()?) } else { None };
            let (profiles, rows) = (input.number()?, input.number()?);
            catalog.push(key, set, Entry { extents, period, first_profile, profiles, first_row, rows });
            first_profile = first_profile.checked_add(profiles)?;
            first_row = first_row.checked_add(rows)?;
        }
        // A series that comes twice would be found once.
        (input.is_empty() && catalog.index.len() == catalog.entries.len()).then_some(catalog)
    }
}

pub(crate) fn write_key(out: &mut Writer, key: &TypeKey) {
    let texts = [&key.name, &key.sample.0, &key.sample.1, &key.period.0, &key.period.1];
    texts.iter().for_each(|text| out.text(text));
}

pub(crate) fn read_key(input: &mut Reader<'_>) -> Option<TypeKey> {
    let mut text = || input.text().map(str::to_owned);
    Some(TypeKey { name: text()?, sample: (text()?, text()?), period: (text()?, text()?) })
}

pub(crate) fn write_labels(out: &mut Writer, labels: &Labels) {
    out.len(labels.len());
    for (name, value) in labels.iter() {
        out.text(name);
        out.text(value);
    }
}

pub(crate) fn read_labels(input: &mut Reader<'_>) -> Option<Labels> {
    (0..input.len()?).map(|_| Some((input.text()?, input.text()?))).collect()
}

pub(crate) fn write_extents(out: &mut Writer, extents: Extents) {
    for extent in extents.0 {
        out.number((!extent.is_empty()).into());
        if !extent.is_empty() {
            out.signed(extent.first);
            out.number(extent.last.wrapping_sub(extent.first).cast_unsigned());
        }
    }
}

pub(crate) fn read_extents(input: &mut Reader<'_>) -> Option<Extents> {
    let mut extents = Extents::EMPTY;
    for extent in &mut extents.0 {
        if input.number()? == 1 {
            let first = input.signed()?;
            *extent = Extent { first, last: first.wrapping_add(input.number()?.cast_signed()) };
        }
    }
    Some(extents)
}
