//! What a destination says of answers, and of none.

use std::time::{Duration, SystemTime};

use http::header::{CONTENT_TYPE, DATE};

use crate::answer;
use crate::batch::Batch;
use crate::shared::Shared;
use crate::spool::SpoolError;
use crate::transport::{Answer, TransportError};
use crate::wire::{DecodeError, decode};

/// A clock that differs by more makes receivers refuse samples, or takes wrong windows for right ones.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(10);
/// How much of a series is shown.
const SERIES_SHOWN: usize = 200;

impl Shared {
    /// A request without an answer; it is sent again.
    pub(crate) fn note_unanswered(&self, error: &TransportError) {
        let text = words::with_causes(error);
        self.news.say(
            |throttles| &mut throttles.trouble,
            |destination, due| {
                let (since, unsaid) = (seconds(due.since), due.unsaid);
                tracing::warn!(
                    destination,
                    error = text,
                    since,
                    unsaid,
                    "the receiver did not answer; the samples will be sent again"
                );
            },
        );
        self.counters.lock().last_error = Some(text);
    }

    /// An answer that asks to come again.
    pub(crate) fn note_again(&self, answer: &Answer) {
        let text = answer::words(answer);
        self.news.say(
            |throttles| &mut throttles.trouble,
            |destination, due| {
                let (since, unsaid) = (seconds(due.since), due.unsaid);
                tracing::warn!(
                    destination,
                    answer = text,
                    since,
                    unsaid,
                    "the receiver cannot take samples now; they will be sent again, and those behind them wait"
                );
            },
        );
        self.counters.lock().last_error = Some(text);
    }

    pub(crate) fn note_stored(&self, batch: &Batch, samples: u64, answer: &Answer) {
        self.news.over();
        if samples < batch.samples {
            self.note_refused(batch, answer);
        }
        let is_page =
            answer.headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
        if is_page {
            self.news.say(
                |throttles| &mut throttles.web_page,
                |destination, _| {
                    tracing::warn!(
                        destination,
                        "the receiver answered with a web page: is the URL that of its remote write endpoint?"
                    );
                },
            );
        }
    }

    pub(crate) fn note_refused(&self, batch: &Batch, answer: &Answer) {
        let (text, samples) = (answer::words(answer), batch.samples);
        self.news.say(
            |throttles| &mut throttles.refused,
            |destination, due| {
                let (since, unsaid) = (seconds(due.since), due.unsaid);
                tracing::warn!(
                    destination,
                    answer = text,
                    samples,
                    since,
                    unsaid,
                    "the receiver refused samples for good"
                );
            },
        );
        self.counters.lock().last_error = Some(text);
    }

    /// A sample that no request is small enough for.
    pub(crate) fn note_too_large(&self, batch: &Batch, answer: &Answer) {
        let (text, series, bytes) = (answer::words(answer), first_series(batch), batch.body.len());
        self.news.say(
            |throttles| &mut throttles.too_large,
            |destination, due| {
                tracing::warn!(
                    destination,
                    answer = text,
                    series,
                    bytes,
                    unsaid = due.unsaid,
                    "one sample alone is larger than the receiver takes: dropped"
                );
            },
        );
        self.counters.lock().last_error = Some(format!("{text} for {series}"));
    }

    pub(crate) fn note_unreadable(&self, error: &DecodeError) {
        tracing::error!(destination = self.settings.name, %error, "a batch cannot be read and is dropped");
        self.counters.lock().last_error = Some(error.to_string());
    }

    pub(crate) fn note_spool(&self, error: &SpoolError) {
        let error = words::with_causes(error);
        tracing::warn!(destination = self.settings.name, error, "the spool cannot be read or written");
        self.counters.lock().last_error = Some(error);
    }

    /// Samples of a clock that is ahead are refused as too new, or make the receiver refuse the truth.
    pub(crate) fn compare_clocks(&self, answer: &Answer) {
        let text = answer.headers.get(DATE).and_then(|date| date.to_str().ok());
        let Some(theirs) = text.and_then(|text| httpdate::parse_http_date(text).ok()) else { return };
        let ahead = ahead_seconds((self.settings.now)(), theirs);
        self.counters.lock().clock_ahead_seconds = Some(ahead);
        if ahead.abs() > CLOCK_TOLERANCE.as_secs_f64() {
            self.news.say(
                |throttles| &mut throttles.clock,
                |destination, _| {
                    tracing::warn!(
                        destination,
                        ahead_seconds = ahead.round(),
                        "this machine's clock and the receiver's differ: windows lie at other times there"
                    );
                },
            );
        }
    }
}

/// How far our clock is ahead; the header has whole seconds.
fn ahead_seconds(ours: SystemTime, theirs: SystemTime) -> f64 {
    match ours.duration_since(theirs) {
        Ok(ahead) => ahead.as_secs_f64(),
        Err(behind) => -behind.duration().as_secs_f64(),
    }
}

fn first_series(batch: &Batch) -> String {
    let series = decode(batch.message, &batch.body).ok().and_then(|series| series.into_iter().next());
    let labels = series.iter().flat_map(|one| one.labels.iter());
    let pairs: Vec<String> =
        labels.map(|(name, value)| format!("{name}={:?}", words::short(value, SERIES_SHOWN))).collect();
    format!("{{{}}}", pairs.join(","))
}

fn seconds(since: Duration) -> String {
    words::span(since)
}
