//! What goes on in one connection: how many requests are answered, whose answers nobody takes, and since when the next one
//! is awaited.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::Version;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};
use tokio_util::task::TaskTracker;

use super::ServeOptions;

/// What is known of one connection.
#[derive(Debug)]
pub(super) struct Activity {
    state: Mutex<State>,
    /// There is something to wait for that ends sooner than what was waited for.
    changed: Notify,
    /// All connections of the server.
    all: TaskTracker,
}

#[derive(Debug)]
struct State {
    /// Requests that came so far; each has its number.
    requests: u64,
    open: usize,
    /// Whether anything was read.
    is_fresh: bool,
    /// Requests of HTTP/2 have frames between them, so that what comes need not be one.
    is_http2: bool,
    /// Since when nothing is asked.
    idle_since: Instant,
    /// When the head of the next request began to come.
    head_since: Option<Instant>,
    /// Answers of which a piece was handed out, and the next one not asked for since.
    unread: BTreeMap<u64, Instant>,
}

/// Why a connection is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Nothing is asked.
    Idle,
    /// The head of a request does not come to its end.
    Late,
    /// Nobody takes what was asked for.
    Unread,
}

impl Activity {
    pub(super) fn new(all: TaskTracker) -> Arc<Self> {
        let state = State {
            requests: 0,
            open: 0,
            is_fresh: true,
            is_http2: false,
            idle_since: Instant::now(),
            head_since: None,
            unread: BTreeMap::new(),
        };
        Arc::new(Self { state: Mutex::new(state), changed: Notify::new(), all })
    }

    /// Notes bytes that were read.
    pub(super) fn came(&self, bytes: &[u8]) {
        let mut state = self.lock();
        state.is_http2 |= std::mem::take(&mut state.is_fresh) && bytes.starts_with(b"PRI");
        if state.open == 0 && !state.is_http2 && state.head_since.is_none() {
            state.head_since = Some(Instant::now());
            self.changed.notify_one();
        }
    }

    /// Notes a request, until what is returned is dropped.
    pub(super) fn begin(self: &Arc<Self>, version: Version) -> Open {
        let mut state = self.lock();
        state.requests += 1;
        state.open += 1;
        state.is_http2 |= version == Version::HTTP_2;
        state.head_since = None;
        Open { number: state.requests, activity: Arc::clone(self) }
    }

    /// Resolves when the connection is of no use to anybody.
    pub(super) async fn over(&self, options: &ServeOptions) -> End {
        loop {
            let now = Instant::now();
            let verdict = self.lock().verdict(options, self.all.len() > options.crowd, now);
            let look_again = match verdict {
                Ok(end) => return end,
                // There may be a crowd by then.
                Err(at) => at.min(now + options.patience),
            };
            tokio::select! {
                () = sleep_until(look_again) => {}
                () = self.changed.notified() => {}
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether to end, or when that may be.
    fn verdict(&self, options: &ServeOptions, is_crowded: bool, now: Instant) -> Result<End, Instant> {
        let (end, at) = match (self.open, self.unread.values().min()) {
            (0, _) => self.end_of_silence(options, is_crowded),
            (_, Some(since)) => (End::Unread, *since + options.patience),
            (_, None) => return Err(now + options.patience),
        };
        if at <= now { Ok(end) } else { Err(at) }
    }

    fn end_of_silence(&self, options: &ServeOptions, is_crowded: bool) -> (End, Instant) {
        match self.head_since {
            Some(since) => (End::Late, since + options.patience),
            // Who has not asked anything yet may have come for nothing else.
            None if self.requests == 0 || is_crowded => (End::Idle, self.idle_since + options.patience),
            None => (End::Idle, self.idle_since + options.idle),
        }
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
        (state.idle_since, state.head_since) = (Instant::now(), None);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    /// A connection that began now, and what is thought of it later.
    struct Watched {
        activity: Arc<Activity>,
        start: Instant,
    }

    impl Watched {
        fn new() -> Self {
            let activity = Activity::new(TaskTracker::new());
            let start = activity.lock().idle_since;
            Self { activity, start }
        }

        #[track_caller]
        fn check(&self, is_crowded: bool, after: u64, expect: Result<End, u64>) {
            let options = ServeOptions { idle: seconds(300), ..ServeOptions::default() };
            let found = self.activity.lock().verdict(&options, is_crowded, self.start + seconds(after));
            assert_eq!(found, expect.map_err(|at| self.start + seconds(at)), "after {after} s");
        }
    }

    #[test]
    fn connections_end_when_they_are_of_no_use() {
        let watched = Watched::new();
        // Nothing was asked yet.
        watched.check(false, 29, Err(30));
        watched.check(false, 30, Ok(End::Idle));
        // Work may take as long as it likes.
        let open = watched.activity.begin(Version::HTTP_11);
        watched.check(false, 1000, Err(1030));
        // What is answered has to be read.
        watched.activity.lock().unread.insert(open.number, watched.start + seconds(1000));
        watched.check(false, 1029, Err(1030));
        watched.check(false, 1030, Ok(End::Unread));
        open.taken();
        watched.check(false, 1030, Err(1060));
        // Once something was asked, there may be more, as long as there is room.
        drop(open);
        watched.activity.lock().idle_since = watched.start + seconds(2000);
        watched.check(false, 2299, Err(2300));
        watched.check(false, 2300, Ok(End::Idle));
        watched.check(true, 2029, Err(2030));
        watched.check(true, 2030, Ok(End::Idle));
    }

    #[test]
    fn a_head_that_began_has_to_come_to_its_end() {
        let began = |watched: &Watched, bytes: &[u8], after: u64| {
            watched.activity.came(bytes);
            let mut state = watched.activity.lock();
            state.head_since = state.head_since.map(|_| watched.start + seconds(after));
        };
        let watched = Watched::new();
        began(&watched, b"G", 10);
        watched.check(false, 39, Err(40));
        watched.check(false, 40, Ok(End::Late));
        drop(watched.activity.begin(Version::HTTP_11));
        watched.activity.lock().idle_since = watched.start + seconds(40);
        watched.check(false, 40, Err(340));
        began(&watched, b"GET ", 100);
        watched.activity.came(b"/");
        watched.check(false, 130, Ok(End::Late));

        // Between requests of HTTP/2 comes what is none.
        let watched = Watched::new();
        began(&watched, b"PRI * HTTP/2.0\r\n", 0);
        watched.check(false, 30, Ok(End::Idle));
        drop(watched.activity.begin(Version::HTTP_2));
        watched.activity.lock().idle_since = watched.start + seconds(10);
        began(&watched, b"a ping", 10);
        watched.check(false, 40, Err(310));
    }
}
