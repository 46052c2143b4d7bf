//! The commands on a Parca.

use test_support::Pyroscope;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::fixture::{AFTER, BEFORE, Home, cpu, pprof_of};
use crate::golden;

/// A server until dropped, with what a Pyroscope is given too.
async fn start() -> (String, DropGuard) {
    let stop = CancellationToken::new();
    let mut settings = parca_embedded::Settings::default();
    settings.self_profile_every = None;
    let server = parca_embedded::start("127.0.0.1:0", settings, stop.clone()).await.unwrap();
    (format!("http://{}", server.address()), stop.drop_guard())
}

async fn fill(home: &Home, deployment: &str, label: &str) {
    let service = format!("{label}=axiom-db");
    home.send(deployment, &cpu(BEFORE), "-75m", &[&service, "release=1"]).await;
    home.send(deployment, &cpu(AFTER), "-5m", &[&service, "release=2"]).await;
    let memory = pprof_of("main;cache;insert 4096\n", &[("inuse_space", "bytes")], ("space", "bytes"));
    home.send(deployment, &memory, "-5m", &[&service, "__name__=memory"]).await;
}

const FLAMEGRAPH: [&str; 2] = ["--output", "top"];
const DIFF: [&str; 4] = ["-2h", "-1h", "-30m", "now"];

#[tokio::test]
async fn rankings_and_shares_are_those_of_a_pyroscope() {
    let (url, _stop) = start().await;
    let home = Home::with(&format!("[parca.deployments.lab]\nurl = \"{url}\"\n"));
    fill(&home, "lab", "job").await;
    let flamegraph = home.ok(&[&["flamegraph", "lab", "axiom-db"], &FLAMEGRAPH[..]].concat()).await;
    let diff = home.ok(&[&["diff", "lab", "axiom-db"], &DIFF[..], &["--json"]].concat()).await;
    // They name what they were asked for, each in its own words.
    let asked = ("cpu:nanoseconds:delta{job=", "cpu:nanoseconds{service_name=");
    golden::check("both-flamegraph.txt", &flamegraph, &[asked, ("lab at ", "prod at ")]);
    golden::check("both-diff.json", &diff, &[asked]);

    // The same files, where there is a Pyroscope to compare with.
    let Some(server) = Pyroscope::start([]).await else { return };
    let config = format!(
        "[pyroscope.deployments.prod]\nurl = \"{}\"\n[parca.deployments.lab]\nurl = \"{url}\"",
        server.url()
    );
    let home = Home::with(&config);
    fill(&home, "prod", "service_name").await;
    let flamegraph = home.ok(&[&["flamegraph", "prod", "axiom-db"], &FLAMEGRAPH[..]].concat()).await;
    let diff = home.ok(&[&["diff", "prod", "axiom-db"], &DIFF[..], &["--json"]].concat()).await;
    golden::check("both-flamegraph.txt", &flamegraph, &[]);
    golden::check("both-diff.json", &diff, &[]);
    // One with the other.
    let both = home.ok(&["diff", "prod", "axiom-db", "--base-deployment", "lab", "--range", "10m"]).await;
    assert!(both.starts_with("Deployment: prod (baseline: lab)\n"), "{both}");
    assert!(both.ends_with("No function changed.\n"), "{both}");
}

#[tokio::test]
async fn all_commands_work() {
    let (url, _stop) = start().await;
    let address = url.trim_start_matches("http://");
    let home = Home::with(&format!("[parca.deployments.lab]\naddress = \"{address}\"\nplaintext = true\n"));
    fill(&home, "lab", "job").await;
    assert_eq!(home.ok(&["services", "lab"]).await, "axiom-db\n");
    assert_eq!(
        home.ok(&["profiles", "lab"]).await,
        "memory:inuse_space:bytes:space:bytes:delta         memory/inuse_space\n\
         process_cpu:cpu:nanoseconds:cpu:nanoseconds:delta  process_cpu/cpu\n"
    );
    assert_eq!(home.ok(&["labels", "lab"]).await, "job\nrelease\n");
    assert_eq!(home.ok(&["labels", "lab", "release"]).await, "1\n2\n");
    assert_eq!(home.ok(&["labels", "lab", "release", "--range", "1h", "-l", "job=~axiom.*"]).await, "2\n");
    let series =
        home.ok(&["series", "lab", "axiom-db", "--name", "release", "--name", "job", "--range", "2h"]).await;
    assert_eq!(series, "job       release\naxiom-db  -\naxiom-db  1\naxiom-db  2\n");
    assert!(home.ok(&["stats", "lab"]).await.starts_with("Data: yes\nOldest profile: 2"));
    let text = home.ok(&["flamegraph", "lab", "axiom-db"]).await;
    assert!(text.contains("Profile: process_cpu:cpu:nanoseconds:cpu:nanoseconds:delta\n"), "{text}");
    assert!(text.contains("Total samples: 2000000000 nanoseconds (2 s)\n"), "{text}");
    let text = home.ok(&["flamegraph", "lab", "axiom-db", "--type", "memory"]).await;
    assert!(text.contains("Total samples: 4096 bytes (4 KiB)\n"), "{text}");
    let json = home.ok(&["flamegraph", "lab", "axiom-db", "--json"]).await;
    assert!(json.contains("\"flamegraphArrow\""), "{json}");
    assert!(home.ok(&["top", "lab", "axiom-db", "-n", "1"]).await.contains("render"));
    // Samples of the agent are shown as the time that they stand for, in every command.
    let agent = pprof_of("main;work 3\n", &[("samples", "count")], ("cpu", "nanoseconds"));
    home.send("lab", &agent, "-5m", &["job=host", "__name__=parca_agent"]).await;
    for command in ["flamegraph", "top"] {
        let text = home.ok(&[command, "lab", "host", "--type", "cpu"]).await;
        assert!(text.contains("cpu: 3 ns in all"), "{command}: {text}");
    }
    let file = home.path("out.pb.gz");
    home.ok(&["export", "lab", "axiom-db", "-o", file.to_str().unwrap()]).await;
    assert!(
        home.ok(&["diff", file.to_str().unwrap(), file.to_str().unwrap()])
            .await
            .contains("No function changed")
    );
    let exit = home.run(&["export", "lab", "axiom-db", "-o", file.to_str().unwrap()]).await;
    assert_eq!(exit.code, Some(1), "{exit:#?}");
    let types = home.ok(&["query", "lab", "ProfileTypes"]).await;
    assert!(types.contains("\"sampleType\": \"cpu\""), "{types}");
    let raw = async |method: &str, body: &str| {
        let text = home.ok(&["query", "lab", method, body]).await;
        serde_json::from_str::<serde_json::Value>(&text).unwrap()
    };
    assert_eq!(raw("HasProfileData", "{}").await["hasData"], true);
    assert_eq!(raw("Labels", "{}").await["labelNames"][0], "job");
    assert_eq!(raw("Values", r#"{"labelName":"release"}"#).await["labelValues"][1], "2");
    let window = r#""start":"2026-01-01T00:00:00Z","end":"2100-01-01T00:00:00Z""#;
    let query = r#""query":"process_cpu:cpu:nanoseconds:cpu:nanoseconds:delta""#;
    let series =
        raw("QueryRange", &format!("{{{query},{window},\"step\":\"3600s\",\"sumBy\":[\"job\"]}}")).await;
    assert_eq!(series["series"][0]["labelset"]["labels"][0]["value"], "axiom-db");
    let report =
        raw("Query", &format!("{{\"merge\":{{{query},{window}}},\"reportType\":\"REPORT_TYPE_PPROF\"}}"))
            .await;
    assert!(report["pprof"].as_str().unwrap().starts_with("H4sI"), "{report}");
    // What is misspelled is not passed over.
    let exit = home.run(&["query", "lab", "Values", r#"{"labelNmae":"release"}"#]).await;
    assert!(exit.code == Some(2) && exit.stderr.contains("labelNmae"), "{exit:#?}");
    let exit = home.run(&["query", "lab", "Nonsense"]).await;
    assert_eq!(exit.code, Some(2), "{exit:#?}");
    let link = home.ok(&["link", "lab", "axiom-db"]).await;
    let expect =
        format!("{url}/?expression_a=process_cpu%3Acpu%3Ananoseconds%3Acpu%3Ananoseconds%3Adelta%7B");
    assert!(link.starts_with(&expect), "{link}");
    // What a query range would take is anchored, as on a Pyroscope.
    let exit = home.run(&["flamegraph", "lab", "axiom-db", "-l", "release=~[3-9]"]).await;
    assert_eq!(exit.code, Some(3), "{exit:#?}");
    let exit = home.run(&["flamegraph", "lab", "axiom-dbb"]).await;
    assert!(exit.code == Some(3) && exit.stderr.contains("did you mean `axiom-db`?"), "{exit:#?}");
    let exit = home.run(&["flamegraph", "lab", "axiom-db", "--service-label", "comm"]).await;
    assert!(exit.code == Some(3) && exit.stderr.contains("no profile has the label `comm`"), "{exit:#?}");
    // Without a file.
    let direct = ["services", "--url", &url, "--backend", "parca"];
    assert_eq!(home.ok(&direct).await, "axiom-db\nhost\n");
    let mut variables = home.variables();
    variables.push(("PARCA_URL".to_owned(), url.clone()));
    let exit = test_support::Process::run(crate::fixture::PROFILE_QUERY, ["services", "-"], variables).await;
    assert_eq!(exit.stdout, "axiom-db\nhost\n", "{exit:#?}");
}
