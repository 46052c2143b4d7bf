//! What strangers' bytes go through, for fuzz targets and property tests.

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;

use crate::sink::Pushed;
use crate::{ingest, push};

/// What a sink takes by default.
const LIMIT: usize = 64 << 20;

/// The profiles of an encoded `PushRequest`, where it has some.
pub fn push(bytes: &[u8]) -> Vec<Pushed> {
    push::read(Bytes::copy_from_slice(bytes), LIMIT).unwrap_or_default()
}

/// The profiles of a request to `/ingest` with this format, content type and body.
pub fn ingest(format: &str, content_type: &str, body: &[u8]) -> Vec<Pushed> {
    let mut headers = HeaderMap::new();
    if let Ok(kind) = content_type.parse() {
        headers.insert(CONTENT_TYPE, kind);
    }
    let pairs = [("name", "app.cpu{a=b}"), ("format", format)]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    ingest::profiles(pairs.to_vec(), &headers, Bytes::copy_from_slice(body), LIMIT).unwrap_or_default()
}
