//! Sending a batch until it is known what became of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use backoff::{Backoff, Policy};
use parca_client::{Client, Keep, RawSample, RawSeries, Timed, WriteRawRequest};

use super::answer::{Stored, stored};
use super::queue::Batch;
use super::record::Record;
use super::settings::{OnUnknown, StoreSettings};
use super::store::{Counters, DropReason};
use super::verify::{Question, Verdict};

/// Sends for one store.
pub(super) struct Courier {
    pub(super) client: Client,
    pub(super) settings: StoreSettings,
    pub(super) counters: Arc<Counters>,
}

/// Records that go out together, and whether they may be stored already.
struct Part {
    records: Vec<Record>,
    is_unsure: bool,
}

impl Courier {
    /// Ends when each profile is stored or given up. A wait for a store has no end: the queue is what is
    /// bounded.
    pub(super) async fn deliver(&self, batch: Batch) {
        let mut parts = vec![Part { records: batch.records, is_unsure: batch.is_unsure }];
        let mut waits = Backoff::unseeded(self.policy());
        while let Some(mut part) = parts.pop() {
            if part.is_unsure {
                part.records = self.missing(part.records).await;
                part.is_unsure = false;
            }
            if part.records.is_empty() {
                continue;
            }
            let timed = self.send(&part.records).await;
            let outcome = stored(&timed);
            self.note(&timed, outcome);
            match outcome {
                Stored::Yes => self.counters.sent(part.records.len()),
                Stored::Later | Stored::WhenMended => {
                    parts.push(part);
                    self.rest(&mut waits, outcome).await;
                }
                Stored::Unknown => {
                    self.counters.unknown(part.records.len());
                    part.is_unsure = true;
                    parts.push(part);
                    self.rest(&mut waits, outcome).await;
                }
                Stored::Never | Stored::TooLarge => self.split(part, outcome, &mut parts),
            }
            if outcome == Stored::Yes {
                waits = Backoff::unseeded(self.policy());
            }
        }
    }

    fn policy(&self) -> Policy {
        Policy::doubling(Duration::from_millis(250).min(self.settings.max_wait), self.settings.max_wait)
    }

    async fn rest(&self, waits: &mut Backoff, outcome: Stored) {
        let wait = waits.wait(Duration::ZERO).unwrap_or(self.settings.max_wait);
        let wait = if outcome == Stored::WhenMended { self.settings.max_wait } else { wait };
        tokio::time::sleep(wait).await;
    }

    /// A store refuses a request whole for one profile of it, so halves are tried until that one is alone.
    fn split(&self, mut part: Part, outcome: Stored, parts: &mut Vec<Part>) {
        if part.records.len() > 1 {
            let second = part.records.split_off(part.records.len() / 2);
            parts.push(Part { records: second, is_unsure: false });
            parts.push(part);
            return;
        }
        let reason = if outcome == Stored::TooLarge { DropReason::TooLarge } else { DropReason::Refused };
        self.counters.dropped(reason, 1);
    }

    async fn send(&self, records: &[Record]) -> Timed {
        let deadline = Instant::now() + self.settings.timeout;
        let prepared = self.client.prepare(&request(records));
        match prepared {
            Ok(prepared) => {
                let prepared = prepared.with_header("idempotency-key", &key(records));
                self.client.timed(&prepared, deadline, Keep::Nothing).await
            }
            Err(error) => Timed {
                sent: Instant::now(),
                first_byte: None,
                done: Instant::now(),
                bytes_in: 0,
                bytes_out: 0,
                result: Err(error),
            },
        }
    }

    fn note(&self, timed: &Timed, outcome: Stored) {
        self.counters.request(timed.bytes_out, outcome == Stored::Yes);
        let Err(error) = &timed.result else {
            if self.counters.recovered() {
                tracing::info!(store = %self.settings.name, "the store takes profiles again");
            }
            return;
        };
        let text = crate::scrape::with_causes(error);
        let is_first = self.counters.failing(text.clone());
        match outcome {
            Stored::Never | Stored::TooLarge => {
                tracing::error!(store = %self.settings.name, error = %text, "the store refused a profile for good");
            }
            _ if is_first => {
                tracing::warn!(store = %self.settings.name, error = %text, "profiles wait for the store")
            }
            _ => tracing::debug!(store = %self.settings.name, error = %text, ?outcome, "not stored"),
        }
    }

    /// Of profiles that may be stored, those to send again.
    async fn missing(&self, records: Vec<Record>) -> Vec<Record> {
        match self.settings.on_unknown {
            OnUnknown::Retry => return records,
            OnUnknown::Drop => {
                self.counters.dropped(DropReason::Unknown, records.len());
                return Vec::new();
            }
            OnUnknown::Verify => {}
        }
        // The request may still be under way in the store.
        tokio::time::sleep(self.settings.settle).await;
        let first = self.look(records).await;
        if first.is_empty() {
            return first;
        }
        tokio::time::sleep(self.settings.settle).await;
        self.look(first).await
    }

    async fn look(&self, records: Vec<Record>) -> Vec<Record> {
        let mut missing = Vec::new();
        for record in records {
            let Some(question) = Question::of(&record) else {
                missing.push(record);
                continue;
            };
            match self.ask(&question).await {
                Verdict::Stored => self.counters.found(1),
                Verdict::Missing | Verdict::Later => missing.push(record),
                Verdict::NoAnswer if question.is_delta => {
                    tracing::warn!(store = %self.settings.name, "the store answers no queries: a profile of which nobody knows whether it is stored is given up");
                    self.counters.dropped(DropReason::Unknown, 1);
                }
                Verdict::NoAnswer => missing.push(record),
            }
        }
        missing
    }

    /// Asks until there is an answer.
    async fn ask(&self, question: &Question) -> Verdict {
        let mut waits = Backoff::unseeded(self.policy());
        loop {
            match question.ask(&self.client).await {
                Verdict::Later => {}
                verdict => return verdict,
            }
            tokio::time::sleep(waits.wait(Duration::ZERO).unwrap_or(self.settings.max_wait)).await;
        }
    }
}

/// A request with one series for each profile, in order.
fn request(records: &[Record]) -> WriteRawRequest {
    let series = records.iter().map(|record| {
        let mut sample = RawSample::new(record.pprof.clone());
        sample.executable_info = record.executable_info();
        RawSeries { labels: record.head.labels.clone(), samples: vec![sample] }
    });
    let mut request = WriteRawRequest::new(series.collect());
    request.normalized = records.iter().any(|record| record.head.normalized);
    request
}

/// The same for the same profiles with the same labels, also in another process.
fn key(records: &[Record]) -> String {
    // FNV-1a: a key that no second request has by chance, not one that nobody can forge.
    let mut hash = [0xcbf2_9ce4_8422_2325_u64, 0x9ae1_6a3b_2f90_404f];
    let mut add = |bytes: &[u8]| {
        for byte in bytes.iter().chain(&[0xff]) {
            hash = hash.map(|half| (half ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
            hash[1] = hash[1].rotate_left(5);
        }
    };
    for record in records {
        record.head.labels.iter().for_each(|(name, value)| {
            add(name.as_bytes());
            add(value.as_bytes());
        });
        add(&record.pprof);
    }
    format!("{:016x}{:016x}", hash[0], hash[1])
}
