//! Which protocol a destination speaks.

use std::sync::{Mutex, PoisonError};

use crate::settings::Protocol;
use crate::wire::Message;

/// What the receiver has shown so far. All shards of a destination share it.
#[derive(Debug)]
pub(crate) struct Negotiation {
    protocol: Protocol,
    known: Mutex<Option<Message>>,
}

impl Negotiation {
    pub(crate) fn new(protocol: Protocol) -> Self {
        Self { protocol, known: Mutex::default() }
    }

    /// What to send now.
    pub(crate) fn message(&self) -> Message {
        match self.protocol {
            Protocol::V1 => Message::V1,
            Protocol::V2 => Message::V2,
            Protocol::Auto => self.known().unwrap_or(Message::V2),
        }
    }

    /// The receiver took the message, or showed that it knows it.
    pub(crate) fn took(&self, message: Message) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(message);
    }

    /// Whether 1.0 is worth a try after a receiver that did not take this message.
    pub(crate) fn can_fall_back(&self, from: Message) -> bool {
        self.protocol == Protocol::Auto && from == Message::V2
    }

    /// Whether nothing is known yet, so that even a 400 may only mean "not this protocol".
    pub(crate) fn is_open(&self) -> bool {
        self.known().is_none()
    }

    fn known(&self) -> Option<Message> {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
