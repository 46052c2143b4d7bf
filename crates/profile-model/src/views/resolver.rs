use hashbrown::HashMap;

use super::{calls::Calls, key::FrameKey};
use crate::{Frame, LocationId, Symbols};

/// Which row of a table each frame of each location belongs to, worked out once per location.
pub(super) struct Resolver<'a> {
    symbols: &'a Symbols,
    calls: Calls,
    rows: HashMap<FrameKey, usize, foldhash::fast::RandomState>,
    /// For each row, the location and line it was seen at first.
    origins: Vec<(LocationId, usize)>,
    /// The rows of each location, innermost line first, once it was seen.
    by_location: Vec<Option<Box<[usize]>>>,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(symbols: &'a Symbols, calls: Calls) -> Self {
        Self { symbols, calls, rows: HashMap::default(), origins: Vec::new(), by_location: Vec::new() }
    }

    /// The rows of a location's frames, innermost first; new ones are counted on from the last.
    pub(super) fn rows(&mut self, location: LocationId) -> &[usize] {
        let at = location.index();
        if at >= self.by_location.len() {
            self.by_location.resize(at + 1, None);
        }
        if self.by_location[at].is_none() {
            let limit = if self.calls == Calls::Innermost { 1 } else { usize::MAX };
            let frames = self.symbols.frames_at(location).take(limit).enumerate();
            let rows = frames.map(|(line, frame)| self.row(line, &frame)).collect();
            self.by_location[at] = Some(rows);
        }
        self.by_location[at].as_deref().unwrap_or_default()
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.origins.len()
    }

    /// Where each row was seen first.
    pub(super) fn into_origins(self) -> Vec<(LocationId, usize)> {
        self.origins
    }

    fn row(&mut self, line: usize, frame: &Frame<'_>) -> usize {
        *self.rows.entry(FrameKey::of(self.symbols, frame)).or_insert_with(|| {
            self.origins.push((frame.location, line));
            self.origins.len() - 1
        })
    }
}
