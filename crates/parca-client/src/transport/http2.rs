use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::http2::SendRequest;
use tokio::sync::Notify;

use super::connect::{Connector, Driver};
use super::{Body, SendError};
use crate::Error;

/// Calls in flight on every connection from which another is opened: one connection is one task and one lock.
const CROWDED: usize = 200;
/// After so many calls in a row without any answer a connection gets no new ones: the path it
/// takes may be dead without either end knowing.
const MAX_UNANSWERED: u32 = 3;

/// Connections that each carry many calls.
pub(crate) struct Pool {
    shared: Arc<Shared>,
    max_connections: usize,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// A call or an opening ended.
    changed: Notify,
}

#[derive(Default)]
struct State {
    connections: Vec<Arc<Connection>>,
    /// Only one is opened at a time: calls that start together share it.
    is_opening: bool,
}

struct Connection {
    sender: SendRequest<Body>,
    _driver: Driver,
    /// How many calls at a time the server takes.
    streams: Arc<AtomicUsize>,
    in_flight: AtomicUsize,
    carried: AtomicUsize,
    unanswered: AtomicU32,
}

pub(crate) struct Lease {
    connection: Arc<Connection>,
    sender: SendRequest<Body>,
    shared: Arc<Shared>,
    is_reused: bool,
    is_sent: bool,
    is_answered: bool,
}

enum Choice {
    Use(Lease),
    Open,
    Wait,
}

impl Pool {
    pub(crate) fn new(max_connections: usize) -> Self {
        Self { shared: Arc::default(), max_connections }
    }

    /// A connection with room for a call; waits for one when all are full.
    pub(crate) async fn checkout(&self, connector: &Connector) -> Result<Lease, Error> {
        if let Choice::Use(lease) = self.choose(false) {
            return Ok(lease);
        }
        loop {
            let changed = self.shared.changed.notified();
            tokio::pin!(changed);
            // From here on a change is not missed.
            changed.as_mut().enable();
            match self.choose(true) {
                Choice::Use(lease) => return Ok(lease),
                Choice::Open => return self.open(Opening(&self.shared), connector).await,
                Choice::Wait => changed.await,
            }
        }
    }

    async fn open(&self, opening: Opening<'_>, connector: &Connector) -> Result<Lease, Error> {
        // Rare and large: in a box it does not make the future of every call large.
        let (sender, driver, streams) = Box::pin(connector.http2()).await?;
        let connection = Arc::new(Connection {
            sender,
            _driver: driver,
            streams,
            in_flight: AtomicUsize::new(0),
            carried: AtomicUsize::new(0),
            unanswered: AtomicU32::new(0),
        });
        let lease = self.lease(&connection);
        self.shared.lock().connections.push(connection);
        drop(opening);
        Ok(lease)
    }

    /// What a new call does. With `may_open`, `Open` obliges the caller to open.
    fn choose(&self, may_open: bool) -> Choice {
        let mut state = self.shared.lock();
        if state.connections.iter().any(|connection| connection.is_over()) {
            state.connections.retain(|connection| !connection.is_over());
        }
        let roomy = state.connections.iter().find(|c| c.in_flight() < CROWDED.min(c.limit()));
        if let Some(connection) = roomy {
            return Choice::Use(self.lease(connection));
        }
        if may_open && !state.is_opening && state.connections.len() < self.max_connections {
            state.is_opening = true;
            return Choice::Open;
        }
        let least = state.connections.iter().min_by_key(|connection| connection.in_flight());
        match least {
            Some(connection) if connection.in_flight() < connection.limit() => {
                Choice::Use(self.lease(connection))
            }
            _ => Choice::Wait,
        }
    }

    fn lease(&self, connection: &Arc<Connection>) -> Lease {
        connection.in_flight.fetch_add(1, Ordering::Relaxed);
        Lease {
            sender: connection.sender.clone(),
            shared: Arc::clone(&self.shared),
            is_reused: connection.carried.fetch_add(1, Ordering::Relaxed) > 0,
            connection: Arc::clone(connection),
            is_sent: false,
            is_answered: false,
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection {
    fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// A server that announces zero is only pausing; one call then waits inside h2.
    fn limit(&self) -> usize {
        self.streams.load(Ordering::Relaxed).max(1)
    }

    fn is_over(&self) -> bool {
        self.sender.is_closed() || self.unanswered.load(Ordering::Relaxed) >= MAX_UNANSWERED
    }
}

/// The right to open a connection; others may when it is dropped, whatever came of it.
struct Opening<'a>(&'a Shared);

impl Drop for Opening<'_> {
    fn drop(&mut self) {
        self.0.lock().is_opening = false;
        self.0.changed.notify_waiters();
    }
}

impl super::Lease for Lease {
    fn is_reused(&self) -> bool {
        self.is_reused
    }

    fn send(
        &mut self,
        request: Request<Body>,
    ) -> impl Future<Output = Result<Response<Incoming>, SendError>> + Send {
        self.is_sent = true;
        self.sender.try_send_request(request)
    }

    fn answered(&mut self) {
        self.is_answered = true;
        self.connection.unanswered.store(0, Ordering::Relaxed);
    }

    fn retire(&self) {
        self.connection.unanswered.store(MAX_UNANSWERED, Ordering::Relaxed);
    }

    fn finish(self) {}
}

impl Drop for Lease {
    fn drop(&mut self) {
        if self.is_sent && !self.is_answered {
            self.connection.unanswered.fetch_add(1, Ordering::Relaxed);
        }
        self.connection.in_flight.fetch_sub(1, Ordering::Relaxed);
        self.shared.changed.notify_one();
    }
}
