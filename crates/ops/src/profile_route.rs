//! A CPU profile of the process by HTTP, where Go programs have it.

use std::future::Future;
use std::time::Duration;

use axum::Router;
use axum::extract::Query;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{StatusCode, header};

#[derive(Debug)]
struct Seconds(u64);

impl Seconds {
    const LONGEST: u64 = 300;

    fn parse(pairs: &[(String, String)]) -> Result<Self, String> {
        let Some((_, text)) = pairs.iter().find(|(name, _)| name == "seconds") else { return Ok(Self(10)) };
        match text.parse() {
            Ok(seconds @ 1..=Self::LONGEST) => Ok(Self(seconds)),
            _ => Err(format!("seconds: expected 1 to {}, found `{text}`\n", Self::LONGEST)),
        }
    }
}

/// `GET /debug/pprof/profile?seconds=N` (default 10, at most 300): `take` gives a gzipped pprof of
/// that many seconds, or says why not.
pub fn profile_route<F, Fut>(take: F) -> Router
where
    F: Fn(Duration) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<Vec<u8>, String>> + Send,
{
    let handler = move |Query(pairs): Query<Vec<(String, String)>>| {
        let take = take.clone();
        async move {
            match Seconds::parse(&pairs) {
                Err(words) => (StatusCode::BAD_REQUEST, words).into_response(),
                Ok(Seconds(seconds)) => response(take(Duration::from_secs(seconds)).await),
            }
        }
    };
    Router::new().route("/debug/pprof/profile", get(handler))
}

fn response(taken: Result<Vec<u8>, String>) -> Response {
    match taken {
        Err(words) => (StatusCode::SERVICE_UNAVAILABLE, words + "\n").into_response(),
        Ok(bytes) => {
            let headers = [
                (header::CONTENT_TYPE, "application/octet-stream"),
                (header::CONTENT_DISPOSITION, "attachment; filename=\"profile.pb.gz\""),
            ];
            (headers, bytes).into_response()
        }
    }
}
