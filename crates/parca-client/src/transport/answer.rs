use bytes::Bytes;
use http::response::Parts;
use http::{HeaderMap, Response, header};
use http_body::Body as _;
use http_body_util::BodyExt;
use hyper::body::Incoming;

use super::frame::{FrameReader, Keep, Message};
use super::{decompress, status};
use crate::{Code, Error};

/// How much of an HTTP error's page is quoted.
const MAX_QUOTE_BYTES: usize = 300;
const MAX_TRAILER_BYTES: usize = 256 * 1024;

/// An answer whose head has come.
pub(crate) struct Answer {
    head: Parts,
    body: Incoming,
    keep: Keep,
    limit: usize,
    is_complete: bool,
}

/// Why there is no message.
pub(crate) enum Unread {
    /// The server said so, or what it said breaks the protocol.
    Said(Error),
    /// The connection broke.
    Broken(hyper::Error),
}

impl From<Error> for Unread {
    fn from(error: Error) -> Self {
        Self::Said(error)
    }
}

impl Answer {
    pub(crate) fn new(response: Response<Incoming>, keep: Keep, limit: usize) -> Self {
        let (head, body) = response.into_parts();
        Self { head, body, keep, limit, is_complete: false }
    }

    /// Whether the body was read to its end, so that the connection is free for another call.
    pub(crate) fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// Reads the whole answer, adding the bytes of its body to `bytes_in` as they come.
    pub(crate) async fn read(
        &mut self,
        content_type: &'static str,
        bytes_in: &mut u64,
    ) -> Result<Option<Message>, Unread> {
        if self.head.status != http::StatusCode::OK {
            return Err(self.http_error(bytes_in).await.into());
        }
        check_content_type(&self.head.headers, content_type)?;
        let is_gzip = is_gzip(&self.head.headers)?;
        let mut reader = FrameReader::new(self.keep, self.limit);
        let mut trailers = None;
        while let Some(frame) = self.body.frame().await {
            let frame = frame.map_err(Unread::Broken)?;
            match frame.into_data() {
                Ok(data) => {
                    *bytes_in += data.len() as u64;
                    reader.push(data)?;
                }
                Err(frame) => trailers = frame.into_trailers().ok().or(trailers),
            }
        }
        self.is_complete = true;
        Ok(outcome(&self.head.headers, trailers.as_ref(), reader, is_gzip)?)
    }

    /// The error that an HTTP status means, with the start of the page as its message.
    async fn http_error(&mut self, bytes_in: &mut u64) -> Error {
        let status = self.head.status;
        let mut page = Vec::new();
        while page.len() < MAX_QUOTE_BYTES
            && let Some(Ok(frame)) = self.body.frame().await
        {
            if let Ok(data) = frame.into_data() {
                *bytes_in += data.len() as u64;
                page.extend_from_slice(&data[..data.len().min(MAX_QUOTE_BYTES)]);
            }
        }
        self.is_complete = self.body.is_end_stream();
        let page = quote(&page);
        let separator = if page.is_empty() { "" } else { ": " };
        let error =
            Error::new(Code::of_http_status(status.as_u16()), format!("HTTP {status}{separator}{page}"));
        match http_hint(status.as_u16(), &page) {
            Some(hint) => error.with_hint(hint),
            None => error,
        }
    }
}

fn http_hint(status: u16, page: &str) -> Option<&'static str> {
    match status {
        300..=399 => Some("the server redirects, which is not followed: use the address it points to"),
        400 if page.contains("HTTPS") => Some("this is a TLS port: use https://"),
        401 | 403 => Some("is the token right, and is it meant for this server?"),
        404 => Some("no Parca answers under this path: check the URL and its path prefix"),
        _ => None,
    }
}

/// The start of a page on one line, without control characters.
fn quote(page: &[u8]) -> String {
    let text = String::from_utf8_lossy(&page[..page.len().min(MAX_QUOTE_BYTES)]);
    let printable = |c: char| if c.is_control() { ' ' } else { c };
    text.trim().chars().map(printable).collect()
}

fn check_content_type(headers: &HeaderMap, expect: &'static str) -> Result<(), Error> {
    let found = headers.get(header::CONTENT_TYPE).map_or(&[][..], |value| value.as_bytes());
    let rest = found.strip_prefix(expect.as_bytes());
    let fits = rest.is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';' | b' ')));
    // A proxy that fails a call may report a gRPC status under any type.
    if fits || headers.contains_key("grpc-status") {
        return Ok(());
    }
    let text = format!("expected the content type `{expect}`, found `{}`", quote(found));
    Err(Error::new(Code::Unknown, text)
        .with_hint("is this the address of a Parca? another server answers there"))
}

fn is_gzip(headers: &HeaderMap) -> Result<bool, Error> {
    match headers.get("grpc-encoding").map(|value| value.as_bytes()) {
        None | Some(b"" | b"identity") => Ok(false),
        Some(b"gzip") => Ok(true),
        Some(other) => {
            let text = format!("expected no compression or gzip, found `{}`", quote(other));
            Err(Error::new(Code::Internal, text))
        }
    }
}

/// What the whole answer says: the trailers decide, wherever they stood.
fn outcome(
    headers: &HeaderMap,
    trailers: Option<&HeaderMap>,
    reader: FrameReader,
    is_gzip: bool,
) -> Result<Option<Message>, Error> {
    let from_http = trailers.and_then(status::of_headers);
    let frames = match reader.finish() {
        Ok(frames) => frames,
        // A server that gave up in the middle of a message and said why is believed.
        Err(error) => return Err(from_http.and_then(Result::err).unwrap_or(error)),
    };
    let block = frames.trailers.map(|message| plain_trailers(message, is_gzip)).transpose()?;
    let said = from_http
        .or_else(|| status::of_trailer_block(block.as_deref()?))
        .or_else(|| status::of_headers(headers));
    said.unwrap_or_else(|| {
        Err(Error::new(Code::Internal, "expected a grpc-status at the end of the answer, found none"))
    })?;
    if frames.messages == 0 {
        return Err(Error::new(Code::Unimplemented, "expected one message in the answer, found none"));
    }
    match frames.message {
        Some(message) if message.compressed && !is_gzip => Err(Error::new(
            Code::Internal,
            "expected a plain message, found one compressed without an encoding",
        )),
        message => Ok(message),
    }
}

fn plain_trailers(message: Message, is_gzip: bool) -> Result<Bytes, Error> {
    match message.compressed {
        false => Ok(message.bytes),
        true if is_gzip => decompress(&message.bytes, MAX_TRAILER_BYTES),
        true => Err(Error::new(
            Code::Internal,
            "expected plain trailers, found compressed ones without an encoding",
        )),
    }
}
