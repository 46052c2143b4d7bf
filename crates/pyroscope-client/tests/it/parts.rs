//! Ranges over the server's limit.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::response::Response;
use pyroscope_client::{ErrorKind, Tree};
use serde_json::json;

use crate::fake::{Fake, Seen, answer, json, millis, selection};

fn number(seen: &Seen, key: &str) -> i64 {
    seen.json()[key].as_str().unwrap().parse().unwrap()
}

fn refuse(message: &str) -> Response {
    let body = json!({"code": "invalid_argument", "message": message}).to_string();
    answer(400, "application/json", body)
}

/// Takes ranges up to a limit, and answers with a tree as large as the range is long.
fn limited(limit: i64, words: &'static str) -> impl Fn(&Seen) -> Response + Send + Sync {
    move |seen| {
        let length = number(seen, "end") - number(seen, "start");
        if length > limit {
            return refuse(words);
        }
        let tree = Tree::from_stacks([(["main", "f"], length)]);
        let levels: Vec<_> =
            tree.to_levels().levels.iter().map(|values| json!({ "values": values })).collect();
        json(&json!({"flamegraph": {"names": tree.to_levels().names, "levels": levels}}).to_string())
    }
}

#[tokio::test]
async fn the_limit_is_read_from_the_servers_words_and_remembered() {
    let words = "the query time range exceeds the limit (max_query_length, actual: 2h0m0s, limit: 1h0m0s)";
    let fake = Fake::start(limited(3_600_000, words)).await;
    let client = fake.client();
    let hour = 3_600_000;
    let tree = client.flame_graph(&selection(hour / 2, 3 * hour)).await.unwrap();
    assert_eq!(tree, Tree::from_stacks([(["main", "f"], 5 * hour / 2)]));
    let mut asked: Vec<_> = fake.seen().iter().map(|s| (number(s, "start"), number(s, "end"))).collect();
    asked.sort_unstable();
    let parts = [(hour / 2, hour), (hour / 2, 3 * hour), (hour, 2 * hour), (2 * hour, 3 * hour)];
    assert_eq!(asked, parts, "parts are aligned, so that the next question has the same ones");
    client.flame_graph(&selection(hour / 2, 3 * hour)).await.unwrap();
    assert_eq!(fake.seen().len(), 7, "the whole range is not tried again");
}

#[tokio::test]
async fn without_a_number_the_limit_is_found_by_halving() {
    let fake = Fake::start(limited(1000, "range is larger than max_query_length allows")).await;
    let tree = fake.client().flame_graph(&selection(4000, 12_000)).await.unwrap();
    assert_eq!(tree.total(), 8000);
}

#[tokio::test]
async fn there_is_an_end_to_cutting() {
    let words = "too long (max_query_length, actual: 1000h, limit: 1s)";
    let fake = Fake::start(limited(1000, words)).await;
    let error = fake.client().flame_graph(&selection(1, 3_600_000)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit);
    assert_eq!(fake.seen().len(), 1);

    let fake = Fake::start(|_| refuse("never (max_query_length)")).await;
    let error = fake.client().flame_graph(&selection(1, 1000)).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Limit | ErrorKind::Rejected), "{error:?}");
}

#[tokio::test]
async fn one_part_that_fails_fails_the_call() {
    let calls = Arc::new(AtomicUsize::new(0));
    let fake = Fake::start(move |_| match calls.fetch_add(1, Ordering::Relaxed) {
        0 => refuse("max_query_length, limit: 1s"),
        1 => json(r#"{"names":["a"]}"#),
        _ => answer(503, "application/json", r#"{"code":"unavailable","message":"gone"}"#),
    })
    .await;
    let error = fake.client().label_names(&[], millis(1000, 5000)).await.unwrap_err();
    assert_eq!((error.kind(), error.message()), (ErrorKind::Unreachable, "gone"));
}

#[tokio::test]
async fn what_parts_have_in_common_is_named_once() {
    let fake = Fake::start(|seen| {
        let (start, end) = (number(seen, "start"), number(seen, "end"));
        match end - start {
            ..=1000 => json(&format!(r#"{{"names":["both","only-{}"]}}"#, start / 1000)),
            _ => refuse("max_query_length, limit: 1s"),
        }
    })
    .await;
    let names = fake.client().label_names(&[], millis(1000, 3000)).await.unwrap();
    assert_eq!(names, ["both", "only-1", "only-2"]);
}
