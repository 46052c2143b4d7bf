//! gRPC-Web by hand: what a client of ours would never send.

use std::net::SocketAddr;

use parca_proto::query::query_request::ReportType;
use parca_proto::query::{ProfileTypesRequest, ProfileTypesResponse, QueryRequest};
use prost::Message;
use test_support::{Response, http_request};

/// How a call ended, and the messages of its answer.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: u32,
    pub(crate) words: String,
    pub(crate) messages: Vec<Vec<u8>>,
}

/// A message with its flag and length.
pub(crate) fn frame(flag: u8, message: &[u8]) -> Vec<u8> {
    [&[flag][..], &u32::try_from(message.len()).unwrap().to_be_bytes(), message].concat()
}

pub(crate) async fn sent(address: SocketAddr, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Response {
    let headers = [&[("content-type", "application/grpc-web+proto")], headers].concat();
    http_request(address, "POST", path, &headers, body).await.unwrap()
}

/// How an answer says that the call ended.
pub(crate) fn ended(answer: &Response) -> Ended {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let mut trailers: Vec<(String, String)> = answer.headers.clone();
    let mut messages = Vec::new();
    let mut body = answer.body.as_slice();
    while let [flag, a, b, c, d, rest @ ..] = body {
        let (message, behind) = rest.split_at(u32::from_be_bytes([*a, *b, *c, *d]) as usize);
        match flag {
            0 => messages.push(message.to_vec()),
            _ => trailers.extend(String::from_utf8_lossy(message).lines().filter_map(|line| {
                line.split_once(':').map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
            })),
        }
        body = behind;
    }
    let trailer =
        |name: &str| trailers.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    let status = trailer("grpc-status").unwrap_or_else(|| panic!("no status in {answer:?}"));
    Ended { status: status.parse().unwrap(), words: trailer("grpc-message").unwrap_or_default(), messages }
}

/// A call of these messages.
pub(crate) async fn call(address: SocketAddr, path: &str, messages: &[Vec<u8>]) -> Ended {
    let body: Vec<u8> = messages.iter().flat_map(|message| frame(0, message)).collect();
    ended(&sent(address, path, &[], &body).await)
}

pub(crate) const QUERY: &str = "/parca.query.v1alpha1.QueryService/Query";

/// Asks for every stored type in every report; how many types there are.
pub(crate) async fn everything_is_found(address: SocketAddr) -> usize {
    let path = "/parca.query.v1alpha1.QueryService/ProfileTypes";
    let answer = call(address, path, &[ProfileTypesRequest::default().encode_to_vec()]).await;
    let types = ProfileTypesResponse::decode(answer.messages[0].as_slice()).unwrap().types;
    for of in &types {
        let delta = if of.delta { ":delta" } else { "" };
        let query = format!(
            "{}:{}:{}:{}:{}{delta}",
            of.name, of.sample_type, of.sample_unit, of.period_type, of.period_unit
        );
        // Sources are not kept.
        for report in (0..=9).filter(|report| *report != i32::from(ReportType::Source)) {
            let ended = call(address, QUERY, &[merge(&query, report).encode_to_vec()]).await;
            assert_eq!(ended.status, 0, "report {report} of {query}: {}", ended.words);
        }
    }
    types.len()
}

/// A merge over all times.
pub(crate) fn merge(query: &str, report_type: i32) -> QueryRequest {
    use parca_proto::query::MergeProfile;
    use parca_proto::query::query_request::{Mode, Options};
    let at = |seconds| Some(prost_types::Timestamp { seconds, nanos: 0 });
    let options = MergeProfile { query: query.into(), start: at(-1_000_000_000), end: at(9_000_000_000) };
    QueryRequest {
        mode: Mode::Merge.into(),
        options: Some(Options::Merge(options)),
        report_type,
        ..Default::default()
    }
}
