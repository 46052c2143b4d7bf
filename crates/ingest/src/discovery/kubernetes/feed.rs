//! The objects of one kind, listed and then watched, without end.

use std::sync::Arc;
use std::time::Duration;

use backoff::{Backoff, Policy};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::api::{Api, ApiError, Scope};
use super::event::{self, Event};
use super::lines::LineError;
use super::objects::Object;

/// What a feed says.
#[derive(Debug)]
pub(super) enum Said {
    /// All objects that there are.
    Listed(Vec<Object>),
    Put(Object),
    Deleted(Object),
    /// A watch has begun.
    Watching,
    /// There is no watch, so that changes are seen when the objects are listed again.
    Unwatched(String),
    /// What is there cannot be told now.
    Failed(String),
}

/// How long a feed waits for what.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    /// Between two lists where there is no watch.
    pub(super) refresh: Duration,
    /// A watch that says nothing for so long, not even a bookmark, is made anew: its connection may be dead.
    pub(super) silence: Duration,
    /// The first wait after something has ended, and the longest.
    pub(super) waits: (Duration, Duration),
}

impl Default for Times {
    fn default() -> Self {
        Self {
            refresh: Duration::from_secs(30),
            // Bookmarks come about once a minute.
            silence: Duration::from_secs(150),
            waits: (Duration::from_millis(100), Duration::from_secs(30)),
        }
    }
}

/// A watch that ends within this and said nothing is none.
const SHORT: Duration = Duration::from_secs(1);

/// Whom a feed tells: its place among all feeds goes with each word.
pub(super) type Tell = mpsc::Sender<(usize, Said)>;

pub(super) struct Feed {
    api: Arc<Api>,
    scope: Scope,
    times: Times,
    at: usize,
    tell: Tell,
    waits: Backoff,
}

/// How a watch ended.
enum Ended {
    /// The next one may go on from the last version.
    Over,
    /// The connection or the server failed.
    Failed(String),
    /// Everything has to be listed again.
    Expired,
    /// There is none to be had.
    Refused(String),
}

impl Feed {
    pub(super) fn new(api: Arc<Api>, scope: Scope, times: Times, at: usize, tell: Tell) -> Self {
        Self { api, scope, times, at, tell, waits: waits(times) }
    }

    /// Runs until it is dropped.
    pub(super) async fn run(mut self) {
        loop {
            match self.api.list(&self.scope).await {
                Ok(snapshot) => {
                    self.say(Said::Listed(snapshot.objects)).await;
                    self.watch(snapshot.version).await;
                }
                // A page that was too old: the list begins anew.
                Err(ApiError::Expired) => {}
                Err(ApiError::Refused(words) | ApiError::Failed(words)) => {
                    self.say(Said::Failed(words)).await;
                }
            }
            self.rest().await;
        }
    }

    /// Watches until everything has to be listed again.
    async fn watch(&mut self, mut version: String) {
        loop {
            match self.watch_once(&mut version).await {
                Ended::Over => {}
                Ended::Failed(words) => self.say(Said::Failed(words)).await,
                Ended::Expired => return,
                Ended::Refused(words) => {
                    self.say(Said::Unwatched(words)).await;
                    // That is the wait between two lists, which need not grow.
                    self.waits = waits(self.times);
                    return tokio::time::sleep(self.times.refresh).await;
                }
            }
            self.rest().await;
        }
    }

    async fn watch_once(&mut self, version: &mut String) -> Ended {
        let mut lines = match self.api.watch(&self.scope, version).await {
            Ok(lines) => lines,
            Err(ApiError::Expired) => return Ended::Expired,
            Err(ApiError::Refused(words)) => return Ended::Refused(words),
            Err(ApiError::Failed(words)) => return Ended::Failed(words),
        };
        self.say(Said::Watching).await;
        let (begun, mut has_said) = (Instant::now(), false);
        loop {
            let line = match lines.next(self.times.silence).await {
                Ok(Some(line)) => line,
                // Whoever ends a watch as soon as it begins would never tell of a change.
                Ok(None) if !has_said && begun.elapsed() < SHORT => return Ended::Expired,
                // The server ends each watch after a while; one that breaks off is no different, if the next one begins.
                Ok(None) | Err(LineError::Silence | LineError::Broken(_)) => return Ended::Over,
                Err(error @ LineError::TooLong) => {
                    return Ended::Refused(format!("watch {}: {error}", self.scope));
                }
            };
            let said = match event::read(self.scope.kind, &line) {
                Ok(Event::Put(object)) => {
                    version.clone_from(&object.meta().resource_version);
                    Some(Said::Put(object))
                }
                Ok(Event::Deleted(object)) => {
                    version.clone_from(&object.meta().resource_version);
                    Some(Said::Deleted(object))
                }
                Ok(Event::Bookmark(at)) => {
                    *version = at;
                    None
                }
                Ok(Event::Expired) => return Ended::Expired,
                Ok(Event::Error(words)) => return Ended::Failed(format!("watch {}: {words}", self.scope)),
                Err(words) => return Ended::Refused(format!("watch {}: {words}", self.scope)),
            };
            // It works: whatever ends it, the next one need not wait long.
            (self.waits, has_said) = (waits(self.times), true);
            if let Some(said) = said {
                self.say(said).await;
            }
        }
    }

    async fn say(&self, said: Said) {
        // Fails only while the discovery ends, and this with it.
        let _ = self.tell.send((self.at, said)).await;
    }

    /// Waits, longer each time, and not as long as others that failed at the same moment.
    async fn rest(&mut self) {
        let wait = self.waits.wait(Duration::ZERO).unwrap_or(self.times.waits.1);
        tokio::time::sleep(wait).await;
    }
}

fn waits(times: Times) -> Backoff {
    let mut policy = Policy::doubling(times.waits.0, times.waits.1);
    policy.spread = (0.5, 1.0);
    Backoff::unseeded(policy)
}
