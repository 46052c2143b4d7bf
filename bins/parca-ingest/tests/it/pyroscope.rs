//! A Pyroscope as the store, behind a proxy that fails, with a tenant and a token.

use std::fs;
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::{Duration, SystemTime};

use http_config::{Environment, HttpClientConfig, Secret};
use profile_model::TimeRange;
use pyroscope_client::{Access, Client, Selection, Settings};
use test_support::{Pyroscope, eventually};

use crate::numbered::Numbered;
use crate::proxy::{Mode, Proxy};
use crate::{Running, program, run, signal};

fn client(pyroscope: SocketAddr) -> Client {
    let mut config = HttpClientConfig::default();
    config.bearer_token = Some(Secret::new("t0ken"));
    let mut settings = Settings::default();
    settings.url = format!("http://{pyroscope}");
    settings.tenant = Some("shop".to_owned());
    settings.access = Access::Http { config: Box::new(config), environment: Environment::empty() };
    Client::new(&settings).unwrap()
}

/// The sum of a type over all that a service has.
async fn total(client: &Client, query: &str) -> i128 {
    let hour = Duration::from_secs(3600);
    let range = TimeRange::new((SystemTime::now() - hour).into(), (SystemTime::now() + hour).into());
    let query: pql::Query = query.parse().unwrap();
    let selection = Selection::new(query.profile_type, query.matchers, range);
    let Ok(bytes) = client.select_merge_profile(&selection).await else { return 0 };
    let profile = profile_codec::pprof::decode(&bytes, &Default::default()).unwrap();
    if profile.sample_types.is_empty() { 0 } else { profile.samples.total(0) }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_scraped_and_pushed_is_there_once_the_server_is_back() {
    let Some(server) = Pyroscope::start(["--token", "t0ken", "--tenant", "shop"]).await else { return };
    let (folder, target) = (tempfile::tempdir().unwrap(), Numbered::start());
    let (proxy, client) = (Proxy::start(server.address()), client(server.address()));
    let store = format!("pyroscope+http://{}", proxy.address);
    let credentials = ["--bearer-token", "t0ken", "--grpc-headers", "X-Scope-OrgID=shop"];

    let config = folder.path().join("parca.yaml");
    let off = ["memory", "block", "mutex", "goroutine", "process_cpu"]
        .map(|name| format!("{name}: {{enabled: false}}"))
        .join(", ");
    let text = format!(
        "scrape_configs:\n- job_name: api\n  scrape_interval: 100ms\n  static_configs: [{{targets: ['{}']}}]\n  profiling_config: {{pprof_config: {{{off}, cpu: {{enabled: true, path: /cpu}}}}}}\n",
        target.address
    );
    fs::write(&config, text).unwrap();
    let mut command = program();
    command.args(["scrape", "--http-address", "none", "--store-timeout", "1s"]).args(credentials);
    command.args(["--store-address", &store]).arg("--config-path").arg(&config);
    let mut scraper = Running(command.stderr(Stdio::null()).spawn().unwrap());
    let query = r#"cpu:cpu:nanoseconds:cpu:nanoseconds{service_name="api"}"#;
    eventually("profiles", || async { (total(&client, query).await > 3).then_some(()) }).await;

    proxy.set(Mode::Away);
    eventually("faults", || async { (proxy.faults() >= 3).then_some(()) }).await;
    proxy.set(Mode::Good);
    let served = target.served().len();
    // The server is asked which profiles it has of a request that was under way when it went.
    eventually("all", || async { (total(&client, query).await >= served as i128 - 1).then_some(()) }).await;
    proxy.set(Mode::Reset);
    eventually("faults", || async { (proxy.faults() >= 1).then_some(()) }).await;
    proxy.set(Mode::Good);
    let served = target.served().len();
    eventually("all again", || async { (total(&client, query).await >= served as i128 - 1).then_some(()) })
        .await;
    signal(&scraper.0, "TERM");
    assert_eq!(scraper.0.wait().unwrap().code(), Some(0));
    let (served, stored) = (target.served().len() as i128, total(&client, query).await);
    // The last one may have been given up by the scraper when it was told to stop.
    assert!((served - 1..=served).contains(&stored), "{served} served, {stored} stored");

    let file = folder.path().join("a.folded");
    fs::write(&file, "main;work 3\nmain 1\n").unwrap();
    let mut push = program();
    push.args(["push", "--store-address", &store, "-l", "service_name=batch"]).args(credentials);
    let (code, _, words) = run(push.arg(&file));
    assert_eq!(code, 0, "{words}");
    assert_eq!(total(&client, r#"samples:samples:count:samples:count{service_name="batch"}"#).await, 4);
}
