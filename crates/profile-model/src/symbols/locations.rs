use super::{Line, Location, LocationId, MappingId, index::Index};

/// Distinct locations, their lines end to end in one list.
#[derive(Clone, Debug, Default)]
pub(crate) struct Locations {
    heads: Vec<Head>,
    lines: Vec<Line>,
    index: Index,
}

#[derive(Clone, Copy, Debug)]
struct Head {
    mapping: Option<MappingId>,
    address: u64,
    /// The lines run from where the entry before ends to here.
    lines_end: usize,
    is_folded: bool,
}

impl Locations {
    pub(crate) fn intern(&mut self, location: Location<'_>) -> LocationId {
        let Self { heads, lines, index } = self;
        let (at, new) = index.find_or_append(location, heads.len(), |at| entry(heads, lines, at));
        if new {
            let Location { mapping, address, is_folded, .. } = location;
            lines.extend_from_slice(location.lines);
            heads.push(Head { mapping, address, lines_end: lines.len(), is_folded });
        }
        LocationId::at(at)
    }

    pub(crate) fn reserve(&mut self, more: usize, lines: usize) {
        self.heads.reserve(more);
        self.lines.reserve(lines);
        self.index.reserve(more);
    }

    pub(crate) fn get(&self, id: LocationId) -> Location<'_> {
        entry(&self.heads, &self.lines, id.index())
    }

    pub(crate) fn len(&self) -> usize {
        self.heads.len()
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.heads.capacity() * size_of::<Head>()
            + self.lines.capacity() * size_of::<Line>()
            + self.index.heap_bytes()
    }
}

fn entry<'a>(heads: &[Head], lines: &'a [Line], at: usize) -> Location<'a> {
    let start = if at == 0 { 0 } else { heads[at - 1].lines_end };
    let Head { mapping, address, lines_end, is_folded } = heads[at];
    Location { mapping, address, is_folded, lines: &lines[start..lines_end] }
}
