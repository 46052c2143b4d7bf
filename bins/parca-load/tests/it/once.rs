//! The smoke test for CI.

use test_support::{GrpcDouble, Reply};

use crate::fixture::{LANES, Parca, lane, run, summary};

#[tokio::test]
async fn a_round_of_every_lane_without_a_failure_is_exit_0() {
    let parca = Parca::start().await;
    for protocol in ["grpc-web", "grpc-web-h2", "grpc"] {
        let exit = run(&parca.url(), &["-once", "-protocol", protocol]).await;
        assert_eq!(exit.code, Some(0), "{protocol}: {exit:#?}");
        let summary = summary(&exit);
        for name in LANES {
            let lane = lane(&summary, name);
            assert!(lane["calls"].as_u64() > Some(0), "{protocol}: {lane:#}");
            assert_eq!(lane["errors"], 0, "{protocol}: {lane:#}");
        }
    }
}

#[tokio::test]
async fn one_refused_method_is_exit_1() {
    let parca = Parca::start().await;
    let address = parca.address;
    let refusing = GrpcDouble::start(move |call| match call.method() {
        "Values" => Reply::Status(7, "not for you"),
        _ => Reply::Forward(address),
    })
    .await;
    let exit = run(&refusing.url(), &["-once"]).await;
    assert_eq!(exit.code, Some(1), "{exit:#?}");
    let summary = summary(&exit);
    assert_eq!((&summary["errors"], &lane(&summary, "values")["errors"]), (&1.into(), &1.into()));
    assert_eq!(lane(&summary, "values")["codes"]["permission_denied"], 1);
    assert!(exit.stderr.contains("not for you"), "{}", exit.stderr);
}

#[tokio::test]
async fn nobody_there_is_exit_1_with_the_address() {
    let address = test_support::unused_address();
    let exit = run(&format!("http://{address}"), &["-once"]).await;
    assert_eq!((exit.code, &summary(&exit)["calls"]), (Some(1), &0.into()), "{exit:#?}");
    assert!(exit.stderr.contains(&address.to_string()), "{}", exit.stderr);
    assert!(exit.stderr.contains("hint: nothing listens there"), "{}", exit.stderr);
}

/// A minute, then exit 1 and no reason.
#[tokio::test]
async fn what_a_server_without_profiles_is_waited_for_is_said() {
    use test_support::{PATIENCE, Process};

    let stop = tokio_util::sync::CancellationToken::new();
    let mut settings = parca_embedded::Settings::default();
    settings.self_profile_every = None;
    let server = parca_embedded::start("127.0.0.1:0", settings, stop.clone()).await.unwrap();
    let url = format!("http://{}", server.address());
    let args = ["-url", &url, "-addr", "none", "-once"];
    let mut process = Process::start(crate::fixture::PARCA_LOAD, args, crate::fixture::NONE);
    let waits = |line: &str| line.contains("has no profiles yet") && line.contains("60s");
    process.stderr_line("what it waits for", waits).await;
    process.signal(test_support::Signal::INT);
    process.exit(PATIENCE).await;
    stop.cancel();
}
