//! How many questions are answered at once, and for how long.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;

/// How many questions, how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueryLimits {
    /// Questions that are answered at once; others wait. Default: twice the processors, at least four.
    pub concurrency: usize,
    /// Questions that may wait; more are refused. Default: 1000.
    pub waiting: usize,
    /// How long a question may take, waiting included. Default: a minute, after which the real server cuts off, too.
    pub time: Duration,
}

impl Default for QueryLimits {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Self { concurrency: (processors * 2).max(4), waiting: 1000, time: Duration::from_secs(60) }
    }
}

/// Why a question was not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TooMuch {
    #[error("query_waiting: {0} questions wait already; try again later")]
    Waiting(usize),
    #[error("query_timeout: the question took longer than {} s; ask for less time or for fewer series", .0.as_secs())]
    Time(Duration),
    #[error("the question was given up")]
    GivenUp,
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

    /// Does the work when it is its turn. Who goes away while waiting, asks nothing.
    pub(crate) async fn answer<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, TooMuch> {
        let time = self.limits.time;
        tokio::time::timeout(time, self.in_turn(work)).await.unwrap_or(Err(TooMuch::Time(time)))
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, TooMuch> {
        let turn = match Arc::clone(&self.running).try_acquire_owned() {
            Ok(turn) => turn,
            Err(_) => {
                let _place = self.place()?;
                let turn = Arc::clone(&self.running).acquire_owned().await;
                turn.map_err(|_| TooMuch::GivenUp)?
            }
        };
        // The turn ends with the work, even where nobody waits for it any more.
        let worked = tokio::task::spawn_blocking(move || {
            let answer = work();
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
        Gate::new(QueryLimits { concurrency, waiting, time })
    }

    /// Work that ends when told.
    fn held() -> (std::sync::mpsc::Sender<()>, impl FnOnce() + Send + 'static) {
        let (end, ended) = std::sync::mpsc::channel();
        (end, move || {
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
            async move { gate.answer(|| 2).await }
        });
        while gate.waiting.load(Ordering::Relaxed) == 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(gate.answer(|| 3).await, Err(TooMuch::Waiting(1)));
        end.send(()).unwrap();
        assert_eq!((first.await.unwrap(), second.await.unwrap()), (Ok(()), Ok(2)));
        assert_eq!(gate.waiting.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn what_takes_too_long_is_given_up_and_who_goes_away_leaves_the_line() {
        let gate = gate(1, 5, Duration::from_millis(20));
        let (end, work) = held();
        assert_eq!(gate.answer(work).await, Err(TooMuch::Time(Duration::from_millis(20))));
        assert_eq!(gate.answer(|| 1).await, Err(TooMuch::Time(Duration::from_millis(20))));
        assert_eq!(gate.waiting.load(Ordering::Relaxed), 0);
        end.send(()).unwrap();
    }
}
