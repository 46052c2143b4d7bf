//! The body of an answer that a client takes its time to take.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body as Whole;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::activity::Open;

/// Bytes that are handed out at a time: what a client has to take within the patience it is given.
const PIECE: usize = 32 << 10;

/// A body in pieces, which notes whether they are taken. HTTP/2 asks for the next one when the client has room, HTTP/1.1
/// when the connection has.
pub(super) struct Answer {
    body: Whole,
    rest: Bytes,
    open: Open,
}

impl Answer {
    pub(super) fn new(body: Whole, open: Open) -> Self {
        Self { body, rest: Bytes::new(), open }
    }

    fn next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.rest.is_empty() {
            match Pin::new(&mut self.body).poll_frame(context) {
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => self.rest = data,
                    Err(other) => return Poll::Ready(Some(Ok(other))),
                },
                other => return other,
            }
        }
        let piece = self.rest.split_to(self.rest.len().min(PIECE));
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.open.taken();
        let next = self.next(context);
        if next.is_ready() {
            self.open.handed_out();
        }
        next
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (of_body, rest) = (self.body.size_hint(), self.rest.len() as u64);
        let mut hint = SizeHint::new();
        hint.set_lower(of_body.lower().saturating_add(rest));
        if let Some(upper) = of_body.upper() {
            hint.set_upper(upper.saturating_add(rest));
        }
        hint
    }
}
