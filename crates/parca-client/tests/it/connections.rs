//! Deadlines, and connections that are kept, shared, limited and lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parca_client::{Client, Code, HealthRequest, Keep, Protocol, RawSeries, WriteRawRequest};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::fake::{self, Answer, Step, answer, data, frame, read_request, trailers, write_ok};
use crate::{PROTOCOLS, WEB1, WEB2, client, settings, soon};

fn ok(request: &fake::Seen) -> Answer {
    let content_type = request.head.headers["content-type"].to_str().unwrap().to_owned();
    let last = match content_type.as_str() {
        "application/grpc" => trailers(&[("grpc-status", "0")]),
        _ => data(frame(0x80, b"grpc-status: 0\r\n")),
    };
    answer(200, &[("content-type", &content_type)], vec![data(frame(0, b"")), last])
}

#[tokio::test]
async fn a_call_ends_at_its_deadline() {
    for protocol in PROTOCOLS {
        // Accepted by the kernel, never read: it hangs before the head.
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let silent = format!("http://{}", listener.local_addr().unwrap());
        let halfway = fake::server(|request| {
            let content_type = request.head.headers["content-type"].clone();
            answer(
                200,
                &[("content-type", content_type.to_str().unwrap())],
                vec![data(frame(0, b"")), Step::Hang],
            )
        })
        .await;
        for (url, has_head) in [(silent, false), (halfway.url.clone(), true)] {
            let client = client(&url, protocol);
            let prepared = client.prepare(&HealthRequest::default()).unwrap();
            let timed =
                client.timed(&prepared, Instant::now() + Duration::from_millis(200), Keep::Nothing).await;
            let error = timed.result.unwrap_err();
            assert_eq!(error.code(), Code::DeadlineExceeded, "{protocol:?}: {error}");
            assert_eq!(timed.first_byte.is_some(), has_head, "{protocol:?}: {error}");
            assert_eq!(timed.bytes_in, if has_head { 5 } else { 0 }, "{protocol:?}: {error}");
        }
    }
}

#[tokio::test]
async fn a_server_that_closes_idle_connections_is_no_error() {
    let fake = fake::raw(|mut stream, _| async move {
        read_request(&mut stream).await;
        write_ok(&mut stream).await;
    })
    .await;
    let client = client(&fake.url, WEB1);
    for _ in 0..20 {
        client.health("").await.unwrap();
    }
    assert_eq!(fake.connections(), 20);
}

#[tokio::test]
async fn a_request_that_met_a_closing_connection_is_repeated_unless_it_writes() {
    // The first connection takes a second request and hangs up without a byte.
    let requests = Arc::new(AtomicUsize::new(0));
    let count = requests.clone();
    let fake = fake::raw(move |mut stream, connection| {
        let count = count.clone();
        async move {
            let mut answered = 0;
            while read_request(&mut stream).await.is_some() {
                count.fetch_add(1, Ordering::SeqCst);
                if connection == 0 && answered == 1 {
                    return;
                }
                write_ok(&mut stream).await;
                answered += 1;
            }
        }
    })
    .await;
    let reader = client(&fake.url, WEB1);
    reader.health("").await.unwrap();
    reader.health("").await.unwrap();
    assert_eq!((requests.load(Ordering::SeqCst), fake.connections()), (3, 2));

    let requests = Arc::new(AtomicUsize::new(0));
    let count = requests.clone();
    let fake = fake::raw(move |mut stream, _| {
        let count = count.clone();
        async move {
            read_request(&mut stream).await;
            write_ok(&mut stream).await;
            if read_request(&mut stream).await.is_some() {
                count.fetch_add(1, Ordering::SeqCst);
            }
        }
    })
    .await;
    let labels = vec![("__name__".to_owned(), "cpu".to_owned())];
    let write = WriteRawRequest::new(vec![RawSeries { labels, samples: vec![] }]);
    let writer = client(&fake.url, WEB1);
    writer.write_raw(&write).await.unwrap();
    assert_eq!(writer.write_raw(&write).await.unwrap_err().code(), Code::Unavailable);
    assert_eq!((requests.load(Ordering::SeqCst), fake.connections()), (1, 1));
}

/// An HTTP/2 frame.
fn h2_frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = vec![length[1], length[2], length[3], kind, flags];
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// The stream of the next request: of its HEADERS frame; the frames before it are passed over.
async fn h2_request(stream: &mut TcpStream) -> u32 {
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await.unwrap();
        let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
        stream.read_exact(&mut payload).await.unwrap();
        if head[3] == 1 {
            return u32::from_be_bytes(head[5..].try_into().unwrap());
        }
    }
}

/// An empty answer: `:status 200`, the content type, one message, trailers.
fn h2_ok(stream: u32) -> Vec<u8> {
    let header = |name: &str, value: &str| {
        let mut field = vec![0, u8::try_from(name.len()).unwrap()];
        field.extend(name.bytes().chain([u8::try_from(value.len()).unwrap()]).chain(value.bytes()));
        field
    };
    let head = [vec![0x88], header("content-type", "application/grpc")].concat();
    let parts = [
        h2_frame(1, 4, stream, &head),
        h2_frame(0, 0, stream, &[0; 5]),
        h2_frame(1, 5, stream, &header("grpc-status", "0")),
    ];
    parts.concat()
}

#[tokio::test]
async fn calls_that_passed_a_goodbye_on_the_way_are_repeated() {
    const TOGETHER: usize = 5;
    // The first connection answers one request, and says goodbye when several more have come.
    let fake = fake::raw(|mut stream, connection| async move {
        stream.read_exact(&mut [0; 24]).await.unwrap();
        stream.write_all(&h2_frame(4, 0, 0, &[])).await.unwrap();
        let first = h2_request(&mut stream).await;
        stream.write_all(&h2_ok(first)).await.unwrap();
        for _ in 1..TOGETHER {
            let next = h2_request(&mut stream).await;
            if connection > 0 {
                stream.write_all(&h2_ok(next)).await.unwrap();
            }
        }
        let next = h2_request(&mut stream).await;
        if connection > 0 {
            stream.write_all(&h2_ok(next)).await.unwrap();
        } else {
            let last_and_no_error = [first.to_be_bytes(), [0; 4]].concat();
            stream.write_all(&h2_frame(7, 0, 0, &last_and_no_error)).await.unwrap();
        }
        // Until the client hangs up.
        let _ = stream.read_to_end(&mut Vec::new()).await;
    })
    .await;
    let client = client(&fake.url, Protocol::Grpc);
    client.health("").await.unwrap();
    all_at_once(&client, TOGETHER).await;
    assert_eq!(fake.connections(), 2);
}

#[tokio::test]
async fn a_fresh_connection_that_breaks_is_an_error() {
    let fake = fake::raw(|mut stream, _| async move {
        read_request(&mut stream).await;
    })
    .await;
    let error = client(&fake.url, WEB1).health("").await.unwrap_err();
    assert_eq!((error.code(), fake.connections()), (Code::Unavailable, 1), "{error}");
}

#[tokio::test]
async fn nobody_listening_gets_advice() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    for protocol in PROTOCOLS {
        let error = client(&url, protocol).health("").await.unwrap_err();
        assert_eq!(error.code(), Code::Unavailable, "{error}");
        assert!(error.hint().is_some_and(|hint| hint.contains("is Parca running")), "{error:?}");
        assert_eq!(error.url(), Some(url.as_str()));
    }
}

async fn all_at_once(client: &Client, calls: usize) {
    let mut set = JoinSet::new();
    for _ in 0..calls {
        let client = client.clone();
        set.spawn(async move { client.health("").await });
    }
    while let Some(done) = set.join_next().await {
        done.unwrap().unwrap();
    }
}

#[tokio::test]
async fn http1_opens_no_more_connections_than_allowed_and_reuses_them() {
    let fake = fake::server(ok).await;
    let mut settings = settings(&fake.url, WEB1);
    settings.max_connections = 3;
    let client = Client::new(&settings).unwrap();
    for _ in 0..5 {
        all_at_once(&client, 50).await;
    }
    assert_eq!(fake.connections(), 3);
}

#[tokio::test]
async fn http2_calls_share_a_connection() {
    for protocol in [WEB2, Protocol::Grpc] {
        let fake = fake::server(ok).await;
        let client = client(&fake.url, protocol);
        for _ in 0..5 {
            all_at_once(&client, 90).await;
        }
        assert_eq!(fake.connections(), 1);
    }
}

#[tokio::test]
async fn http2_keeps_to_the_streams_a_server_allows() {
    let fake = fake::with_streams(10, ok).await;
    let mut settings = settings(&fake.url, Protocol::Grpc);
    settings.max_connections = 3;
    let client = Client::new(&settings).unwrap();
    all_at_once(&client, 500).await;
    all_at_once(&client, 500).await;
    assert_eq!(fake.connections(), 3);
}

#[tokio::test]
async fn http2_leaves_a_connection_on_which_nothing_is_answered() {
    // The first connection is accepted and never answers; the others do.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let dead = listener.accept().await.unwrap();
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(fake::serve(stream, 250, Arc::default(), Arc::new(ok)));
        }
        drop(dead);
    });
    let client = client(&url, Protocol::Grpc);
    let prepared = client.prepare(&HealthRequest::default()).unwrap();
    for _ in 0..3 {
        let timed = client.timed(&prepared, Instant::now() + Duration::from_millis(50), Keep::Nothing).await;
        assert_eq!(timed.result.unwrap_err().code(), Code::DeadlineExceeded);
    }
    client.timed(&prepared, soon(), Keep::Nothing).await.result.unwrap();
}

#[tokio::test]
async fn a_server_that_comes_back_is_found_again() {
    for protocol in PROTOCOLS {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let client = client(&format!("http://{address}"), protocol);
        let first = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            fake::serve(stream, 250, Arc::default(), Arc::new(ok)).await;
        });
        client.health("").await.unwrap();
        first.abort();
        let _ = first.await;
        // Nobody listens now; the kept connection is gone.
        assert_eq!(client.health("").await.unwrap_err().code(), Code::Unavailable);
        let listener = TcpListener::bind(address).await.unwrap();
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            fake::serve(stream, 250, Arc::default(), Arc::new(ok)).await;
        });
        client.health("").await.unwrap();
    }
}
