//! What is asked in a URL and in a terminal is the same question, and looks the same: of a Parca and of a Pyroscope.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use query::backend::Backend;
use query::deployments::{Deployment, Kind};
use test_support::Pyroscope;
use tokio_util::sync::CancellationToken;
use url::form_urlencoded::Serializer;

use crate::fixture::{Home, PROFILE_QUERY, cpu};

/// `/parcaquery` in front of a deployment until the test ends.
async fn serve(kind: Kind, url: &str) -> SocketAddr {
    let backend = Backend::connect(&Deployment::new("lab", kind, url)).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let routes = profile_ui::parcaquery(backend, Duration::from_secs(60));
    tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
    address
}

async fn asked(address: SocketAddr, parameters: &[(&str, &str)]) -> Vec<u8> {
    let query = Serializer::new(String::new()).extend_pairs(parameters).finish();
    let answer = test_support::http_get(address, &format!("/parcaquery?{query}"), &[]).await.unwrap();
    assert_eq!(answer.status, 200, "{parameters:?} {}", String::from_utf8_lossy(&answer.body));
    answer.body.to_vec()
}

async fn check(kind: Kind, url: &str, label: &str, id: &str) {
    let name = if kind == Kind::Parca { "parca" } else { "pyroscope" };
    let home = Home::with(&format!("[{name}.deployments.lab]\nurl = \"{url}\"\n"));
    let stacks = "main;serve;render 800\nmain;serve;parse 600\nmain;gc 600\n";
    for (time, pod) in [("-5m", "a"), ("-4m", "b")] {
        home.send("lab", &cpu(stacks), time, &[&format!("{label}=db"), &format!("pod={pod}")]).await;
    }
    let address = serve(kind, url).await;
    let now = SystemTime::now();
    let [start, end] = [600, 60].map(|ago| timespec::rfc3339(now - Duration::from_secs(ago)));
    let window = ["--start", &start, "--end", &end];
    for (matchers, filter) in [("", None), (r#", pod=~"a|x""#, Some("pod=~a|x"))] {
        let query = format!(r#"{id}{{{label}="db"{matchers}}}"#);
        for (report, form) in [("svg", "svg"), ("folded", "folded"), ("pprof_raw", "pprof"), ("top", "top")] {
            let parameters =
                [("query", query.as_str()), ("start", &start), ("end", &end), ("reportType", report)];
            let theirs = asked(address, &parameters).await;
            let mut args = vec!["flamegraph", "lab", "db", "-t", "cpu", "--output", form];
            args.extend(window);
            args.extend(filter.iter().flat_map(|filter| ["-l", filter]));
            // Bytes, not text.
            let mut command = tokio::process::Command::new(PROFILE_QUERY);
            let ours = command.args(&args).envs(home.variables()).output().await.unwrap();
            assert!(ours.status.success(), "{args:?} {}", String::from_utf8_lossy(&ours.stderr));
            let ours = ours.stdout;
            assert!(!ours.is_empty());
            assert!(
                ours == theirs,
                "{name} {query} as {form}\n{}\n---\n{}",
                String::from_utf8_lossy(&ours),
                String::from_utf8_lossy(&theirs)
            );
        }
    }
}

#[tokio::test]
async fn a_parca_is_shown_the_same_in_a_url_and_in_a_terminal() {
    let stop = CancellationToken::new();
    let mut settings = parca_embedded::Settings::default();
    settings.self_profile_every = None;
    let server = parca_embedded::start("127.0.0.1:0", settings, stop.clone()).await.unwrap();
    let _stop = stop.drop_guard();
    let url = format!("http://{}", server.address());
    check(Kind::Parca, &url, "job", "process_cpu:cpu:nanoseconds:cpu:nanoseconds:delta").await;
}

#[tokio::test]
async fn a_pyroscope_is_shown_the_same_in_a_url_and_in_a_terminal() {
    let Some(server) = Pyroscope::start([]).await else { return };
    check(Kind::Pyroscope, &server.url(), "service_name", "process_cpu:cpu:nanoseconds:cpu:nanoseconds")
        .await;
}
