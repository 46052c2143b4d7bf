//! What goes on in one connection: how many requests are answered, and whose answers nobody takes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::{Instant, sleep_until};

use super::ServeOptions;

/// What is known of one connection.
#[derive(Debug)]
pub(super) struct Activity(Mutex<State>);

#[derive(Debug)]
struct State {
    /// Requests that came so far; each has its number.
    requests: u64,
    open: usize,
    /// Since when nothing is asked.
    idle_since: Instant,
    /// Answers of which a piece was handed out, and the next one not asked for since.
    unread: BTreeMap<u64, Instant>,
}

/// Why a connection is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Nothing is asked.
    Idle,
    /// Nobody takes what was asked for.
    Unread,
}

impl Activity {
    pub(super) fn new() -> Arc<Self> {
        let idle_since = Instant::now();
        Arc::new(Self(Mutex::new(State { requests: 0, open: 0, idle_since, unread: BTreeMap::new() })))
    }

    /// Notes a request, until what is returned is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> Open {
        let mut state = self.lock();
        state.requests += 1;
        state.open += 1;
        Open { number: state.requests, activity: Arc::clone(self) }
    }

    /// Resolves when the connection is of no use to anybody.
    pub(super) async fn over(&self, options: &ServeOptions) -> End {
        loop {
            let verdict = self.lock().verdict(options, Instant::now());
            match verdict {
                Ok(end) => return end,
                Err(look_again) => sleep_until(look_again).await,
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether to end, or when to look again.
    fn verdict(&self, options: &ServeOptions, now: Instant) -> Result<End, Instant> {
        let (end, at) = match (self.open, self.unread.values().min()) {
            (0, _) => {
                // Who has not asked anything yet may have come for nothing else.
                let bears = if self.requests == 0 { options.patience } else { options.idle };
                (End::Idle, self.idle_since + bears)
            }
            (_, Some(since)) => (End::Unread, *since + options.patience),
            (_, None) => return Err(now + options.patience),
        };
        if at <= now { Ok(end) } else { Err(at) }
    }
}

/// A request that is not answered to its end.
#[derive(Debug)]
pub(super) struct Open {
    number: u64,
    activity: Arc<Activity>,
}

impl Open {
    /// A piece of the answer waits to be taken.
    pub(super) fn handed_out(&self) {
        self.activity.lock().unread.insert(self.number, Instant::now());
    }

    /// The client asks for more.
    pub(super) fn taken(&self) {
        self.activity.lock().unread.remove(&self.number);
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut state = self.activity.lock();
        state.unread.remove(&self.number);
        state.open -= 1;
        state.idle_since = Instant::now();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn connections_end_when_they_are_of_no_use() {
        let options = ServeOptions::default();
        let activity = Activity::new();
        let start = activity.lock().idle_since;
        let check = |after: Duration, expect: Result<End, Duration>| {
            let found = activity.lock().verdict(&options, start + after);
            assert_eq!(found, expect.map_err(|at| start + at), "after {after:?}");
        };
        let seconds = Duration::from_secs;
        // Nothing was asked yet.
        check(seconds(29), Err(seconds(30)));
        check(seconds(30), Ok(End::Idle));
        // Work may take as long as it likes.
        let open = activity.begin();
        check(seconds(1000), Err(seconds(1030)));
        // What is answered has to be read.
        activity.lock().unread.insert(open.number, start + seconds(1000));
        check(seconds(1029), Err(seconds(1030)));
        check(seconds(1030), Ok(End::Unread));
        open.taken();
        check(seconds(1030), Err(seconds(1060)));
        // Once something was asked, there may be more.
        drop(open);
        activity.lock().idle_since = start + seconds(2000);
        check(seconds(2299), Err(seconds(2300)));
        check(seconds(2300), Ok(End::Idle));
    }
}
