//! The example that docs/ingestion.md names, run.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use parca_client::{Client, QueryRequest, Report, ReportKind, Settings};
use profile_model::{FunctionTable, TimeRange};
use test_support::eventually;
use tokio_util::sync::CancellationToken;

/// Where cargo puts examples when it builds tests.
fn example(name: &str) -> PathBuf {
    let own = std::env::current_exe().unwrap();
    own.parent().and_then(|deps| deps.parent()).unwrap().join("examples").join(name)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_pushes_its_own_profiles() {
    let stop = CancellationToken::new();
    let mut settings = parca_embedded::Settings::default();
    settings.self_profile_every = None;
    let server = parca_embedded::start("127.0.0.1:0", settings, stop.clone()).await.unwrap();
    let url = format!("http://{}", server.address());
    let client = Client::new(&Settings::new(url.clone())).unwrap();
    let minutes = Duration::from_secs(300);
    let range = TimeRange::new((SystemTime::now() - minutes).into(), (SystemTime::now() + minutes).into());
    let shares = async |query: &str| {
        let answer =
            client.query(&QueryRequest::merge(query.to_owned(), range, ReportKind::Pprof)).await.unwrap();
        let Some(Report::Pprof(bytes)) = answer.report else { panic!("{query}: expected a pprof") };
        let profile = profile_codec::pprof::decode(&bytes, &Default::default()).unwrap();
        let table = FunctionTable::of(&profile.symbols, profile.samples.column(0));
        let rows = table.rows.iter().map(|row| (row.name(&profile.symbols).to_string(), row.cumulative));
        (table.total, rows.collect::<Vec<_>>())
    };
    let cpu = r#"process_cpu:cpu:nanoseconds:cpu:nanoseconds:delta{job="push_own_profile"}"#;
    // On a machine that has much else to do it may not get to run while it is looked at.
    let (total, rows) = eventually("a profile with samples", async || {
        let mut command = tokio::process::Command::new(example("push_own_profile"));
        let status = command.args([&url, "1"]).status().await.unwrap();
        assert!(status.success());
        Some(shares(cpu).await).filter(|(total, _)| *total > 0)
    })
    .await;
    // What runs beside it is mostly the reading of its own debug information.
    let of_work = rows.iter().filter(|(name, _)| name.starts_with("push_own_profile::work"));
    let work = of_work.map(|(_, value)| *value).max().unwrap_or_default();
    assert!(10 * i128::from(work) > i128::from(total), "{work} of {total}: {rows:?}");
    let memory = r#"memory:resident_space:bytes:space:bytes{job="push_own_profile"}"#;
    assert!(shares(memory).await.0 > 1 << 20);
    stop.cancel();
}
