use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::http1::SendRequest;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::connect::{Connector, Driver};
use super::{Body, SendError};
use crate::Error;

/// Unused connections are closed after it, before most servers and middle boxes do.
const IDLE_FOR: Duration = Duration::from_secs(90);

/// Connections that each carry one call at a time.
pub(crate) struct Pool {
    idle: Arc<Mutex<Vec<Connection>>>,
    slots: Arc<Semaphore>,
}

struct Connection {
    sender: SendRequest<Body>,
    _driver: Driver,
    used: Option<Instant>,
}

/// The right to have one connection open and in use.
pub(crate) struct Slot(OwnedSemaphorePermit);

pub(crate) struct Lease {
    connection: Connection,
    idle: Arc<Mutex<Vec<Connection>>>,
    slot: Slot,
}

impl Pool {
    pub(crate) fn new(max_connections: usize) -> Self {
        Self { idle: Arc::default(), slots: Arc::new(Semaphore::new(max_connections)) }
    }

    /// Waits until fewer than the most connections are in use.
    pub(crate) async fn slot(&self) -> Slot {
        Slot(Arc::clone(&self.slots).acquire_owned().await.expect("the semaphore is never closed"))
    }

    /// The connection that was used last, or a new one.
    pub(crate) async fn checkout(&self, slot: Slot, connector: &Connector) -> Result<Lease, Error> {
        while let Some(mut connection) = self.pop() {
            // Its task may still have the end of the last answer to process.
            if connection.sender.ready().await.is_ok() {
                return Ok(self.lease(connection, slot));
            }
        }
        self.open(slot, connector).await
    }

    /// A new connection. Those at rest are as old as the one that failed, so they are given up.
    pub(crate) async fn fresh(&self, slot: Slot, connector: &Connector) -> Result<Lease, Error> {
        self.lock().clear();
        self.open(slot, connector).await
    }

    async fn open(&self, slot: Slot, connector: &Connector) -> Result<Lease, Error> {
        // Rare and large: in a box it does not make the future of every call large.
        let (sender, driver) = Box::pin(connector.http1()).await?;
        Ok(self.lease(Connection { sender, _driver: driver, used: None }, slot))
    }

    fn pop(&self) -> Option<Connection> {
        let mut idle = self.lock();
        let connection = idle.pop()?;
        if connection.used.is_some_and(|used| used.elapsed() > IDLE_FOR) {
            // All below it were used even earlier.
            idle.clear();
            return None;
        }
        Some(connection)
    }

    fn lease(&self, connection: Connection, slot: Slot) -> Lease {
        Lease { connection, idle: Arc::clone(&self.idle), slot }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl super::Lease for Lease {
    fn is_reused(&self) -> bool {
        self.connection.used.is_some()
    }

    fn send(
        &mut self,
        request: Request<Body>,
    ) -> impl Future<Output = Result<Response<Incoming>, SendError>> + Send {
        self.connection.sender.try_send_request(request)
    }

    fn answered(&mut self) {}

    fn finish(self) {
        let Self { mut connection, idle, slot } = self;
        if !connection.sender.is_closed() {
            connection.used = Some(Instant::now());
            idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        }
        // Whoever waits for the slot finds the connection.
        drop(slot.0);
    }
}
