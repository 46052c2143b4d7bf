//! What a question sees: the parts of the store at one moment.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use hashbrown::HashSet;
use pql::ProfileType;
use profile_model::Labels;

use crate::memory::MemoryPart;
use crate::merge::{Collector, Merge, Merged, ProfileSum};
use crate::model::{Extent, Filter, Span, TypeKey};
use crate::stop::Stop;

/// Why a part on disk could not be read.
#[derive(Debug, thiserror::Error)]
#[error("block {block} cannot be read: {reason}")]
#[non_exhaustive]
pub struct ReadError {
    /// The block's number.
    pub block: u64,
    /// What is wrong with it.
    pub reason: String,
}

/// A part of the store: profiles with symbols of their own. Only the youngest one in memory still grows.
pub(crate) trait Part: fmt::Debug + Send + Sync {
    /// Adds the rows that are asked for to those of other parts. As the other readings it ends early when told to stop.
    fn merge(&self, ask: &Merge, into: &mut Collector, stop: &Stop) -> Result<(), ReadError>;

    /// Calls back with the profiles of each series that is selected, sums without stacks.
    fn sums(
        &self,
        filter: &Filter,
        span: Span,
        each: &mut dyn FnMut(&Labels, &[ProfileSum]),
        stop: &Stop,
    ) -> Result<(), ReadError>;

    /// Calls back with each type that has a profile in the span and whether it is a delta.
    fn types(&self, span: Span, each: &mut dyn FnMut(&TypeKey, bool)) -> Result<(), ReadError>;

    /// Calls back with the labels of each series that has a selected profile.
    fn labels(
        &self,
        filter: &Filter,
        span: Span,
        each: &mut dyn FnMut(&Arc<Labels>),
        stop: &Stop,
    ) -> Result<(), ReadError>;

    /// From the first profile to the last; empty where there is none.
    fn extent(&self) -> Extent;
}

/// A part in memory is locked by whoever reads it: others may read, too.
impl Part for RwLock<MemoryPart> {
    fn merge(&self, ask: &Merge, into: &mut Collector, stop: &Stop) -> Result<(), ReadError> {
        read(self).merge(ask, into, stop);
        Ok(())
    }

    fn sums(
        &self,
        filter: &Filter,
        span: Span,
        each: &mut dyn FnMut(&Labels, &[ProfileSum]),
        stop: &Stop,
    ) -> Result<(), ReadError> {
        read(self).sums(filter, span, each, stop);
        Ok(())
    }

    fn types(&self, span: Span, each: &mut dyn FnMut(&TypeKey, bool)) -> Result<(), ReadError> {
        read(self).types(span, each);
        Ok(())
    }

    fn labels(
        &self,
        filter: &Filter,
        span: Span,
        each: &mut dyn FnMut(&Arc<Labels>),
        stop: &Stop,
    ) -> Result<(), ReadError> {
        read(self).labels(filter, span, each, stop);
        Ok(())
    }

    fn extent(&self) -> Extent {
        read(self).extent()
    }
}

/// All parts at one moment. Holds no lock; reading one part keeps nobody from writing to another.
#[derive(Clone, Debug)]
pub struct View {
    pub(crate) parts: Vec<Arc<dyn Part>>,
    stop: Stop,
}

impl View {
    pub(crate) fn of(parts: Vec<Arc<dyn Part>>) -> Self {
        Self { parts, stop: Stop::default() }
    }

    /// A view of which `stop` ends the reading, between one profile and the next in memory, one series and the next on disk.
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
        self.collect(ask, false)
    }

    /// As [`merge`](Self::merge), but profiles that started at different times are in groups of their own; see
    /// [`Merged::times`].
    ///
    /// # Errors
    /// A part on disk cannot be read.
    pub fn merge_by_time(&self, ask: &Merge) -> Result<Option<Merged>, ReadError> {
        self.collect(ask, true)
    }

    fn collect(&self, ask: &Merge, by_time: bool) -> Result<Option<Merged>, ReadError> {
        let mut collector = Collector::new(by_time);
        for part in self.stop.before(&self.parts) {
            part.merge(ask, &mut collector, &self.stop)?;
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
            part.sums(filter, span, &mut each, &self.stop)?;
        }
        Ok(())
    }

    /// The profile types that have a profile in the span; each with and without `delta` as stored.
    ///
    /// # Errors
    /// A part on disk cannot be read.
    pub fn profile_types(&self, span: Span) -> Result<BTreeSet<ProfileType>, ReadError> {
        let mut found = BTreeSet::new();
        let mut add = |key: &TypeKey, delta: bool| {
            found.insert(key.profile_type(delta));
        };
        for part in self.stop.before(&self.parts) {
            part.types(span, &mut add)?;
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
            part.labels(filter, span, &mut add, &self.stop)?;
        }
        Ok(found.into_iter().collect())
    }

    /// The times of the first and the last profile, in nanoseconds since 1970; nothing where there is none.
    pub fn extent(&self) -> Option<(i64, i64)> {
        let mut whole = Extent::EMPTY;
        for part in &self.parts {
            whole.join(part.extent());
        }
        (!whole.is_empty()).then_some((whole.first, whole.last))
    }

    /// Whether there is any profile.
    pub fn has_data(&self) -> bool {
        self.parts.iter().any(|part| !part.extent().is_empty())
    }
}

pub(crate) fn read(part: &RwLock<MemoryPart>) -> RwLockReadGuard<'_, MemoryPart> {
    part.read().unwrap_or_else(PoisonError::into_inner)
}
