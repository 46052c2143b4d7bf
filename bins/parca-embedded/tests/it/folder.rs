//! A data folder: who has it, what is in it, what comes out of it.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use parca_client::{Client, QueryRangeRequest, RawSample, RawSeries, Settings, WriteRawRequest};
use profile_codec::pprof::{self, Limits};
use profile_model::{Profile, Sample, TimeRange, Timestamp, ValueType};
use test_support::{PATIENCE, Process, Signal, address_in, http_get};

use crate::{NONE, PARCA_EMBEDDED};

/// A server on a data folder.
pub(crate) struct Server {
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
}

impl Server {
    pub(crate) async fn start(folder: &Path, more: &[&str]) -> Self {
        let folder = folder.to_str().unwrap();
        let args =
            [&["--http-address", "127.0.0.1:0", "--self-profile-interval", "0s", "--data-dir", folder], more];
        let mut process = Process::start(PARCA_EMBEDDED, args.concat(), NONE);
        let line = process.stderr_line("its address", |line| line.contains("serving")).await;
        Self { address: address_in(&line).unwrap(), process }
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(&Settings::new(format!("http://{}", self.address))).unwrap()
    }
}

/// A write of one CPU profile of one nanosecond, under a number of its own.
pub(crate) fn numbered(number: u64) -> WriteRawRequest {
    let mut profile = Profile::new(vec![ValueType::new("cpu", "nanoseconds")]);
    profile.period_type = Some(ValueType::new("cpu", "nanoseconds"));
    // Some of yesterday, so that each seal makes two blocks.
    profile.time_nanos = (1_790_000_000 - (number % 2).cast_signed() * 86_400) * 1_000_000_000;
    (profile.period, profile.duration_nanos) = (1, 1_000_000_000);
    let name = profile.symbols.intern_string(&format!("function_{}", number % 50));
    let function = profile_model::Function {
        name,
        system_name: name,
        filename: profile_model::StringId::EMPTY,
        start_line: 1,
    };
    let function = Some(profile.symbols.intern_function(function));
    let lines = [profile_model::Line { function, line: 1, column: 0 }];
    let location = profile_model::Location { mapping: None, address: 1, is_folded: false, lines: &lines };
    let location = profile.symbols.intern_location(location);
    let stack = profile.symbols.intern_stack(&[location]);
    profile.samples.push(Sample { stack, values: &[1], labels: &[] });
    let labels = vec![("__name__".to_owned(), "kill".to_owned()), ("n".to_owned(), number.to_string())];
    let samples = vec![RawSample::new(pprof::encode_gzip(&profile))];
    WriteRawRequest::new(vec![RawSeries { labels, samples }])
}

pub(crate) const QUERY: &str = "kill:cpu:nanoseconds:cpu:nanoseconds:delta";

/// The sum of each number's profiles.
pub(crate) async fn sums(client: &Client) -> Vec<(u64, i64)> {
    let range = TimeRange::new(Timestamp::new(0, 0), Timestamp::new(4_000_000_000, 0));
    let mut request = QueryRangeRequest::new(QUERY, range, Duration::ZERO);
    request.sum_by = vec!["n".to_owned()];
    let series = client.query_range(&request).await.unwrap();
    let of = |series: parca_client::Series| {
        let total: i64 = series.samples.iter().map(|sample| sample.value).sum();
        (series.labels.get("n").unwrap().parse().unwrap(), total)
    };
    let mut sums: Vec<(u64, i64)> = series.into_iter().map(of).collect();
    sums.sort_unstable();
    sums
}

#[tokio::test]
async fn the_second_process_on_a_folder_is_told_who_has_it_and_the_first_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), &[]).await;
    let args = ["--http-address", "127.0.0.1:0", "--data-dir", folder.path().to_str().unwrap()];
    let second = Process::run(PARCA_EMBEDDED, args, NONE).await;
    assert_eq!(second.code, Some(1), "{second:#?}");
    assert!(second.stderr.contains("found it in use by pid "), "{}", second.stderr);
    server.client().write_raw(&numbered(1)).await.unwrap();
    assert_eq!(http_get(server.address, "/readyz", &[]).await.unwrap().status, 200);
    // After a kill the folder is free.
    server.process.signal(Signal::KILL);
    server.process.exit(PATIENCE).await;
    let server = Server::start(folder.path(), &[]).await;
    assert_eq!(sums(&server.client()).await, [(1, 1)]);
}

#[tokio::test]
async fn a_folder_is_checked_and_exported_without_a_server() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    let server = Server::start(folder.path(), &[]).await;
    for number in 0..10 {
        server.client().write_raw(&numbered(number)).await.unwrap();
    }
    server.process.signal(Signal::TERM);
    let exit = server.process.exit(PATIENCE).await;
    assert_eq!(exit.code, Some(0), "{exit:#?}");
    assert!(exit.stderr.contains("closed the data folder"), "{}", exit.stderr);

    let check = Process::run(PARCA_EMBEDDED, ["check", path], NONE).await;
    assert_eq!((check.code, check.stdout.lines().last()), (Some(0), Some("sound")), "{check:#?}");
    assert!(check.stdout.contains("log: 10 requests"), "{}", check.stdout);

    let list = Process::run(PARCA_EMBEDDED, ["export", path], NONE).await;
    assert_eq!((list.code, list.stdout.trim()), (Some(0), QUERY), "{list:#?}");
    let file = folder.path().join("out.pb.gz");
    let args = ["export", path, QUERY, "-o", file.to_str().unwrap()];
    let export = Process::run(PARCA_EMBEDDED, args, NONE).await;
    assert_eq!(export.code, Some(0), "{export:#?}");
    let profile = pprof::decode(&std::fs::read(&file).unwrap(), &Limits::default()).unwrap();
    assert_eq!(profile.samples.total(0), 10);
    let nothing =
        Process::run(PARCA_EMBEDDED, ["export", path, QUERY, "--end", "2020-01-01T00:00:00Z"], NONE).await;
    assert_eq!(nothing.code, Some(1), "{nothing:#?}");

    // One bit of the first record.
    let segment = std::fs::read_dir(folder.path().join("wal")).unwrap().next().unwrap().unwrap().path();
    let mut bytes = std::fs::read(&segment).unwrap();
    bytes[60] ^= 1;
    std::fs::write(&segment, bytes).unwrap();
    let check = Process::run(PARCA_EMBEDDED, ["check", path], NONE).await;
    assert_eq!((check.code, check.stdout.lines().last()), (Some(1), Some("damaged")), "{check:#?}");
    assert!(
        check.stdout.contains("log: 9 requests") && check.stdout.contains("DAMAGED requests"),
        "{}",
        check.stdout
    );
    let server = Server::start(folder.path(), &[]).await;
    assert_eq!(sums(&server.client()).await.len(), 9);
}

#[tokio::test]
async fn a_full_disk_refuses_writes_with_a_reason_and_readiness_says_so() {
    let folder = tempfile::tempdir().unwrap();
    // No disk has that much.
    let server = Server::start(folder.path(), &["--storage-min-free", "8191TiB"]).await;
    let error = server.client().write_raw(&numbered(1)).await.unwrap_err().to_string();
    assert!(error.contains("the disk is full"), "{error}");
    let ready = http_get(server.address, "/readyz", &[]).await.unwrap();
    assert_eq!(ready.status, 503);
    assert!(ready.text().contains("writes are refused: the disk is full"), "{}", ready.text());
    let metrics = http_get(server.address, "/metrics", &[]).await.unwrap().text();
    let metrics = test_support::Scrape::parse_text(&metrics).unwrap();
    assert_eq!(metrics.number("parca_embedded_writes_refused", &[]), Some(1.0));
    let refused = metrics.number("parca_embedded_refused_writes_total", &[("reason", "disk_full")]);
    assert_eq!(refused, Some(1.0));
    assert!(
        server.client().query_range(&range()).await.is_err_and(|error| error.to_string().contains("No data"))
    );
}

fn range() -> QueryRangeRequest {
    let range = TimeRange::new(Timestamp::new(0, 0), Timestamp::new(4_000_000_000, 0));
    QueryRangeRequest::new(QUERY, range, Duration::ZERO)
}
