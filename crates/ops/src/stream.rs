//! Answers that are written, not kept: a writer on a thread of its own, a body at the other end.

use std::io::{self, Write};
use std::time::Duration;

use axum::body::{Body, Bytes};
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, header};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

/// How much is sent at a time.
const CHUNK_BYTES: usize = 64 << 10;
/// How many chunks may wait for the reader.
const CHUNKS: usize = 4;

/// What a reader may ask of the writer.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct StreamLimits {
    /// The most bytes of the body, before compression.
    pub max_bytes: u64,
    /// How long the reader may take for a chunk of 64 KiB.
    pub patience: Duration,
}

impl Default for StreamLimits {
    fn default() -> Self {
        Self { max_bytes: 1 << 30, patience: Duration::from_secs(30) }
    }
}

/// Whether an answer may be compressed with gzip.
pub fn accepts_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = weight.trim().strip_prefix("q=").map(str::parse::<f32>);
        name.trim().eq_ignore_ascii_case("gzip") && !matches!(weight, Some(Ok(0.0) | Err(_)))
    })
}

/// A body of what `write` writes, as it is written; compressed if `gzip`. `write` runs on a thread
/// for blocking work. If it fails, exceeds a limit, or nobody reads, the body ends with an error, so
/// that what came so far is not taken for the whole.
///
/// Runs on tokio's current runtime, and panics outside one.
pub fn written_body(
    gzip: bool,
    limits: StreamLimits,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()> + Send + 'static,
) -> Body {
    let (sender, receiver) = mpsc::channel(CHUNKS);
    let chunks = Chunks { sender, runtime: Handle::current(), patience: limits.patience, chunk: Vec::new() };
    tokio::task::spawn_blocking(move || {
        let sender = chunks.sender.clone();
        let written = if gzip {
            compressed(chunks, limits.max_bytes, write)
        } else {
            plain(chunks, limits.max_bytes, write)
        };
        if let Err(error) = written {
            tracing::debug!(%error, "an answer was cut off");
            // If nobody reads, nobody needs to know.
            let _gone = sender.try_send(Err(error));
        }
    });
    Body::from_stream(ReceiverStream::new(receiver))
}

fn plain(
    chunks: Chunks,
    max_bytes: u64,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let mut bounded = Bounded { out: chunks, left: max_bytes };
    write(&mut bounded)?;
    bounded.out.send()
}

fn compressed(
    chunks: Chunks,
    max_bytes: u64,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let mut bounded = Bounded { out: GzEncoder::new(chunks, Compression::fast()), left: max_bytes };
    write(&mut bounded)?;
    bounded.out.finish()?.send()
}

/// Sends what is written in chunks.
struct Chunks {
    sender: mpsc::Sender<io::Result<Bytes>>,
    runtime: Handle,
    patience: Duration,
    chunk: Vec<u8>,
}

impl Chunks {
    fn send(&mut self) -> io::Result<()> {
        if self.chunk.is_empty() {
            return Ok(());
        }
        let chunk = Bytes::from(std::mem::replace(&mut self.chunk, Vec::with_capacity(CHUNK_BYTES)));
        let sent = self.sender.send(Ok(chunk));
        match self.runtime.block_on(async { tokio::time::timeout(self.patience, sent).await }) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(io::Error::new(io::ErrorKind::BrokenPipe, "the reader is gone")),
            Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "the reader does not read")),
        }
    }
}

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.chunk.len() >= CHUNK_BYTES {
            self.send()?;
        }
        let taken = bytes.len().min(CHUNK_BYTES - self.chunk.len());
        self.chunk.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    /// Small pieces are not sent alone.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Bounded<W> {
    out: W,
    left: u64,
}

impl<W: Write> Write for Bounded<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.left = self.left.checked_sub(written as u64).ok_or_else(|| {
            io::Error::new(io::ErrorKind::FileTooLarge, "the answer is larger than allowed")
        })?;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;
    use http::HeaderValue;
    use http_body_util::BodyExt;

    use super::*;

    fn lines(count: usize) -> impl FnOnce(&mut dyn Write) -> io::Result<()> + Send + 'static {
        move |out| (0..count).try_for_each(|line| writeln!(out, "line {line}"))
    }

    fn text(count: usize) -> Vec<u8> {
        let mut text = Vec::new();
        lines(count)(&mut text).unwrap();
        text
    }

    #[tokio::test]
    async fn all_that_is_written_arrives() {
        let body = written_body(false, StreamLimits::default(), lines(100_000));
        assert_eq!(body.collect().await.unwrap().to_bytes(), text(100_000));

        let body = written_body(true, StreamLimits::default(), lines(100_000));
        let compressed = body.collect().await.unwrap().to_bytes();
        let mut read = Vec::new();
        GzDecoder::new(&compressed[..]).read_to_end(&mut read).unwrap();
        assert_eq!(read, text(100_000));
    }

    #[tokio::test]
    async fn a_body_that_is_cut_off_says_so() {
        let limits = StreamLimits { max_bytes: 1000, ..StreamLimits::default() };
        assert!(written_body(false, limits, lines(1000)).collect().await.is_err());

        let fails = |out: &mut dyn Write| {
            out.write_all(b"so far")?;
            Err(io::Error::other("no further"))
        };
        assert!(written_body(false, StreamLimits::default(), fails).collect().await.is_err());
    }

    #[tokio::test]
    async fn the_writer_ends_when_nobody_reads() {
        let (ended, end) = tokio::sync::oneshot::channel();
        let limits = StreamLimits { patience: Duration::from_millis(10), ..StreamLimits::default() };
        let body = written_body(false, limits, move |out| {
            let written = lines(1_000_000)(out);
            let _ = ended.send(written.as_ref().map_err(io::Error::kind).copied());
            written
        });
        assert_eq!(end.await.unwrap(), Err(io::ErrorKind::TimedOut));
        drop(body);

        let (ended, end) = tokio::sync::oneshot::channel();
        drop(written_body(false, StreamLimits::default(), move |out| {
            let written = lines(1_000_000)(out);
            let _ = ended.send(written.as_ref().map_err(io::Error::kind).copied());
            written
        }));
        assert_eq!(end.await.unwrap(), Err(io::ErrorKind::BrokenPipe));
    }

    #[test]
    fn gzip_where_it_is_accepted() {
        let check = |value: &'static str, expect: bool| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(value));
            assert_eq!(accepts_gzip(&headers), expect, "{value}");
        };
        check("gzip", true);
        check("br, GZIP;q=0.5", true);
        check("gzip;q=0", false);
        check("gzip; q=0.0", false);
        check("br, deflate", false);
        check("", false);
        assert!(!accepts_gzip(&HeaderMap::new()));
    }
}
