//! How much is taken at once; how many questions are answered at once, for how long, and how much.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use profile_store::Stop;
use tokio::sync::Semaphore;

/// The most bytes of a message, as the real server has it, and so of what is in one once it is decompressed, all of it
/// together: a message that came without compression has no more.
pub(crate) const MAX_MESSAGE_BYTES: usize = 64 << 20;

/// How many questions, how long, how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueryLimits {
    /// Questions that are answered at once; others wait. Default: twice the processors, at least four.
    pub concurrency: usize,
    /// Questions that may wait; more are refused. Default: 1000.
    pub waiting: usize,
    /// How long a question may take, waiting included. Default: a minute, after which the real server cuts off, too.
    pub time: Duration,
    /// The most bytes of an answer, before it is compressed. Default: 64 MiB, as the real server.
    pub answer_bytes: usize,
}

impl Default for QueryLimits {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let (concurrency, time) = ((processors * 2).max(4), Duration::from_secs(60));
        Self { concurrency, waiting: 1000, time, answer_bytes: 64 << 20 }
    }
}

/// Why a question was not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TooMuch {
    #[error("query_waiting: {0} questions wait already; try again later")]
    Waiting(usize),
    #[error("query_timeout: the question took longer than {} s; ask for less time or for fewer series", .0.as_secs())]
    Time(Duration),
    #[error(
        "query_answer_size: the answer has {bytes} bytes, more than {most}; ask for less time, for fewer series, or trim it"
    )]
    Answer { bytes: usize, most: usize },
    #[error("the question was given up")]
    GivenUp,
}

/// Tells the work when nobody waits for it any more.
struct Awaited(Stop);

impl Drop for Awaited {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// Answers questions within limits, on threads for blocking work.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    limits: QueryLimits,
    running: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
}

impl Gate {
    pub(crate) fn new(limits: QueryLimits) -> Self {
        let running = Arc::new(Semaphore::new(limits.concurrency.max(1)));
        Self { limits, running, waiting: Arc::default() }
    }

    pub(crate) fn limits(&self) -> &QueryLimits {
        &self.limits
    }

    /// Refuses an answer that is too long.
    pub(crate) fn check_answer(&self, bytes: usize) -> Result<(), TooMuch> {
        let most = self.limits.answer_bytes;
        if bytes > most { Err(TooMuch::Answer { bytes, most }) } else { Ok(()) }
    }

    /// Does the work when it is its turn. Who goes away while waiting, asks nothing; who goes away later, or has waited
    /// too long, stops it.
    pub(crate) async fn answer<T: Send + 'static>(
        &self,
        work: impl FnOnce(Stop) -> T + Send + 'static,
    ) -> Result<T, TooMuch> {
        let time = self.limits.time;
        tokio::time::timeout(time, self.in_turn(work)).await.unwrap_or(Err(TooMuch::Time(time)))
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce(Stop) -> T + Send + 'static,
    ) -> Result<T, TooMuch> {
        let turn = match Arc::clone(&self.running).try_acquire_owned() {
            Ok(turn) => turn,
            Err(_) => {
                let _place = self.place()?;
                let turn = Arc::clone(&self.running).acquire_owned().await;
                turn.map_err(|_| TooMuch::GivenUp)?
            }
        };
        let stop = Stop::default();
        let _awaited = Awaited(stop.clone());
        // The turn ends with the work, even where nobody waits for it any more.
        let worked = tokio::task::spawn_blocking(move || {
            let answer = work(stop);
            drop(turn);
            answer
        });
        worked.await.map_err(|_| TooMuch::GivenUp)
    }

    fn place(&self) -> Result<Place, TooMuch> {
        let before = self.waiting.fetch_add(1, Ordering::Relaxed);
        let place = Place(Arc::clone(&self.waiting));
        if before >= self.limits.waiting { Err(TooMuch::Waiting(before)) } else { Ok(place) }
    }
}

/// A place among those who wait.
struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn gate(concurrency: usize, waiting: usize, time: Duration) -> Gate {
        Gate::new(QueryLimits { concurrency, waiting, time, ..QueryLimits::default() })
    }

    /// Work that ends when told.
    fn held() -> (std::sync::mpsc::Sender<()>, impl FnOnce(Stop) + Send + 'static) {
        let (end, ended) = std::sync::mpsc::channel();
        (end, move |_| {
            // Told, or nobody is left to tell.
            let _ = ended.recv();
        })
    }

    #[tokio::test]
    async fn one_more_than_may_wait_is_refused_and_the_others_get_their_turn() {
        let gate = gate(1, 1, Duration::from_secs(60));
        let (end, work) = held();
        let first = tokio::spawn({
            let gate = gate.clone();
            async move { gate.answer(work).await }
        });
        while gate.running.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let second = tokio::spawn({
            let gate = gate.clone();
            async move { gate.answer(|_| 2).await }
        });
        while gate.waiting.load(Ordering::Relaxed) == 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(gate.answer(|_| 3).await, Err(TooMuch::Waiting(1)));
        end.send(()).unwrap();
        assert_eq!((first.await.unwrap(), second.await.unwrap()), (Ok(()), Ok(2)));
        assert_eq!(gate.waiting.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn what_takes_too_long_is_given_up_and_who_goes_away_leaves_the_line() {
        let gate = gate(1, 5, Duration::from_millis(20));
        let (end, work) = held();
        assert_eq!(gate.answer(work).await, Err(TooMuch::Time(Duration::from_millis(20))));
        assert_eq!(gate.answer(|_| 1).await, Err(TooMuch::Time(Duration::from_millis(20))));
        assert_eq!(gate.waiting.load(Ordering::Relaxed), 0);
        end.send(()).unwrap();
    }

    #[tokio::test]
    async fn work_that_nobody_waits_for_is_told_so() {
        let gate = gate(1, 5, Duration::from_secs(60));
        let asked = tokio::spawn({
            let gate = gate.clone();
            async move {
                let until_stopped = |stop: Stop| {
                    while !stop.is_stopped() {
                        std::thread::yield_now();
                    }
                };
                gate.answer(until_stopped).await
            }
        });
        while gate.running.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        asked.abort();
        // The turn comes back only when the work has ended.
        assert_eq!(gate.answer(|stop| stop.is_stopped()).await, Ok(false));
    }

    const OVER_HTTP1: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    /// The preface, settings, and the head of `GET /` as the first stream, which is its end.
    const OVER_HTTP2: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\
        \0\0\x0e\x01\x05\0\0\0\x01\x82\x86\x84\x41\x09localhost";
    /// The first stream is of no interest any more.
    const RESET: &[u8] = b"\0\0\x04\x03\0\0\0\0\x01\0\0\0\x08";

    #[tokio::test]
    async fn work_ends_when_its_client_goes_away() {
        use tokio::io::AsyncWriteExt;
        let gate = gate(1, 5, Duration::from_secs(3600));
        let until_stopped = {
            let gate = gate.clone();
            async move || {
                let work = |stop: Stop| {
                    while !stop.is_stopped() {
                        std::thread::yield_now();
                    }
                };
                let _ = gate.answer(work).await;
            }
        };
        let routes = axum::Router::new().route("/", axum::routing::get(until_stopped));
        let listener = ops::bind("127.0.0.1:0").await.unwrap();
        let (address, stop) = (listener.local_addr().unwrap(), tokio_util::sync::CancellationToken::new());
        tokio::spawn(ops::serve(listener, routes, stop.clone(), ops::ServeOptions::default()));
        let permits = async |count: usize| {
            while gate.running.available_permits() != count {
                tokio::task::yield_now().await;
            }
        };
        for (request, goodbye) in [(OVER_HTTP1, None), (OVER_HTTP2, None), (OVER_HTTP2, Some(RESET))] {
            let mut client = tokio::net::TcpStream::connect(address).await.unwrap();
            client.write_all(request).await.unwrap();
            permits(0).await;
            // Who resets one question may keep the connection.
            let kept = match goodbye {
                Some(goodbye) => client.write_all(goodbye).await.map(|()| Some(client)).unwrap(),
                None => {
                    drop(client);
                    None
                }
            };
            permits(1).await;
            drop(kept);
        }
        stop.cancel();
    }

    #[test]
    fn answers_that_are_too_long_name_the_limit() {
        let gate = Gate::new(QueryLimits { answer_bytes: 10, ..QueryLimits::default() });
        assert_eq!(gate.check_answer(10), Ok(()));
        assert!(gate.check_answer(11).unwrap_err().to_string().starts_with("query_answer_size: "));
    }
}
