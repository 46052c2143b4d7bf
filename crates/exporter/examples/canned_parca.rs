//! For benchmarks: a Parca that gives the same answers again and again, and a receiver that takes
//! everything, so that what is measured beside them is an exporter alone.
//!
//! ```sh
//! canned_parca PROFILE.pb.gz ADDRESS [REAL_PARCA_URL]
//! ```
//!
//! The profile is written once to the real Parca, or without one to an embedded server; what that answers
//! to a merge as `TABLE_ARROW` (the original exporter) and `FLAMEGRAPH_ARROW` (ours) is kept. `GET /counts`
//! says how often each was given, and what the receiver at `/api/v1/write` took.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use axum::routing::{get, post};
use http_body_util::{BodyExt, StreamBody};
use parca_client::{
    Client, Method, Prepared, QueryRequest, RawSample, RawSeries, ReportKind, Settings, WriteRawRequest,
};
use parca_proto::pprof::Profile;
use parca_proto::query::QueryRequest as WireRequest;
use parca_proto::query::query_request::ReportType;
use profile_model::{TimeRange, Timestamp};
use prost::Message;
use tokio_util::sync::CancellationToken;

struct Answers {
    table: Bytes,
    flame_graph: Bytes,
    tables: AtomicU64,
    flame_graphs: AtomicU64,
    posts: AtomicU64,
    post_bytes: AtomicU64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (file, address, real) = match &arguments[..] {
        [file, address] => (file, address, None),
        [file, address, real] => (file, address, Some(real.clone())),
        _ => return Err("expected PROFILE.pb.gz ADDRESS [REAL_PARCA_URL]".into()),
    };
    let stop = CancellationToken::new();
    ops::stop_on_signals(stop.clone())?;
    let url = match real {
        Some(url) => url,
        None => {
            let server =
                parca_embedded::start("127.0.0.1:0", parca_embedded::Settings::default(), stop.clone())
                    .await?;
            format!("http://{}", server.address())
        }
    };
    let answers = Arc::new(ask(&url, &std::fs::read(file)?).await?);
    say(&format!(
        "table {} bytes, flame graph {} bytes, answering on {address}",
        answers.table.len(),
        answers.flame_graph.len()
    ));
    let routes = Router::new()
        .route("/parca.query.v1alpha1.QueryService/Query", post(query))
        .route("/api/v1/write", post(write))
        .route("/counts", get(counts))
        .with_state(answers);
    ops::serve(ops::bind(address).await?, routes, stop, ops::ServeOptions::with_grace(Duration::ZERO)).await;
    Ok(())
}

async fn ask(url: &str, file: &[u8]) -> Result<Answers, Box<dyn Error>> {
    let client = Client::new(&Settings::new(url))?;
    let now = SystemTime::now();
    let mut profile = profile_codec::pprof::decode(file, &profile_codec::pprof::Limits::default())?;
    profile.time_nanos = Timestamp::from(now).saturating_nanos();
    profile.duration_nanos = 10_000_000_000;
    let period = profile.period_type.clone().ok_or("expected a period type")?;
    let first = profile.sample_types.first().ok_or("expected a sample type")?;
    // A name of its own each time: a real Parca keeps what an earlier run wrote.
    let name = format!("canned_{}", Timestamp::from(now).seconds());
    let query = format!("{name}:{}:{}:{}:{}:delta", first.name, first.unit, period.name, period.unit);
    let bytes = profile_codec::pprof::encode_gzip(&profile);
    Profile::decode(&*profile_codec::pprof::encode(&profile))?;
    let series =
        RawSeries { labels: vec![("__name__".to_owned(), name)], samples: vec![RawSample::new(bytes)] };
    client.write_raw(&WriteRawRequest::new(vec![series])).await?;
    let range = TimeRange::new(
        Timestamp::from(now - Duration::from_secs(60)),
        Timestamp::from(now + Duration::from_secs(60)),
    );
    let raw = async |kind| -> Result<Bytes, Box<dyn Error>> {
        let prepared: Prepared = client.prepare(&QueryRequest::merge(&query, range, kind))?;
        let deadline = std::time::Instant::now() + Duration::from_secs(30);
        let timed = client.timed(&prepared, deadline, parca_client::Keep::Message).await;
        Ok(timed.result?.ok_or_else(|| format!("no answer to {}", Method::Query))?)
    };
    Ok(Answers {
        table: raw(ReportKind::TableArrow).await?,
        flame_graph: raw(ReportKind::FlamegraphArrow).await?,
        tables: AtomicU64::new(0),
        flame_graphs: AtomicU64::new(0),
        posts: AtomicU64::new(0),
        post_bytes: AtomicU64::new(0),
    })
}

async fn query(State(answers): State<Arc<Answers>>, body: Bytes) -> Response<Body> {
    const FRAME_HEAD: usize = 5;
    let request = body.get(FRAME_HEAD..).and_then(|message| WireRequest::decode(message).ok());
    let message = match request.map(|request| request.report_type()) {
        Some(ReportType::TableArrow) => {
            answers.tables.fetch_add(1, Ordering::Relaxed);
            &answers.table
        }
        Some(ReportType::FlamegraphArrow) => {
            answers.flame_graphs.fetch_add(1, Ordering::Relaxed);
            &answers.flame_graph
        }
        _ => {
            return Response::builder()
                .status(StatusCode::BAD_REQUEST)
                .body(Body::empty())
                .unwrap_or_default();
        }
    };
    let mut head = vec![0];
    head.extend_from_slice(&u32::try_from(message.len()).unwrap_or(u32::MAX).to_be_bytes());
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    let frames = [
        http_body::Frame::data(Bytes::from(head)),
        http_body::Frame::data(message.clone()),
        http_body::Frame::trailers(trailers),
    ];
    let body = StreamBody::new(futures_util::stream::iter(frames.map(Ok::<_, std::convert::Infallible>)));
    Response::builder()
        .header("content-type", "application/grpc")
        .body(Body::new(body.boxed_unsync()))
        .unwrap_or_default()
}

async fn write(State(answers): State<Arc<Answers>>, body: Bytes) -> StatusCode {
    answers.posts.fetch_add(1, Ordering::Relaxed);
    answers.post_bytes.fetch_add(body.len() as u64, Ordering::Relaxed);
    StatusCode::NO_CONTENT
}

async fn counts(State(answers): State<Arc<Answers>>) -> String {
    let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    format!(
        "tables {} flame_graphs {} posts {} post_bytes {}\n",
        of(&answers.tables),
        of(&answers.flame_graphs),
        of(&answers.posts),
        of(&answers.post_bytes)
    )
}

#[expect(clippy::print_stdout, reason = "what a benchmark says")]
fn say(words: &str) {
    println!("{words}");
}
