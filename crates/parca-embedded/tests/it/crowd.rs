//! Many clients that say nothing, or are slow to: the others are served as ever.

use bytes::Bytes;
use http::Request;
use parca_proto::query::ProfileTypesRequest;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::server::{Server, profile};

/// As many as fit beside the others' into the 1024 files that a process may have open.
const OF_EACH: usize = 60;

/// How far clients got that then say nothing.
const BEGINNINGS: [&str; 5] = [
    "",
    "POST /parca.query.v1alpha1.QueryService/Query HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-ty",
    "POST /ingest?name=a HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 1000\r\n\r\nhalf of it",
    "POST /v1development/profiles HTTP/1.1\r\nhost: 127.0.0.1\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
];

#[tokio::test]
async fn clients_that_say_nothing_keep_nobody_from_being_served() {
    let server = Server::start().await;
    let mut silent = Vec::new();
    for beginning in BEGINNINGS {
        for _ in 0..OF_EACH {
            let mut stream = TcpStream::connect(server.server.address()).await.unwrap();
            stream.write_all(beginning.as_bytes()).await.unwrap();
            silent.push(stream);
        }
    }
    server.write(&profile(5_000_000_000)).await;
    let types = server.query().profile_types(ProfileTypesRequest::default()).await.unwrap().into_inner();
    assert_eq!(types.types.len(), 1);
    for path in ["healthz", "metrics", "pyroscope/render?query=process_cpu:cpu:nanoseconds:cpu:nanoseconds"] {
        let request = Request::get(format!("{}{path}", server.origin())).body(Bytes::new()).unwrap();
        assert_eq!(server.http1(request).await.0.status, 200, "{path}");
    }
    // Not one of those who are slow was cut off for that: theirs is served when it comes.
    let mut slow = silent.swap_remove(2 * OF_EACH);
    slow.write_all(&[b'x'; 990]).await.unwrap();
    let mut status = [0; 12];
    slow.read_exact(&mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 400");
    drop(silent);
    server.stop().await;
}
