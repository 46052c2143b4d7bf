//! Batches that wait in memory.

use std::collections::VecDeque;

use tokio::time::Instant;

use crate::batch::{Batch, BatchLimits};
use crate::prepare::merge;
use crate::settings::QueueConfig;
use crate::wire::{DecodeError, decode};

/// A bounded line of batches. The one that is under way has left it, so a full queue never drops what
/// a receiver may just be storing.
#[derive(Debug)]
pub(crate) struct Queue {
    waiting: VecDeque<(Instant, Batch)>,
    samples: u64,
    bytes: usize,
    config: QueueConfig,
}

/// What to send now.
#[derive(Debug)]
pub(crate) enum Next {
    Batch(Batch),
    /// A batch that is not full may wait until then.
    Wait(Instant),
    Empty,
}

impl Queue {
    pub(crate) fn new(config: QueueConfig) -> Self {
        Self { waiting: VecDeque::new(), samples: 0, bytes: 0, config }
    }

    /// Adds a batch and returns how many samples had to go for it.
    pub(crate) fn push(&mut self, batch: Batch, now: Instant) -> u64 {
        self.samples += batch.samples;
        self.bytes += batch.bytes();
        self.waiting.push_back((now, batch));
        let mut dropped = 0;
        while self.samples > self.config.capacity as u64 || self.bytes > self.config.capacity_bytes {
            let Some(batch) = self.pop() else { break };
            dropped += batch.samples;
        }
        dropped
    }

    /// Takes the oldest batch, with those behind it that fit into the same request.
    pub(crate) fn next(&mut self, now: Instant, drain: bool) -> Next {
        let Some((since, _)) = self.waiting.front() else { return Next::Empty };
        let due = *since + self.config.batch_send_deadline;
        let full = self.samples >= self.config.max_samples_per_send as u64;
        if !drain && !full && now < due {
            return Next::Wait(due);
        }
        let mut room = self.config.batch_limits();
        let mut group = Vec::new();
        while self.waiting.front().is_some_and(|(_, batch)| group.is_empty() || fits(batch, room)) {
            if let Some(batch) = self.pop() {
                room.samples = room.samples.saturating_sub(batch.samples as usize);
                room.bytes = room.bytes.saturating_sub(plain_bytes(&batch));
                group.push(batch);
            }
        }
        match group.len() {
            1 => Next::Batch(group.remove(0)),
            _ => Next::Batch(self.join(group)),
        }
    }

    /// Samples that wait.
    pub(crate) fn samples(&self) -> u64 {
        self.samples
    }

    /// Bytes that wait.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    fn pop(&mut self) -> Option<Batch> {
        let (_, batch) = self.waiting.pop_front()?;
        self.samples -= batch.samples;
        self.bytes -= batch.bytes();
        Some(batch)
    }

    fn join(&mut self, mut group: Vec<Batch>) -> Batch {
        let joined = joined(&group);
        let first = group.remove(0);
        joined.unwrap_or_else(|_| {
            // Our own encoding is always readable; if not, one by one loses nothing.
            group.into_iter().rev().for_each(|batch| self.put_back(batch));
            first
        })
    }

    fn put_back(&mut self, batch: Batch) {
        self.samples += batch.samples;
        self.bytes += batch.bytes();
        self.waiting.push_front((Instant::now(), batch));
    }
}

fn fits(batch: &Batch, room: BatchLimits) -> bool {
    batch.samples as usize <= room.samples && plain_bytes(batch) <= room.bytes
}

/// Bytes before compression.
fn plain_bytes(batch: &Batch) -> usize {
    snap::raw::decompress_len(&batch.body).unwrap_or(usize::MAX)
}

fn joined(group: &[Batch]) -> Result<Batch, DecodeError> {
    let mut series = Vec::new();
    for batch in group {
        series.append(&mut decode(batch.message, &batch.body)?);
    }
    // The queue's batches passed the rules; only equal series of different pushes become one.
    let (series, _) = merge(series, crate::Duplicates::KeepFirst);
    let message = group.last().map_or(crate::Message::V1, |batch| batch.message);
    Ok(Batch::encode(message, &series))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::{Message, Series};
    use relabel::Labels;
    use std::time::Duration;

    fn batch(name: &str, at: i64) -> Batch {
        let labels = Labels::new([("__name__", name)]).unwrap();
        Batch::encode(Message::V2, &[Series::new(labels, 1.0, at)])
    }

    fn taken(queue: &mut Queue, now: Instant) -> Vec<(String, usize)> {
        let Next::Batch(batch) = queue.next(now, false) else { return Vec::new() };
        let series = decode(batch.message, &batch.body).unwrap();
        series.iter().map(|one| (format!("{:?}", one.labels), one.samples.len())).collect()
    }

    #[test]
    fn a_full_queue_drops_its_oldest() {
        let mut queue =
            Queue::new(QueueConfig { capacity: 2, max_samples_per_send: 1, ..QueueConfig::default() });
        let now = Instant::now();
        assert_eq!(queue.push(batch("a", 1), now), 0);
        assert_eq!(queue.push(batch("b", 1), now), 0);
        assert_eq!(queue.push(batch("c", 1), now), 1);
        assert_eq!(taken(&mut queue, now), [("b{}".into(), 1)]);
        let bytes = batch("a", 1).bytes();
        let mut queue = Queue::new(QueueConfig { capacity_bytes: 2 * bytes, ..QueueConfig::default() });
        assert_eq!((0..5).map(|at| queue.push(batch("a", at), now)).sum::<u64>(), 3);
        assert_eq!((queue.samples(), queue.bytes()), (2, 2 * bytes));
    }

    #[test]
    fn small_pushes_share_a_request_and_series_stay_unique() {
        let batch_send_deadline = Duration::from_secs(5);
        let config = QueueConfig { max_samples_per_send: 3, batch_send_deadline, ..QueueConfig::default() };
        let mut queue = Queue::new(config);
        let now = Instant::now();
        queue.push(batch("a", 1), now);
        assert!(matches!(queue.next(now, false), Next::Wait(due) if due == now + batch_send_deadline));
        queue.push(batch("a", 2), now);
        assert_eq!(taken(&mut queue, now + batch_send_deadline), [("a{}".into(), 2)]);
        for (name, at) in [("a", 3), ("b", 3), ("a", 4), ("c", 5)] {
            queue.push(batch(name, at), now);
        }
        assert_eq!(taken(&mut queue, now), [("a{}".into(), 2), ("b{}".into(), 1)]);
        assert!(matches!(queue.next(now, true), Next::Batch(batch) if batch.samples == 1));
        assert!(matches!(queue.next(now, true), Next::Empty));
    }
}
