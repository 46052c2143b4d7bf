//! What a question sees: the parts of the store at one moment.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};

use hashbrown::HashSet;
use pql::ProfileType;
use profile_model::Labels;

use crate::memory::MemoryPart;
use crate::merge::{Collector, Merge, Merged, ProfileSum};
use crate::model::{Extent, Filter, Span};
use crate::sealed::{Block, ReadError};
use crate::stop::Stop;

/// A part of the store. Only the youngest one in memory still grows.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    Memory(Arc<RwLock<MemoryPart>>),
    Sealed(Arc<Block>),
}

/// All parts at one moment. Holds no lock; reading one part keeps nobody from writing to another.
#[derive(Clone, Debug)]
pub struct View {
    pub(crate) parts: Vec<Part>,
    stop: Stop,
}

impl View {
    pub(crate) fn of(parts: Vec<Part>) -> Self {
        Self { parts, stop: Stop::default() }
    }

    /// A view of which `stop` ends the reading, between one series and the next.
    #[must_use]
    pub fn until(self, stop: Stop) -> Self {
        Self { stop, ..self }
    }

    /// What ends the reading.
    pub fn stop(&self) -> &Stop {
        &self.stop
    }

    /// Sums rows by stack and group; nothing where no profile is selected.
    ///
    /// # Errors
    /// A part on disk cannot be read.
    pub fn merge(&self, ask: &Merge) -> Result<Option<Merged>, ReadError> {
        let mut collector = Collector::default();
        for part in self.stop.before(&self.parts) {
            match part {
                Part::Memory(part) => read(part).merge(ask, &mut collector, &self.stop),
                Part::Sealed(block) => block.merge(ask, &mut collector, &self.stop)?,
            }
        }
        Ok(collector.finish())
    }

    /// Calls back with labels and profiles of each selected series, part by part: a series may come more
    /// than once.
    ///
    /// # Errors
    /// A part on disk cannot be read.
    pub fn sums(
        &self,
        filter: &Filter,
        span: Span,
        mut each: impl FnMut(&Labels, &[ProfileSum]),
    ) -> Result<(), ReadError> {
        for part in self.stop.before(&self.parts) {
            match part {
                Part::Memory(part) => read(part).sums(filter, span, &mut each, &self.stop),
                Part::Sealed(block) => block.sums(filter, span, &mut each, &self.stop)?,
            }
        }
        Ok(())
    }

    /// The profile types that have a profile in the span; each with and without `delta` as stored.
    ///
    /// # Errors
    /// A part on disk cannot be read.
    pub fn profile_types(&self, span: Span) -> Result<BTreeSet<ProfileType>, ReadError> {
        let mut found = BTreeSet::new();
        let mut add = |key: &crate::TypeKey, delta: bool| {
            found.insert(key.profile_type(delta));
        };
        for part in self.stop.before(&self.parts) {
            match part {
                Part::Memory(part) => read(part).types(span, &mut add),
                Part::Sealed(block) => block.types(span, &mut add)?,
            }
        }
        Ok(found)
    }

    /// The label sets of all series with a selected profile, each once, in no order.
    ///
    /// # Errors
    /// A part on disk cannot be read.
    pub fn label_sets(&self, filter: &Filter, span: Span) -> Result<Vec<Arc<Labels>>, ReadError> {
        let mut found: HashSet<Arc<Labels>, foldhash::fast::RandomState> = HashSet::default();
        let mut add = |labels: &Arc<Labels>| {
            if !found.contains(labels) {
                found.insert(Arc::clone(labels));
            }
        };
        for part in self.stop.before(&self.parts) {
            match part {
                Part::Memory(part) => read(part).labels(filter, span, &mut add, &self.stop),
                Part::Sealed(block) => block.labels(filter, span, &mut add, &self.stop)?,
            }
        }
        Ok(found.into_iter().collect())
    }

    /// The times of the first and the last profile, in nanoseconds since 1970; nothing where there is none.
    pub fn extent(&self) -> Option<(i64, i64)> {
        let mut whole = Extent::EMPTY;
        for part in &self.parts {
            whole.join(match part {
                Part::Memory(part) => read(part).extent(),
                Part::Sealed(block) => block.summary.extent(),
            });
        }
        (!whole.is_empty()).then_some((whole.first, whole.last))
    }

    /// Whether there is any profile.
    pub fn has_data(&self) -> bool {
        self.parts.iter().any(|part| match part {
            Part::Memory(part) => !read(part).is_empty(),
            Part::Sealed(_) => true,
        })
    }
}

pub(crate) fn read(part: &RwLock<MemoryPart>) -> std::sync::RwLockReadGuard<'_, MemoryPart> {
    part.read().unwrap_or_else(PoisonError::into_inner)
}
