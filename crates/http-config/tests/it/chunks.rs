//! Answers that are read while they come.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_config::{Chunks, Client, SendError};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::server::{Server, answer, client, in_ten_seconds, redirect};

const PATIENCE: Duration = Duration::from_secs(10);
const SOON: Duration = Duration::from_millis(20);
const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";

async fn open(client: &Client, url: &str) -> http::Response<Chunks> {
    client.open(Request::get(url).body(Bytes::new()).unwrap(), in_ten_seconds()).await.unwrap()
}

/// A server of one connection, whose answer the test writes by hand.
async fn by_hand() -> (Chunks, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let serve = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        assert!(stream.read(&mut [0; 4096]).await.unwrap() > 0);
        stream.write_all(HEAD).await.unwrap();
        stream
    };
    let client = client(json!({}));
    let (answer, stream) = tokio::join!(open(&client, &url), serve);
    (answer.into_body(), stream)
}

#[tokio::test]
async fn chunks_are_there_before_the_answer_ends() {
    let (mut chunks, mut stream) = by_hand().await;
    stream.write_all(b"4\r\none\n\r\n").await.unwrap();
    assert_eq!(chunks.next(PATIENCE).await.unwrap().unwrap(), "one\n");
    // Silence is told, and the wait can go on.
    assert!(matches!(chunks.next(SOON).await, Err(SendError::Deadline)));
    stream.write_all(b"3\r\ntwo\r\n0\r\n\r\n").await.unwrap();
    assert_eq!(chunks.next(PATIENCE).await.unwrap().unwrap(), "two");
    assert_eq!(chunks.next(PATIENCE).await.unwrap(), None);
    assert_eq!(chunks.next(PATIENCE).await.unwrap(), None, "and none after the end");
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_no_end() {
    let (mut chunks, mut stream) = by_hand().await;
    stream.write_all(b"4\r\none\n\r\n9\r\ncut").await.unwrap();
    drop(stream);
    assert_eq!(chunks.next(PATIENCE).await.unwrap().unwrap(), "one\n");
    let error = loop {
        match chunks.next(PATIENCE).await {
            Ok(Some(data)) => assert_eq!(data, "cut"),
            Ok(None) => panic!("an end"),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, SendError::Exchange { .. }), "{error}");
}

#[tokio::test]
async fn dropped_chunks_close_the_connection() {
    let (chunks, mut stream) = by_hand().await;
    drop(chunks);
    let read = tokio::time::timeout(PATIENCE, stream.read(&mut [0; 16])).await.unwrap();
    assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
}

#[tokio::test]
async fn credentials_and_redirects_are_those_of_whole_answers() {
    let server = Server::start(|seen| match seen.uri.path() {
        "/from" => redirect(302, "/to"),
        _ if seen.header("authorization") == "Bearer abc" => answer(403, "you may not"),
        _ => answer(401, "who?"),
    })
    .await;
    let answer = open(&client(json!({"bearer_token": "abc"})), &server.url("/from")).await;
    assert_eq!((answer.status().as_u16(), server.last().uri.path()), (403, "/to"));
    assert_eq!(answer.into_body().start(7, PATIENCE).await, "you may");
}
