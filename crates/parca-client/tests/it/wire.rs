//! What answers mean, however they are cut and whatever is wrong with them.

use std::sync::Arc;

use parca_client::{Code, Error, HealthRequest, Keep, Protocol, ServingStatus};

use crate::fake::{self, Answer, Step, answer, data, frame, trailers};
use crate::{PROTOCOLS, WEB1, client, settings, soon};

/// `HealthCheckResponse { status: SERVING }`.
const SERVING: &[u8] = &[0x08, 0x01];

fn content_type(protocol: Protocol) -> (&'static str, &'static str) {
    (
        "content-type",
        if protocol == Protocol::Grpc { "application/grpc" } else { "application/grpc-web+proto" },
    )
}

/// A body of these messages, ended the way of the protocol with these trailer lines.
fn body(protocol: Protocol, message: &[u8], status: &'static str, text: &str) -> Vec<Step> {
    if protocol == Protocol::Grpc {
        return vec![data(message.to_vec()), trailers(&[("grpc-status", status), ("grpc-message", text)])];
    }
    let block = format!("grpc-status: {status}\r\ngrpc-message: {text}\r\n");
    vec![data(message.to_vec()), data(frame(0x80, block.as_bytes()))]
}

async fn ask(
    protocol: Protocol,
    limit: usize,
    respond: impl Fn() -> Answer + Send + Sync + 'static,
) -> Result<ServingStatus, Error> {
    let fake = fake::server(move |_| respond()).await;
    let mut settings = settings(&fake.url, protocol);
    settings.max_message_bytes = limit;
    parca_client::Client::new(&settings).unwrap().health("").await
}

#[tokio::test]
async fn good_answers_however_they_are_cut() {
    for protocol in PROTOCOLS {
        let check = async |steps: fn(Protocol) -> Vec<Step>| {
            let respond = move || answer(200, &[content_type(protocol)], steps(protocol));
            assert_eq!(ask(protocol, 1000, respond).await.unwrap(), ServingStatus::Serving, "{protocol:?}");
        };
        check(|p| body(p, &frame(0, SERVING), "0", "")).await;
        // Every byte a chunk of its own: message and trailer frames are split everywhere.
        check(|p| {
            let bytes = |step| match step {
                Step::Data(bytes) => bytes.iter().map(|byte| data(vec![*byte])).collect(),
                other => vec![other],
            };
            body(p, &frame(0, SERVING), "0", "").into_iter().flat_map(bytes).collect()
        })
        .await;
        // All in one chunk, and status names in any case.
        check(|p| match p {
            Protocol::Grpc => body(p, &frame(0, SERVING), "0", ""),
            _ => vec![data([frame(0, SERVING), frame(0x80, b"Grpc-Status:0")].concat())],
        })
        .await;
    }
}

#[tokio::test]
async fn compressed_answers_within_the_limit() {
    let gzip = |message: &[u8]| {
        use std::io::Write;
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(message).unwrap();
        encoder.finish().unwrap()
    };
    let (small, bomb) = (Arc::new(frame(1, &gzip(SERVING))), Arc::new(frame(1, &gzip(&vec![0x10; 100_000]))));
    for protocol in PROTOCOLS {
        let check =
            async |message: &Arc<Vec<u8>>, encoding: &'static str, expect: Result<ServingStatus, Code>| {
                let message = message.clone();
                let respond = move || {
                    let headers = [content_type(protocol), ("grpc-encoding", encoding)];
                    answer(200, &headers, body(protocol, &message, "0", ""))
                };
                assert_eq!(
                    ask(protocol, 1000, respond).await.map_err(|e| e.code()),
                    expect,
                    "{protocol:?} {encoding}"
                );
            };
        check(&small, "gzip", Ok(ServingStatus::Serving)).await;
        check(&bomb, "gzip", Err(Code::ResourceExhausted)).await;
        check(&small, "identity", Err(Code::Internal)).await;
        check(&small, "zstd", Err(Code::Internal)).await;
    }
}

#[tokio::test]
async fn errors_in_trailers_and_instead_of_a_body() {
    for protocol in PROTOCOLS {
        let check = async |respond: fn(Protocol) -> Answer, expect: (Code, &str)| {
            let error = ask(protocol, 1000, move || respond(protocol)).await.unwrap_err();
            assert_eq!((error.code(), error.message()), expect, "{protocol:?}");
            assert_eq!(error.method().unwrap().as_str(), "Check");
        };
        // Trailers only, percent-encoded.
        check(
            |p| {
                answer(
                    200,
                    &[content_type(p), ("grpc-status", "5"), ("grpc-message", "No%20data%3A %C3%A9 100%")],
                    vec![],
                )
            },
            (Code::NotFound, "No data: é 100%"),
        )
        .await;
        check(
            |p| answer(200, &[content_type(p)], body(p, b"", "16", "who%0Aare you")),
            (Code::Unauthenticated, "who\nare you"),
        )
        .await;
        // A status after a message wins over the message; one after half a message over the half.
        check(
            |p| answer(200, &[content_type(p)], body(p, &frame(0, SERVING), "13", "late")),
            (Code::Internal, "late"),
        )
        .await;
        check(
            |p| answer(200, &[content_type(p)], body(p, &frame(0, SERVING), "99", "new")),
            (Code::Unknown, "new"),
        )
        .await;
        // A content type that says nothing does not hide a status.
        check(
            |_| answer(200, &[("grpc-status", "7"), ("grpc-message", "no")], vec![]),
            (Code::PermissionDenied, "no"),
        )
        .await;
    }
}

#[tokio::test]
async fn answers_that_break_the_protocol() {
    for protocol in PROTOCOLS {
        let check = async |respond: fn(Protocol) -> Answer, expect: Code| {
            let error = ask(protocol, 1000, move || respond(protocol)).await.unwrap_err();
            assert_eq!(error.code(), expect, "{protocol:?}: {error}");
        };
        // No status at all.
        check(|p| answer(200, &[content_type(p)], vec![data(frame(0, SERVING))]), Code::Internal).await;
        check(|p| answer(200, &[content_type(p)], vec![]), Code::Internal).await;
        // Not one message.
        check(|p| answer(200, &[content_type(p)], body(p, b"", "0", "")), Code::Unimplemented).await;
        check(
            |p| answer(200, &[content_type(p)], body(p, &[frame(0, b""), frame(0, b"")].concat(), "0", "")),
            Code::Unimplemented,
        )
        .await;
        // Too large, by what it says and by what it is.
        check(|p| answer(200, &[content_type(p)], vec![data(frame(0, &[0; 1001]))]), Code::ResourceExhausted)
            .await;
        check(
            |p| answer(200, &[content_type(p)], vec![data(vec![0, 255, 255, 255, 255]), Step::Hang]),
            Code::ResourceExhausted,
        )
        .await;
        // Garbage.
        check(|p| answer(200, &[content_type(p)], vec![data("<html></html>")]), Code::Internal).await;
        check(|p| answer(200, &[content_type(p)], body(p, &frame(0, &[0xff; 10]), "0", "")), Code::Internal)
            .await;
        check(|p| answer(200, &[content_type(p)], body(p, &frame(0, SERVING), "x", "")), Code::Internal)
            .await;
        check(|_| answer(200, &[("content-type", "text/html")], vec![data("<html>")]), Code::Unknown).await;
        check(|_| answer(200, &[], vec![]), Code::Unknown).await;
        // The connection breaks in the middle.
        check(
            |p| answer(200, &[content_type(p)], vec![data(frame(0, SERVING)), Step::Break]),
            Code::Unavailable,
        )
        .await;
    }
}

#[tokio::test]
async fn http_statuses_mean_what_they_do_to_connect_go() {
    for protocol in PROTOCOLS {
        for (status, expect) in [
            (400, Code::Internal),
            (401, Code::Unauthenticated),
            (403, Code::PermissionDenied),
            (404, Code::Unimplemented),
            (429, Code::Unavailable),
            (502, Code::Unavailable),
            (503, Code::Unavailable),
            (504, Code::Unavailable),
            (500, Code::Unknown),
            (505, Code::Unknown),
            (302, Code::Unknown),
            (204, Code::Unknown),
        ] {
            let page = |status| if status == 204 { vec![] } else { vec![data("go\u{1b}away\n")] };
            let respond = move || answer(status, &[("content-type", "text/plain")], page(status));
            let error = ask(protocol, 1000, respond).await.unwrap_err();
            assert_eq!(error.code(), expect, "{protocol:?} {status}");
            assert!(error.message().starts_with(&format!("HTTP {status}")), "{error}");
            assert!(status == 204 || error.message().ends_with("go away"), "{error}");
        }
    }
}

#[tokio::test]
async fn a_timed_call_counts_bytes_and_keeps_what_it_is_told() {
    for protocol in PROTOCOLS {
        let message = frame(0, &[0x10; 700]);
        let sent = message.clone();
        let fake =
            fake::server(move |_| answer(200, &[content_type(protocol)], body(protocol, &sent, "0", "")))
                .await;
        let client = client(&fake.url, protocol);
        let prepared = client.prepare(&HealthRequest { service: "x".to_owned() }).unwrap();
        assert_eq!(prepared.body().len(), 8);
        for (keep, expect) in [(Keep::Nothing, None), (Keep::Message, Some(&message[5..]))] {
            let timed = client.timed(&prepared, soon(), keep).await;
            assert_eq!(timed.result.unwrap().as_deref(), expect);
            assert!(timed.sent <= timed.first_byte.unwrap() && timed.first_byte.unwrap() <= timed.done);
            let trailers =
                if protocol == Protocol::Grpc { 0 } else { 5 + "grpc-status: 0\r\ngrpc-message: \r\n".len() };
            assert_eq!((timed.bytes_in, timed.bytes_out), ((message.len() + trailers) as u64, 8));
        }
        assert_eq!(fake.connections(), 1, "{protocol:?}");
    }
}

#[tokio::test]
async fn what_is_no_http_gets_advice() {
    let fake = fake::raw(|mut stream, _| async move {
        use tokio::io::AsyncWriteExt;
        let _ = stream.write_all(b"\x15\x03\x01\x00\x02\x02\x46").await;
    })
    .await;
    for protocol in PROTOCOLS {
        let error = client(&fake.url, protocol).health("").await.unwrap_err();
        assert_eq!(error.code(), Code::Unavailable, "{protocol:?}: {error}");
    }
    let error = client(&fake.url, WEB1).health("").await.unwrap_err();
    assert!(error.hint().is_some_and(|hint| hint.contains("https://")), "{error:?}");
}
