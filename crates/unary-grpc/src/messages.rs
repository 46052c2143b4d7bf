//! The messages of a body of gRPC, within a size.

use std::collections::VecDeque;
use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use bytes::{BufMut, Bytes, BytesMut};
use http::Request;
use http_body::Frame;
use ops::{BodyRefused, Room};
use tonic::Status;

/// A flag, and the length of a message.
const HEAD_BYTES: usize = 5;
const COMPRESSED: u8 = 1;

/// A request of gRPC whose messages have at most `limit` bytes each, also once they are decompressed: those that
/// `grpc-encoding: gzip` speaks of are decompressed here, and take from the server's [`Room`] what they expand to. What
/// has more ends with `RESOURCE_EXHAUSTED` and the name of the limit, `request_size`.
pub fn bounded(mut request: Request<Body>, limit: usize) -> Request<Body> {
    let is_gzip = request.headers().get("grpc-encoding").is_some_and(|encoding| encoding == "gzip");
    if is_gzip {
        request.headers_mut().remove("grpc-encoding");
    }
    let room = request.extensions().get::<Room>().cloned();
    request.map(|body| Body::new(Messages::new(body, Rules { limit, is_gzip, room })))
}

struct Rules {
    limit: usize,
    is_gzip: bool,
    room: Option<Room>,
}

/// Where in a message the bytes are that come next.
enum Place {
    Head(BytesMut),
    /// So many bytes go on as they come.
    Plain(usize),
    /// So many bytes are decompressed when they are there.
    Packed(BytesMut, usize),
}

struct Messages {
    body: Body,
    rules: Rules,
    place: Place,
    out: VecDeque<Bytes>,
}

impl Messages {
    fn new(body: Body, rules: Rules) -> Self {
        Self { body, rules, place: Place::Head(BytesMut::new()), out: VecDeque::new() }
    }

    fn feed(&mut self, mut data: Bytes) -> Result<(), Status> {
        while !data.is_empty() {
            match &mut self.place {
                Place::Head(head) => {
                    head.put(data.split_to(data.len().min(HEAD_BYTES - head.len())));
                    if head.len() == HEAD_BYTES {
                        let head = head.split().freeze();
                        self.place = self.behind(head)?;
                    }
                }
                Place::Plain(left) => {
                    let piece = data.split_to(data.len().min(*left));
                    *left -= piece.len();
                    self.out.push_back(piece);
                }
                Place::Packed(packed, length) => {
                    packed.put(data.split_to(data.len().min(*length - packed.len())));
                }
            }
            self.end_message()?;
        }
        Ok(())
    }

    /// What comes behind a head. What is wrong with a flag is for the reader of messages to say.
    fn behind(&mut self, head: Bytes) -> Result<Place, Status> {
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
        if length > self.rules.limit {
            return Err(too_large(self.rules.limit, &format!("a message of {length}")));
        }
        if self.rules.is_gzip && head[0] == COMPRESSED {
            return Ok(Place::Packed(BytesMut::new(), length));
        }
        self.out.push_back(head);
        Ok(Place::Plain(length))
    }

    fn end_message(&mut self) -> Result<(), Status> {
        match &self.place {
            Place::Plain(0) => {}
            Place::Packed(packed, length) if packed.len() == *length => {
                let plain = self.rules.decompressed(packed)?;
                let mut head = BytesMut::with_capacity(HEAD_BYTES);
                head.put_u8(0);
                head.put_u32(u32::try_from(plain.len()).map_err(|_| too_large(self.rules.limit, "more"))?);
                self.out.extend([head.freeze(), plain]);
            }
            _ => return Ok(()),
        }
        self.place = Place::Head(BytesMut::new());
        Ok(())
    }

    fn is_between_messages(&self) -> bool {
        matches!(&self.place, Place::Head(head) if head.is_empty())
    }
}

impl Rules {
    fn decompressed(&self, packed: &[u8]) -> Result<Bytes, Status> {
        let plain = gunzip::at_most(self.limit, packed).map_err(|error| match error {
            gunzip::Error::TooLarge { .. } => too_large(self.limit, "more once decompressed"),
            error => Status::internal(format!("grpc-encoding: gzip: {error}")),
        })?;
        if let Some(room) = &self.room {
            room.take(plain.len()).map_err(|error| refused(&error))?;
        }
        Ok(plain.into())
    }
}

fn too_large(limit: usize, found: &str) -> Status {
    Status::resource_exhausted(format!(
        "request_size: expected messages of at most {limit} bytes, found {found}: send less at a time"
    ))
}

fn refused(error: &BodyRefused) -> Status {
    match error.is_too_much {
        true => Status::resource_exhausted(error.to_string()),
        false => Status::deadline_exceeded(error.to_string()),
    }
}

type BoxError = Box<dyn Error + Send + Sync>;

/// An error of a body, as a status where the server itself ended the body.
fn of_body(error: axum::Error) -> BoxError {
    let mut cause: Option<&(dyn Error + 'static)> = Some(&error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<BodyRefused>() {
            return refused(error).into();
        }
        cause = error.source();
    }
    error.into()
}

impl http_body::Body for Messages {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        loop {
            if let Some(piece) = self.out.pop_front() {
                return Poll::Ready(Some(Ok(Frame::data(piece))));
            }
            let frame = match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                Some(frame) => frame.map_err(of_body)?,
                None if self.is_between_messages() => return Poll::Ready(None),
                None => {
                    let words = "a body that ends in the middle of a message";
                    self.place = Place::Head(BytesMut::new());
                    return Poll::Ready(Some(Err(Status::internal(words).into())));
                }
            };
            match frame.into_data() {
                Ok(data) => self.feed(data)?,
                Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.out.is_empty() && self.is_between_messages() && self.body.is_end_stream()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::Write;

    use http_body_util::BodyExt;
    use proptest::prelude::*;
    use tonic::Code;

    use super::*;

    const LIMIT: usize = 1000;

    fn message(flag: u8, bytes: &[u8]) -> Vec<u8> {
        [&[flag][..], &u32::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat()
    }

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(bytes).unwrap();
        packer.finish().unwrap()
    }

    /// What comes of a body that is sent in pieces of so many bytes.
    async fn read(encoding: Option<&str>, bytes: &[u8], piece: usize) -> Result<Vec<u8>, Status> {
        let pieces: Vec<_> =
            bytes.chunks(piece).map(|piece| Ok::<_, BoxError>(Bytes::copy_from_slice(piece))).collect();
        let mut request = Request::post("/a.B/C");
        if let Some(encoding) = encoding {
            request = request.header("grpc-encoding", encoding);
        }
        let request = request.body(Body::from_stream(tokio_stream::iter(pieces))).unwrap();
        let body = bounded(request, LIMIT).into_body().collect().await;
        body.map(|body| body.to_bytes().to_vec()).map_err(|error| Status::from_error(error.into()))
    }

    #[tokio::test]
    async fn messages_are_as_long_as_allowed_before_and_after_they_are_expanded() {
        let check = async |encoding: Option<&str>, bytes: &[u8], expect: Result<Vec<u8>, (Code, &str)>| {
            for piece in [1, 3, 5, 7, 10_000] {
                let found = read(encoding, bytes, piece).await;
                let found = found.map_err(|status| (status.code(), status.message().to_owned()));
                match (&found, &expect) {
                    (Ok(found), Ok(expect)) => assert_eq!(found, expect),
                    (Err((code, words)), Err((expect, part))) => {
                        assert!(code == expect && words.contains(part), "{code:?} {words}");
                    }
                    _ => panic!("{found:?} is not {expect:?}"),
                }
            }
        };
        let [full, long] = [[1; LIMIT].as_slice(), &[1; LIMIT + 1]];
        let two = [message(0, full), message(0, b"")].concat();
        check(None, &two, Ok(two.clone())).await;
        check(None, b"", Ok(Vec::new())).await;
        let gzip = Some("gzip");
        check(gzip, &[message(1, &packed(full)), message(0, b"x")].concat(), {
            Ok([message(0, full), message(0, b"x")].concat())
        })
        .await;
        check(gzip, &message(1, &packed(b"")), Ok(message(0, b""))).await;
        // Others than gzip are for the reader to refuse.
        for encoding in [None, Some("zstd")] {
            check(encoding, &message(1, b"packed"), Ok(message(1, b"packed"))).await;
        }
        check(None, &message(7, b"x"), Ok(message(7, b"x"))).await;

        let exhausted = Code::ResourceExhausted;
        check(None, &message(0, long), Err((exhausted, "at most 1000 bytes, found a message of 1001"))).await;
        check(None, &[0, 0xff, 0xff, 0xff, 0xff], Err((exhausted, "request_size: "))).await;
        check(gzip, &message(1, &packed(long)), Err((exhausted, "found more once decompressed"))).await;
        check(gzip, &message(1, b"no gzip"), Err((Code::Internal, "expected bytes compressed with gzip")))
            .await;
        check(gzip, &message(1, b""), Err((Code::Internal, "gzip"))).await;
        for bytes in [&two[..3], &two[..500]] {
            check(None, bytes, Err((Code::Internal, "ends in the middle"))).await;
        }
        check(gzip, &message(1, &packed(full))[..10], Err((Code::Internal, "ends in the middle"))).await;
    }

    proptest! {
        #[test]
        fn any_bytes_are_messages_or_an_error(
            bytes in prop::collection::vec(prop::sample::select(vec![0_u8, 1, 2, 9, 255]), 0..60),
            piece in 1..20_usize,
            is_gzip: bool,
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let read = runtime.block_on(read(is_gzip.then_some("gzip"), &bytes, piece));
            if let (Ok(read), false) = (read, is_gzip) {
                prop_assert_eq!(read, bytes);
            }
        }
    }
}
