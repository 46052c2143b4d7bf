//! Room for what a body expands to.

use std::sync::Arc;

use super::exchange::Exchange;
use super::refusal::Refusal;
use super::{BodyRefused, ServeOptions};

/// Room for what the body of a request expands to, as an extension of each request of a server: what is taken belongs to
/// the same whole as the bytes of all bodies, and comes back when the request is answered.
#[derive(Clone, Debug)]
pub struct Room {
    exchange: Arc<Exchange>,
    options: ServeOptions,
}

impl Room {
    pub(super) fn new(exchange: Arc<Exchange>, options: &ServeOptions) -> Self {
        Self { exchange, options: *options }
    }

    /// Takes room for so many bytes more.
    ///
    /// # Errors
    /// All requests together hold as much as they may; the request is answered so, whatever its handler says.
    pub fn take(&self, bytes: usize) -> Result<(), BodyRefused> {
        if self.exchange.hold(bytes, self.options.request_bytes) {
            return Ok(());
        }
        self.exchange.refuse(Refusal::TooMuch);
        Err(Refusal::TooMuch.error(&self.options))
    }
}
