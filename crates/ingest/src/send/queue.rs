use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use super::batch::{Batch, QueueError, fitting};
use super::record::Record;
use super::settings::StoreSettings;
use super::spool::{Spool, SpoolError};

/// Where profiles wait, oldest first.
#[derive(Clone)]
pub(super) enum Queue {
    Memory(Arc<Memory>),
    Disk(Spool),
}

/// Profiles in memory.
pub(super) struct Memory {
    state: Mutex<State>,
    changed: Notify,
    max_bytes: usize,
}

#[derive(Default)]
struct State {
    records: VecDeque<Record>,
    bytes: usize,
}

impl Queue {
    /// The queue of a store.
    pub(super) fn open(settings: &StoreSettings) -> Result<Self, SpoolError> {
        match &settings.spool {
            Some(spool) => Spool::open(spool, settings.batch_profiles).map(Self::Disk),
            None => Ok(Self::Memory(Arc::new(Memory {
                state: Mutex::default(),
                changed: Notify::new(),
                max_bytes: settings.queue_bytes,
            }))),
        }
    }

    /// Takes a profile; from then on it is promised.
    pub(super) async fn push(&self, record: Record) -> Result<(), QueueError> {
        match self {
            Self::Memory(memory) => memory.push(record),
            Self::Disk(spool) => spool.push(record).await,
        }
    }

    /// Waits until a profile waits.
    pub(super) async fn some(&self) {
        match self {
            Self::Memory(memory) => memory.some().await,
            Self::Disk(spool) => spool.some().await,
        }
    }

    /// Waits for profiles, and gives the oldest without taking them away.
    pub(super) async fn next(&self, most: usize, most_bytes: usize) -> Batch {
        match self {
            Self::Memory(memory) => memory.next(most, most_bytes).await,
            Self::Disk(spool) => spool.next(most, most_bytes).await,
        }
    }

    /// Takes the oldest away.
    pub(super) async fn done(&self, places: u64) {
        match self {
            Self::Memory(memory) => memory.done(places),
            Self::Disk(spool) => spool.done(places).await,
        }
    }

    /// How many profiles and bytes wait.
    pub(super) fn waiting(&self) -> (u64, u64) {
        match self {
            Self::Memory(memory) => {
                let state = memory.lock();
                (state.records.len() as u64, state.bytes as u64)
            }
            Self::Disk(spool) => spool.waiting(),
        }
    }
}

impl Memory {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, record: Record) -> Result<(), QueueError> {
        let mut state = self.lock();
        let bytes = record.bytes();
        // One profile always fits, however large it is.
        if state.bytes + bytes > self.max_bytes && !state.records.is_empty() {
            return Err(QueueError::Full(state.bytes as u64, self.max_bytes as u64));
        }
        state.bytes += bytes;
        state.records.push_back(record);
        self.changed.notify_one();
        Ok(())
    }

    async fn some(&self) {
        loop {
            let changed = self.changed.notified();
            if !self.lock().records.is_empty() {
                return;
            }
            changed.await;
        }
    }

    async fn next(&self, most: usize, most_bytes: usize) -> Batch {
        self.some().await;
        let records = fitting(self.lock().records.iter(), most, most_bytes);
        Batch { places: records.len() as u64, records, is_unsure: false }
    }

    fn done(&self, places: u64) {
        let mut state = self.lock();
        for _ in 0..places {
            if let Some(record) = state.records.pop_front() {
                state.bytes -= record.bytes();
            }
        }
    }
}
