#![allow(clippy::unwrap_used)]

use std::io::ErrorKind;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::routing::{get, post};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{Room, ServeOptions, bind, serve};

/// The server that a test talks to; it stops with this.
struct Served {
    address: String,
    _stop: DropGuard,
}

/// Short enough to wait for.
fn short() -> ServeOptions {
    let patience = Duration::from_millis(200);
    ServeOptions { patience, idle: patience, ping_after: patience, ..ServeOptions::default() }
}

async fn served(routes: Router, options: ServeOptions) -> Served {
    let listener = bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let stop = CancellationToken::new();
    tokio::spawn(serve(listener, routes, stop.clone(), options));
    Served { address, _stop: stop.drop_guard() }
}

impl Served {
    async fn send(&self, head: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        stream
    }
}

/// What comes until the server closes the connection.
async fn all(mut stream: impl tokio::io::AsyncRead + Unpin) -> String {
    let mut bytes = Vec::new();
    match stream.read_to_end(&mut bytes).await {
        Ok(_) => {}
        // Bytes that nobody read any more were on their way to the server.
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        Err(error) => panic!("{error}"),
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

async fn until(stream: &mut TcpStream, end: &str) {
    let mut seen = Vec::new();
    while !String::from_utf8_lossy(&seen).contains(end) {
        seen.push(stream.read_u8().await.unwrap());
    }
}

fn reading() -> Router {
    Router::new().route("/", post(|body: Bytes| async move { format!("{} bytes\n", body.len()) }))
}

const HEAD: &str = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n";

#[tokio::test]
async fn a_body_that_trickles_is_refused_and_its_connection_closed() {
    let check = async |more: &str, expect: &[&str]| {
        let served = served(reading(), short()).await;
        let (read, mut write) = served.send(&format!("{HEAD}{more}\r\n")).await.into_split();
        let trickle = tokio::spawn(async move {
            let mut tick = tokio::time::interval(Duration::from_millis(5));
            while write.write_all(b"x").await.is_ok() {
                tick.tick().await;
            }
        });
        let answer = all(read).await;
        for words in expect {
            assert!(answer.contains(words), "{answer}");
        }
        trickle.await.unwrap();
    };
    check(
        "",
        &[
            "HTTP/1.1 408 ",
            "expected the body of the request without a stop of 200ms, at 1024 bytes a second or more\n",
        ],
    )
    .await;
    check(
        "Content-Type: application/grpc-web+proto\r\n",
        &[
            "HTTP/1.1 200 ",
            "content-type: application/grpc-web+proto\r\n",
            "grpc-status: 4\r\n",
            "grpc-message: expected the body",
        ],
    )
    .await;
}

#[tokio::test]
async fn bodies_that_are_too_much_together_are_refused_and_room_comes_back() {
    let options = ServeOptions { request_bytes: 60_000, ..ServeOptions::default() };
    let served = served(reading(), options).await;
    let [half, rest] = [vec![b'x'; 50_000], vec![b'x'; 5000]];
    let head = |length: usize| {
        format!("POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n")
    };
    let first = served.send(&head(55_000)).await;
    let (read, mut write) = first.into_split();
    write.write_all(&half).await.unwrap();
    // Until the server has the half, another one is taken.
    let refused = async {
        loop {
            let mut other = served.send(&head(20_000)).await;
            other.write_all(&half[..20_000]).await.unwrap();
            let answer = all(other).await;
            if !answer.ends_with("20000 bytes\n") {
                break answer;
            }
        }
    };
    let answer = refused.await;
    for words in ["HTTP/1.1 503 ", "retry-after: 1\r\n", "request_memory: the bodies of all requests"] {
        assert!(answer.contains(words), "{answer}");
    }
    write.write_all(&rest).await.unwrap();
    assert!(all(read).await.ends_with("55000 bytes\n"));
    let mut last = served.send(&head(50_000)).await;
    last.write_all(&half).await.unwrap();
    assert!(all(last).await.ends_with("50000 bytes\n"));
}

#[tokio::test]
async fn a_server_that_takes_its_time_is_not_the_clients_fault() {
    let late = async |body: Body| {
        tokio::time::sleep(3 * short().patience).await;
        let read = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        format!("{} bytes\n", read.len())
    };
    let served = served(Router::new().route("/", post(late)), short()).await;
    let head = "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 5\r\n\r\n";
    let stream = served.send(&format!("{head}hello")).await;
    assert!(all(stream).await.ends_with("\r\n\r\n5 bytes\n"));
}

#[tokio::test]
async fn a_stream_that_is_being_answered_may_pause() {
    // Each piece comes back as it came.
    let echo = async |body: Body| body;
    let served = served(Router::new().route("/", post(echo)), short()).await;
    let head =
        "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
    let mut stream = served.send(&format!("{head}3\r\none\r\n")).await;
    until(&mut stream, "one").await;
    tokio::time::sleep(3 * short().patience).await;
    stream.write_all(b"3\r\ntwo\r\n0\r\n\r\n").await.unwrap();
    assert_eq!(all(stream).await, "\r\n3\r\ntwo\r\n0\r\n\r\n");
}

/// A body that tells when it is let go.
fn telling(pieces: usize) -> (Body, tokio::sync::oneshot::Receiver<()>) {
    let (held, gone) = tokio::sync::oneshot::channel::<()>();
    let stream = tokio_stream::iter(0..pieces);
    let stream = tokio_stream::StreamExt::map(stream, move |_| {
        let _held = &held;
        Ok::<_, std::io::Error>(Bytes::from_static(&[b'x'; 1 << 20]))
    });
    (Body::from_stream(stream), gone)
}

#[tokio::test]
async fn an_answer_that_nobody_takes_is_let_go() {
    let (body, gone) = telling(1000);
    let body = std::sync::Mutex::new(Some(body));
    let body = std::sync::Arc::new(body);
    let answer = move || {
        let body = body.lock().unwrap().take();
        async move { body.unwrap() }
    };
    let served = served(Router::new().route("/", get(answer)), short()).await;
    let mut stream = served.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    until(&mut stream, "\r\n\r\n").await;
    // The client is there and reads no further.
    assert!(gone.await.is_err());
    drop(stream);
}

#[tokio::test]
async fn a_large_answer_arrives_whole() {
    let big: Bytes = (0..3_000_000_u32).map(|at| b'a' + (at % 26) as u8).collect();
    let expect = String::from_utf8(big.to_vec()).unwrap();
    let served =
        served(Router::new().route("/", get(async move || big.clone())), ServeOptions::default()).await;
    let stream = served.send("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await;
    let answer = all(stream).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("content-length: 3000000"), "{head}");
    assert!(body == expect, "{} bytes", body.len());
}

#[tokio::test]
async fn connections_that_are_of_no_use_are_closed() {
    let served = served(reading(), short()).await;
    // Nothing, a piece of HTTP/2's preface, a piece of a head, a head and nothing behind it.
    for begin in ["", "PRI * HT", "GET / HTTP/1.1\r\nHo"] {
        assert_eq!(all(served.send(begin).await).await, "", "{begin}");
    }
    let stream = served.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n").await;
    assert!(all(stream).await.ends_with("\r\n\r\n0 bytes\n"));
}

const ASK: &str = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n";

#[tokio::test]
async fn a_connection_that_had_a_request_waits_longer_for_the_next_one() {
    let served = served(reading(), ServeOptions { idle: Duration::from_secs(3600), ..short() }).await;
    let mut stream = served.send(ASK).await;
    until(&mut stream, "0 bytes\n").await;
    for _ in 0..3 {
        // Who asks nothing is closed meanwhile.
        assert_eq!(all(served.send("").await).await, "");
    }
    stream.write_all(ASK.as_bytes()).await.unwrap();
    until(&mut stream, "0 bytes\n").await;
    // The head of the next one has to come to its end nevertheless.
    stream.write_all(b"POST / HTT").await.unwrap();
    assert_eq!(all(stream).await, "");
}

#[tokio::test]
async fn in_a_crowd_nobody_waits_longer() {
    let options = ServeOptions { idle: Duration::from_secs(3600), crowd: 0, ..short() };
    let served = served(reading(), options).await;
    assert!(all(served.send(ASK).await).await.ends_with("\r\n\r\n0 bytes\n"));
}

#[tokio::test]
async fn what_a_body_expands_to_takes_room_from_all_until_it_is_answered() {
    let expanding = async |room: axum::Extension<Room>, body: Bytes| {
        let size: usize = std::str::from_utf8(&body).unwrap().parse().unwrap();
        // A handler that says otherwise is not asked.
        room.take(size).map(|()| "there is room\n").or(Ok::<_, std::convert::Infallible>("none\n"))
    };
    let options = ServeOptions { request_bytes: 1000, ..ServeOptions::default() };
    let served = served(Router::new().route("/", post(expanding)), options).await;
    let ask = async |size: usize| {
        let head = "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 4\r\n\r\n";
        all(served.send(&format!("{head}{size:04}")).await).await
    };
    for _ in 0..3 {
        assert!(ask(996).await.ends_with("there is room\n"));
        let refused = ask(997).await;
        assert!(refused.starts_with("HTTP/1.1 503 ") && refused.contains("request_memory: "), "{refused}");
    }
}

const PREFACE: &str = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// A frame of settings without any.
const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];
const PING: u8 = 6;

/// The frames that come until the server closes the connection; pings are answered where `answers` says so.
async fn frames(stream: TcpStream, answers: bool) -> Vec<(u8, Vec<u8>)> {
    let (read, mut write) = stream.into_split();
    let mut read = tokio::io::BufReader::new(read);
    let mut frames = Vec::new();
    loop {
        let mut head = [0; 9];
        match read.read_exact(&mut head).await {
            Ok(_) => {}
            Err(_) => return frames,
        }
        let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
        read.read_exact(&mut payload).await.unwrap();
        let is_ack = head[4] & 1 == 1;
        if head[3] == PING && answers && !is_ack {
            let answer = [&[0, 0, 8, PING, 1, 0, 0, 0, 0][..], &payload].concat();
            let _ = write.write_all(&answer).await;
        }
        frames.push((head[3], payload));
    }
}

/// `POST /` without a body, as the first stream.
const REQUEST: &[u8] = b"\0\0\x0e\x01\x05\0\0\0\x01\x83\x86\x84\x41\x09localhost";
const SETTINGS_KIND: u8 = 4;
const GOAWAY: u8 = 7;

async fn spoken(options: ServeOptions, answers: bool) -> Vec<(u8, Vec<u8>)> {
    let served = served(reading(), options).await;
    let mut stream = served.send(PREFACE).await;
    stream.write_all(&[&SETTINGS[..], REQUEST].concat()).await.unwrap();
    frames(stream, answers).await
}

#[tokio::test]
async fn http2_asks_who_is_there_and_closes_where_nobody_answers() {
    let idle = Duration::from_secs(3600);
    let seen = spoken(ServeOptions { idle, streams: 7, ..short() }, false).await;
    let has_streams = |payload: &[u8]| payload.chunks(6).any(|setting| setting == [0, 3, 0, 0, 0, 7]);
    assert!(seen.iter().any(|(kind, payload)| *kind == SETTINGS_KIND && has_streams(payload)), "{seen:?}");
    assert!(seen.iter().any(|(kind, payload)| (*kind, &payload[..]) == (0, b"0 bytes\n")), "{seen:?}");
    assert!(seen.iter().any(|(kind, _)| *kind == PING), "{seen:?}");
}

#[tokio::test]
async fn an_idle_connection_of_http2_ends_with_a_word() {
    let seen = spoken(short(), true).await;
    assert!(seen.iter().any(|(kind, _)| *kind == GOAWAY), "{seen:?}");
}
