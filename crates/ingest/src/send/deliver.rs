//! Sending a batch until it is known what became of it.

use std::sync::Arc;
use std::time::Duration;

use backoff::{Backoff, Policy};

use super::answer::{Answer, Stored};
use super::batch::Batch;
use super::counters::{Counters, DropReason};
use super::record::Record;
use super::server::Server;
use super::settings::{OnUnknown, StoreSettings};
use super::verify::{Question, Verdict};

/// Sends for one store.
pub(super) struct Courier {
    pub(super) server: Server,
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
            let answer = self.server.send(&part.records, self.settings.timeout).await;
            let outcome = answer.stored;
            self.note(&answer);
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

    fn note(&self, answer: &Answer) {
        let outcome = answer.stored;
        self.counters.request(answer.bytes, outcome == Stored::Yes);
        let Some(text) = &answer.error else {
            if self.counters.recovered() {
                tracing::info!(store = %self.settings.name, "the store takes profiles again");
            }
            return;
        };
        let is_first = self.counters.failing(text.clone());
        match outcome {
            Stored::Never | Stored::TooLarge => {
                tracing::error!(store = %self.settings.name, error = %text, "the store refused a profile for good");
            }
            _ if is_first => {
                tracing::warn!(store = %self.settings.name, error = %text, "profiles wait for the store");
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
            match self.server.ask(question).await {
                Verdict::Later => {}
                verdict => return verdict,
            }
            tokio::time::sleep(waits.wait(Duration::ZERO).unwrap_or(self.settings.max_wait)).await;
        }
    }
}
