//! The body of a request that a client takes its time to send.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, Bytes};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep_until};

use super::ServeOptions;
use super::exchange::Exchange;
use super::refusal::Refusal;

/// How long may still be waited.
#[derive(Clone, Copy, Debug)]
struct Credit {
    left: Duration,
    most: Duration,
    least_rate: u32,
}

impl Credit {
    fn new(options: &ServeOptions) -> Self {
        Self { left: options.patience, most: options.patience, least_rate: options.least_rate.max(1) }
    }

    fn waited(&mut self, time: Duration) {
        self.left = self.left.saturating_sub(time);
    }

    fn came(&mut self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let worth = Duration::from_micros(bytes.saturating_mul(1_000_000) / u64::from(self.least_rate));
        self.left = self.left.saturating_add(worth).min(self.most);
    }
}

/// A body whose end or next piece comes in time, or not at all. Only the time counts in which somebody waits for it.
pub(super) struct Question {
    body: Incoming,
    options: ServeOptions,
    credit: Credit,
    exchange: Arc<Exchange>,
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl Question {
    pub(super) fn new(body: Incoming, options: &ServeOptions, exchange: Arc<Exchange>) -> Self {
        Self { body, options: *options, credit: Credit::new(options), exchange, waiting: None }
    }

    fn is_too_late(&mut self, context: &mut Context<'_>) -> bool {
        let left = self.credit.left;
        let (_, end) = self.waiting.get_or_insert_with(|| {
            let now = Instant::now();
            (now, Box::pin(sleep_until(now + left)))
        });
        end.as_mut().poll(context).is_ready()
    }

    /// Notes that something came, and whether there is room for it.
    fn came(&mut self, bytes: usize) -> bool {
        if let Some((since, _)) = self.waiting.take() {
            self.credit.waited(since.elapsed());
        }
        self.credit.came(bytes);
        self.exchange.hold(bytes, self.options.request_bytes)
    }

    fn refuse(&self, why: Refusal) -> Error {
        self.exchange.refuse(why);
        why.error(&self.options).into()
    }
}

type Error = Box<dyn std::error::Error + Send + Sync>;

impl Body for Question {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        match Pin::new(&mut self.body).poll_frame(context) {
            Poll::Ready(frame) => {
                let data = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref());
                if !self.came(data.map_or(0, Buf::remaining)) {
                    return Poll::Ready(Some(Err(self.refuse(Refusal::TooMuch))));
                }
                Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
            }
            Poll::Pending if self.exchange.is_answered() => Poll::Pending,
            Poll::Pending if self.is_too_late(context) => Poll::Ready(Some(Err(self.refuse(Refusal::Late)))),
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_is_borne_and_a_trickle_is_not() {
        let options = ServeOptions::default();
        let seconds_until_late = |bytes: usize, each: Duration| {
            let mut credit = Credit::new(&options);
            (1..10_000).find(|_| {
                credit.waited(each);
                let is_late = credit.left.is_zero();
                credit.came(bytes);
                is_late
            })
        };
        let second = Duration::from_secs(1);
        assert_eq!(seconds_until_late(1, second), Some(31));
        assert_eq!(seconds_until_late(512, second), Some(59));
        assert_eq!(seconds_until_late(1024, second), None);
        assert_eq!(seconds_until_late(20 << 10, 20 * second), None);
        // What came long ago does not count for ever.
        assert_eq!(seconds_until_late(1 << 20, 31 * second), Some(1));
    }
}
