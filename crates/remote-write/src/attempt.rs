//! One attempt to send a batch, and what its answer means.

use http::header::{CONTENT_ENCODING, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::time::{Instant, timeout_at};

use crate::answer::{self, Meaning};
use crate::batch::Batch;
use crate::lane::{Lane, Step, Tries};
use crate::shared::Shared;
use crate::transport::{Answer, Transport, TransportError};
use crate::wire::Message;

const VERSION: HeaderName = HeaderName::from_static("x-prometheus-remote-write-version");
const RETRY_ATTEMPT: HeaderName = HeaderName::from_static("retry-attempt");
const SNAPPY: HeaderValue = HeaderValue::from_static("snappy");

impl<T: Transport> Lane<T> {
    pub(crate) async fn attempt(&self, tries: &mut Tries) -> Step {
        let message = if tries.on_trial { Message::V1 } else { self.shared.negotiation.message() };
        match tries.batch.in_message(message) {
            Ok(batch) => tries.batch = batch,
            Err(error) => {
                self.shared.note_unreadable(&error);
                self.shared.fail(&tries.batch, 0);
                return Step::Done;
            }
        }
        match self.post(&tries.batch, tries.retries).await {
            Ok(answer) => self.judge(answer, tries).await,
            Err(error) => {
                self.shared.note_unanswered(&error);
                Step::Wait(None)
            }
        }
    }

    async fn post(&self, batch: &Batch, retries: u32) -> Result<Answer, TransportError> {
        let start = Instant::now();
        let deadline = start + self.shared.settings.remote_timeout;
        let post = self.transport.post(self.headers(batch.message, retries), batch.body.clone(), deadline);
        // A transport that overlooks its deadline must not hold up the queue.
        let answer = timeout_at(deadline, post).await.unwrap_or(Err(TransportError::Timeout));
        {
            let mut counts = self.shared.counters.lock();
            counts.send_time += start.elapsed();
            counts.bytes += batch.body.len() as u64;
            counts.message = Some(batch.message);
            match &answer {
                Ok(answer) => *counts.answers.entry(answer.status.as_u16()).or_default() += 1,
                Err(_) => counts.unanswered += 1,
            }
        }
        if let Ok(answer) = &answer {
            self.shared.compare_clocks(answer);
        }
        answer
    }

    async fn judge(&self, answer: Answer, tries: &mut Tries) -> Step {
        let (settings, negotiation) = (&self.shared.settings, &self.shared.negotiation);
        let batch = &tries.batch;
        let (sent, message, retry_429) = (batch.samples, batch.message, settings.queue.retry_on_http_429);
        let meaning = answer::meaning(&answer, message, sent, retry_429, (settings.now)());
        if answer::speaks_v2(&answer) && message == Message::V2 {
            negotiation.took(Message::V2);
        }
        match meaning {
            Meaning::Stored { samples } => {
                negotiation.took(message);
                self.shared.stored(batch, samples, &answer);
                Step::Done
            }
            Meaning::Again { after } => {
                self.shared.note_again(&answer);
                Step::Wait(after)
            }
            Meaning::Unsupported if negotiation.can_fall_back(message) => {
                tracing::info!(
                    destination = settings.name,
                    "receiver does not take 2.0, falling back to 1.0"
                );
                negotiation.took(Message::V1);
                Step::Now
            }
            Meaning::Refused { .. }
                if negotiation.is_open()
                    && negotiation.can_fall_back(message)
                    && answer.status == http::StatusCode::BAD_REQUEST =>
            {
                tries.on_trial = true;
                Step::Now
            }
            Meaning::Unauthorized if !tries.refreshed && self.transport.refresh().await => {
                tries.refreshed = true;
                Step::Now
            }
            Meaning::TooLarge => self.too_large(batch, &answer),
            Meaning::Refused { samples } => {
                self.shared.refused(batch, samples, &answer);
                // Whoever refuses and names a time wants no other request before it, either.
                match answer::retry_after(&answer.headers, (settings.now)()) {
                    Some(wait) => Step::DoneThenWait(wait),
                    None => Step::Done,
                }
            }
            Meaning::Unsupported | Meaning::Unauthorized => {
                self.shared.refused(batch, 0, &answer);
                Step::Done
            }
        }
    }

    fn too_large(&self, batch: &Batch, answer: &Answer) -> Step {
        self.shared.size_limit.refused(batch, Instant::now());
        match batch.halves() {
            Ok(Some(halves)) => Step::Halves(halves),
            _ => {
                self.shared.refused_alone(batch, answer);
                Step::Done
            }
        }
    }

    fn headers(&self, message: Message, retries: u32) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(5);
        headers.insert(CONTENT_ENCODING, SNAPPY);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(message.content_type()));
        headers.insert(VERSION, HeaderValue::from_static(message.version()));
        headers.insert(USER_AGENT, self.shared.settings.user_agent.clone());
        if retries > 0 {
            headers.insert(RETRY_ATTEMPT, HeaderValue::from(retries));
        }
        headers
    }
}

impl Shared {
    fn stored(&self, batch: &Batch, samples: u64, answer: &Answer) {
        self.note_stored(batch, samples, answer);
        let mut counts = self.counters.lock();
        counts.sent += samples;
        counts.failed += batch.samples - samples;
        counts.highest_sent_ms = counts.highest_sent_ms.max(Some(batch.newest_ms));
    }

    fn refused(&self, batch: &Batch, stored: u64, answer: &Answer) {
        self.note_refused(batch, answer);
        self.fail(batch, stored);
    }

    fn refused_alone(&self, batch: &Batch, answer: &Answer) {
        self.note_too_large(batch, answer);
        self.fail(batch, 0);
    }

    /// Counts a batch that will not be sent again, of which the receiver may have stored some.
    pub(crate) fn fail(&self, batch: &Batch, stored: u64) {
        let mut counts = self.counters.lock();
        counts.sent += stored;
        counts.failed += batch.samples - stored;
    }
}
