//! Rubbish by gRPC and HTTP/2: each gets an answer or a closed stream, and the process and its memory stay.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use parca_proto::query::ProfileTypesRequest;
use prost::Message;
use test_support::{PATIENCE, http_get, http_request};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::crashes::{ended, memory};
use crate::grpc_web::{call, frame};
use crate::program;

const TYPES: &str = "/parca.query.v1alpha1.QueryService/ProfileTypes";
const WRITE: &str = "/parca.profilestore.v1alpha1.ProfileStoreService/Write";

type Pieces = StreamBody<tokio_stream::Iter<std::vec::IntoIter<Result<Frame<Bytes>, std::io::Error>>>>;

struct Http2(Client<HttpConnector, Pieces>);

/// What came of a request: the HTTP status, and that of gRPC, if there is one.
type Came = Result<(u16, Option<String>), String>;

impl Http2 {
    fn new() -> Self {
        Self(Client::builder(TokioExecutor::new()).http2_only(true).build_http())
    }

    async fn send(
        &self,
        request: http::request::Builder,
        frames: Vec<Result<Frame<Bytes>, std::io::Error>>,
    ) -> Came {
        let body = StreamBody::new(tokio_stream::iter(frames));
        let exchange = async {
            let answer =
                self.0.request(request.body(body).unwrap()).await.map_err(|error| error.to_string())?;
            let (status, head) = (answer.status().as_u16(), answer.headers().get("grpc-status").cloned());
            let body = answer.into_body().collect().await.map_err(|error| error.to_string())?;
            let trailer = body.trailers().and_then(|trailers| trailers.get("grpc-status")).cloned();
            Ok((status, head.or(trailer).map(|status| status.to_str().unwrap().to_owned())))
        };
        timeout(PATIENCE, exchange).await.expect("an answer, or a closed stream")
    }

    async fn post(&self, address: SocketAddr, headers: &[(&str, &str)], body: &[u8]) -> Came {
        let mut request =
            Request::post(format!("http://{address}{TYPES}")).header("content-type", "application/grpc");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request, vec![Ok(Frame::data(Bytes::copy_from_slice(body)))]).await
    }
}

fn good() -> Vec<u8> {
    frame(0, &ProfileTypesRequest::default().encode_to_vec())
}

/// What is sent, with which headers, and the statuses of gRPC that are right.
type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], Vec<u8>, &'a [&'a str]);

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_are_none_have_a_status() {
    let (process, address) = program(&[]).await;
    let http2 = Http2::new();
    let long = "x".repeat(5000);
    let long = [("grpc-encoding", long.as_str())];
    let cases: Vec<Case<'_>> = vec![
        ("a good one", &[], good(), &["0"]),
        ("nothing", &[], vec![], &["13"]),
        ("half a head", &[], vec![0, 0, 0], &["13"]),
        ("a length that lies", &[], [&[0, 0, 0, 1, 0][..], b"x"].concat(), &["13"]),
        ("a length beyond the limit", &[], vec![0, 4, 0, 0, 1], &["8"]),
        ("the longest length", &[], vec![0, 255, 255, 255, 255], &["8"]),
        ("two messages", &[], [good(), good()].concat(), &["0", "13"]),
        ("no protobuf", &[], frame(0, &[0xff; 100]), &["13"]),
        ("compressed, and no word by what", &[], frame(1, b"x"), &["13"]),
        ("compressed by identity", &[("grpc-encoding", "identity")], frame(1, b"x"), &["13"]),
        ("a flag that is none", &[], frame(7, b""), &["13"]),
        ("what is no gzip", &[("grpc-encoding", "gzip")], frame(1, b"no gzip"), &["13"]),
        ("gzip that says it is none", &[("grpc-encoding", "gzip")], good(), &["0"]),
        ("zstd", &[("grpc-encoding", "zstd")], frame(1, b"x"), &["12"]),
        ("snappy", &[("grpc-encoding", "snappy")], frame(1, b"x"), &["12"]),
        ("a compression with a long name", &long, frame(1, b"x"), &["12"]),
        ("what is accepted is unknown", &[("grpc-accept-encoding", "br,,;q=x")], good(), &["0"]),
    ];
    for (what, headers, body, expect) in cases {
        let (status, grpc) = http2.post(address, headers, &body).await.unwrap();
        assert!(
            status == 200 && expect.contains(&grpc.as_deref().unwrap_or("none")),
            "{what}: {status} {grpc:?}"
        );
    }
    let digits = "9".repeat(3000);
    let times =
        ["1S", "100m", "0n", "0S", "99999999H", "-1S", "1", "S", "1X", "1.5S", "9999999999S", " 1S", &digits];
    for time in times {
        let came = http2.post(address, &[("grpc-timeout", time)], &good()).await;
        // A time that is none is no reason to answer nothing; one that is over may end it.
        assert!(
            matches!(came, Ok((200, Some(ref status))) if status == "0" || status == "4"),
            "{time}: {came:?}"
        );
    }
    ended(process).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_none_of_grpc_are_answered() {
    let (process, address) = program(&[]).await;
    let http2 = Http2::new();
    let uri = |path: &str| format!("http://{address}{path}");
    for method in ["GET", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH", "BREW"] {
        let request =
            Request::builder().method(method).uri(uri(TYPES)).header("content-type", "application/grpc");
        let came = http2.send(request, vec![]).await;
        assert!(matches!(came, Ok((status, _)) if status < 500), "{method}: {came:?}");
    }
    let paths =
        ["/", "//", "/a", "/a/b", "/a/b/c", "/parca.query.v1alpha1.QueryService/", "/querier.v1.Other/X"];
    let pushes =
        ["/push.v1.PusherService/Other", "/parca.scrape.v1alpha1.Other/X", "/grpc.health.v1.Health/Other"];
    for path in paths.into_iter().chain(pushes) {
        let request = Request::post(uri(path)).header("content-type", "application/grpc");
        let came = http2.send(request, vec![Ok(Frame::data(good().into()))]).await.unwrap();
        assert_eq!(came, (200, Some("12".to_owned())), "{path}");
    }
    for kind in ["application/grpc+proto", "application/grpc;charset=utf-8", "application/grpc+json"] {
        let request = Request::post(uri(TYPES)).header("content-type", kind);
        let came = http2.send(request, vec![Ok(Frame::data(good().into()))]).await.unwrap();
        assert_eq!(came, (200, Some("0".to_owned())), "{kind}");
    }
    // Trailers behind a question say nothing.
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", "7".parse().unwrap());
    let frames = vec![Ok(Frame::data(good().into())), Ok(Frame::trailers(trailers))];
    let request = Request::post(uri(TYPES)).header("content-type", "application/grpc");
    assert_eq!(http2.send(request, frames).await, Ok((200, Some("0".to_owned()))));
    // A body that is given up.
    for _ in 0..200 {
        let broken = || Err(std::io::Error::other("given up"));
        let frames = vec![Ok(Frame::data(Bytes::from_static(&[0, 0, 0, 9, 0, 1]))), broken()];
        let request = Request::post(uri(WRITE)).header("content-type", "application/grpc");
        let came = http2.send(request, frames).await;
        assert!(came.is_err() || came == Ok((200, Some("1".to_owned()))), "{came:?}");
    }
    assert_eq!(call(address, TYPES, &[vec![]]).await.status, 0);
    ended(process).await;
}

#[tokio::test]
async fn other_forms_of_grpc_are_served_or_refused_in_words() {
    let (process, address) = program(&[]).await;
    let web = async |kind: &str, body: &[u8]| {
        let answer = http_request(address, "POST", TYPES, &[("content-type", kind)], body).await.unwrap();
        (answer.status, answer.header("content-type").unwrap_or("").to_owned(), answer)
    };
    let binary = "application/grpc-web+proto";
    for kind in [
        "application/grpc-web",
        binary,
        "application/grpc-web+json",
        "application/grpc-web+proto; charset=utf-8",
    ] {
        let (status, answered, answer) = web(kind, &good()).await;
        let is_good = answer.body.ends_with(b"grpc-status:0\r\n");
        assert!(status == 200 && answered == binary && is_good, "{kind}: {answer:?}");
    }
    for kind in ["application/grpc-web-text", "application/grpc-web-text+proto"] {
        let (status, answered, answer) = web(kind, b"AAAAAAA=").await;
        assert!(status == 200 && answered == "application/grpc-web-text+proto", "{answer:?}");
        // `grpc-status:0`, a line, as its own piece of base64.
        assert!(answer.text().ends_with("gAAAAA9ncnBjLXN0YXR1czowDQo="), "{}", answer.text());
        for rubbish in [&b"AAAA*AA="[..], b"AAA", b"\xff\xff\xff\xff"] {
            let (status, _, answer) = web(kind, rubbish).await;
            assert!(status == 200 && answer.header("grpc-status") == Some("13"), "{answer:?}");
        }
    }
    // Native gRPC needs HTTP/2, as there.
    let (status, _, answer) = web("application/grpc", &good()).await;
    assert_eq!((status, answer.text().as_str()), (505, "gRPC requires HTTP/2\n"));
    let upgrade =
        [("connection", "Upgrade, HTTP2-Settings"), ("upgrade", "h2c"), ("http2-settings", "AAMAAABk")];
    assert_eq!(http_get(address, "/healthz", &upgrade).await.unwrap().status, 200);
    ended(process).await;
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A frame of HTTP/2.
fn h2(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// The head of `POST /` for `localhost`, a field after the other.
const POST: &[u8] = b"\x83\x86\x84\x41\x09localhost";
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const PRIORITY: u8 = 2;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PUSH_PROMISE: u8 = 5;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;
const END_HEADERS: u8 = 4;

/// What no client sends, behind the preface.
fn frames() -> Vec<(&'static str, Vec<u8>)> {
    let settings = h2(SETTINGS, 0, 0, &[]);
    let behind = |frames: &[Vec<u8>]| [settings.clone(), frames.concat()].concat();
    let opened: Vec<u8> = (0..3000_u32)
        .flat_map(|at| {
            [h2(HEADERS, END_HEADERS, 2 * at + 1, POST), h2(RST_STREAM, 0, 2 * at + 1, &[0, 0, 0, 8])]
        })
        .flatten()
        .collect();
    let endless: Vec<u8> =
        (0..2000).flat_map(|_| h2(CONTINUATION, 0, 1, &[0x40, 1, b'a', 1, b'b'])).collect();
    let bomb: Vec<u8> = [POST, &[0x40, 1, b'a', 0x7f, 0x80, 0x3e], &[b'x'; 8063], &[0xbe; 8000]].concat();
    vec![
        ("no settings", h2(PING, 0, 0, &[0; 8])),
        ("a frame that is too long", behind(&[h2(DATA, 0, 1, &[0; 20_000])])),
        ("data of a stream that is not there", behind(&[h2(DATA, 0, 1, &[0])])),
        ("a head of no stream", behind(&[h2(HEADERS, END_HEADERS, 0, POST)])),
        ("a head of an even stream", behind(&[h2(HEADERS, END_HEADERS, 2, POST)])),
        ("fields that are not there", behind(&[h2(HEADERS, END_HEADERS, 1, &[0xff, 0xff, 0xff, 0x7f])])),
        ("no fields", behind(&[h2(HEADERS, END_HEADERS, 1, &[])])),
        (
            "fields in a forbidden order",
            behind(&[h2(HEADERS, END_HEADERS, 1, &[0x40, 1, b'a', 1, b'b', 0x83])]),
        ),
        (
            "a name in capitals",
            behind(&[h2(HEADERS, END_HEADERS, 1, &[POST, &[0x40, 1, b'A', 1, b'b']].concat())]),
        ),
        ("a field of thousands", behind(&[h2(HEADERS, END_HEADERS, 1, &bomb)])),
        ("a head without an end", behind(&[h2(HEADERS, 0, 1, POST), endless])),
        ("settings of a half", behind(&[h2(SETTINGS, 0, 0, &[0, 1, 0])])),
        ("an endless window", behind(&[h2(SETTINGS, 0, 0, &[0, 4, 255, 255, 255, 255])])),
        ("no window", behind(&[h2(WINDOW_UPDATE, 0, 0, &[0; 4])])),
        ("half a ping", behind(&[h2(PING, 0, 0, &[0; 7])])),
        ("a promise", behind(&[h2(PUSH_PROMISE, END_HEADERS, 1, &[0, 0, 0, 2])])),
        ("a priority over itself", behind(&[h2(PRIORITY, 0, 1, &[0, 0, 0, 1, 0])])),
        ("the end", behind(&[h2(GOAWAY, 0, 0, &[0; 8])])),
        ("a kind that is none", behind(&[h2(200, 255, 1, &[1; 100])])),
        ("streams that are reset at once", behind(&[opened])),
        ("random bytes", (0..5000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect()),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_that_are_none_end_their_connection_and_nothing_else() {
    let (process, address) = program(&["--slow-client-timeout", "1s"]).await;
    let before = memory(address).await;
    for (what, bytes) in frames() {
        let (mut read, mut write) = TcpStream::connect(address).await.unwrap().into_split();
        // Whoever is cut off need not have been read to the end.
        let sent = async { [write.write_all(PREFACE).await, write.write_all(&bytes).await] };
        let came = async {
            let mut answer = Vec::new();
            let _ = read.read_to_end(&mut answer).await;
        };
        let closed = timeout(PATIENCE, async { tokio::join!(sent, came) }).await;
        assert!(closed.is_ok(), "{what}: the connection stays open");
        assert_eq!(call(address, TYPES, &[vec![]]).await.status, 0, "after {what}");
    }
    // Lines of HTTP/1.1 that are none.
    let long = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(1 << 20));
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(10_000));
    let lines = [
        "GET / HTTP/9.9\r\n\r\n",
        "\0\0\0\0\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/1.1\r\nHost\r\n\r\n",
        &long,
        &many,
    ];
    for text in lines {
        let (mut read, mut write) = TcpStream::connect(address).await.unwrap().into_split();
        let sent = write.write_all(text.as_bytes());
        let mut answer = Vec::new();
        let came = read.read_to_end(&mut answer);
        let closed = timeout(PATIENCE, async { tokio::join!(sent, came) }).await;
        let shown = &text[..text.len().min(30)];
        assert!(closed.is_ok(), "{shown:?}: the connection stays open");
        assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 4"), "{shown:?}");
    }
    let after = memory(address).await;
    assert!(after < before + f64::from(200 << 20), "{before} bytes, then {after}");
    ended(process).await;
}
