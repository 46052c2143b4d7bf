use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::*;
use crate::settings::{GroupLabel, Metric, Metrics, Rank, Schedule, Top, Unit, Unsymbolized, ValueKind};
use crate::{Field as On, Matcher, Pattern, TextMatch};

/// What no message may hold.
const SECRET: &str = "hunter2";

/// A file in `cases`: a config with a line `@@`, and what stands in its place in each case. What is
/// told about each is in the file beside it; `BLESS=1` writes it.
#[track_caller]
fn check(name: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/config/cases");
    let text = fs::read_to_string(folder.join(format!("{name}.yaml"))).unwrap();
    let mut parts = text.split("### ");
    let template = parts.next().unwrap();
    let mut found = String::new();
    for part in parts {
        let (title, lines) = part.split_once('\n').unwrap();
        let config = template.replace("@@\n", lines);
        let told = match parse(&config, "f", Path::new("/etc/exporter")) {
            Ok((_, warnings)) if warnings.is_empty() => "fine".to_owned(),
            Ok((_, warnings)) => {
                let lines: Vec<_> = warnings.iter().map(|warning| warning.display("f").to_string()).collect();
                format!("fine, but\n{}", lines.join("\n"))
            }
            Err(mistakes) => mistakes.to_string(),
        };
        found.push_str(&format!("### {title}\n{told}\n"));
    }
    assert!(!found.contains(SECRET), "{found}");
    let golden = folder.join(format!("{name}.expect"));
    if std::env::var_os("BLESS").is_some() {
        fs::write(&golden, &found).unwrap();
    }
    let expect = fs::read_to_string(&golden).unwrap();
    assert_eq!(found, expect, "{name}: `BLESS=1 cargo test -p parca-tools-exporter` writes what is expected");
}

#[test]
fn mistakes_in_the_file() {
    check("file");
}

#[test]
fn mistakes_in_a_receiver() {
    check("remote");
}

#[test]
fn mistakes_in_receivers() {
    check("remotes");
}

#[test]
fn mistakes_in_parca() {
    check("parca");
}

#[test]
fn mistakes_in_queries() {
    check("queries");
}

#[test]
fn mistakes_in_a_query() {
    check("query");
}

#[test]
fn mistakes_about_types() {
    check("types");
}

fn good(text: &str) -> Settings {
    match parse(text, "f", Path::new("/etc/exporter")) {
        Ok((settings, warnings)) => {
            assert!(warnings.is_empty(), "{warnings:?}");
            settings
        }
        Err(mistakes) => panic!("{mistakes}"),
    }
}

/// All keys of the original, as its own file has them.
const ORIGINAL: &str = "
remote_write:
  url: http://localhost:9090/api/v1/write
  remote_timeout: 10s
  basic_auth:
    username: user
    password_file: secrets/password
parca:
  address: localhost:7070
  bearer_token_file: secrets/token
  insecure: true
queries:
- name: all
  query: 'process_cpu:samples:count:cpu:nanoseconds:delta{job=\"parca\"}'
  duration: 1m30s
- name: two
  query: memory:inuse_space:bytes:space:bytes
  duration: 10s
  matchers:
  - contains: runtime.
  - contains: main
";

#[test]
fn the_originals_keys_mean_what_they_meant() {
    let settings = good(ORIGINAL);
    assert_eq!(settings.parca.url, "http://localhost:7070");
    assert_eq!(settings.parca.protocol, parca_client::Protocol::Grpc);
    assert!(
        matches!(&settings.parca.token, parca_client::Token::File(path) if path == "/etc/exporter/secrets/token")
    );
    assert!(settings.spool_dir.is_none() && settings.stale_markers && settings.stale_on_shutdown);
    let [remote] = settings.remotes.as_slice() else { panic!() };
    assert_eq!(remote.url, "http://localhost:9090/api/v1/write");
    assert_eq!(
        (remote.write.name.as_str(), remote.write.remote_timeout),
        ("remote", Duration::from_secs(10))
    );
    assert_eq!((remote.http.follow_redirects, remote.http.enable_http2), (true, Some(false)));
    let password = remote.http.basic_auth.as_ref().unwrap().password_file.clone();
    assert_eq!(password, Some(PathBuf::from("/etc/exporter/secrets/password")));
    assert_eq!(remote.write.rules.duplicates, remote_write::Duplicates::Sum);
    let [all, two] = settings.queries.as_slice() else { panic!() };
    let minutes = Duration::from_secs(90);
    assert_eq!(
        (all.schedule.interval, all.schedule.window, all.schedule.delay),
        (minutes, minutes, Schedule::DELAY)
    );
    assert_eq!(all.query_text, r#"process_cpu:samples:count:cpu:nanoseconds:delta{job="parca"}"#);
    assert!(all.functions.matchers.is_empty() && all.query_label && all.metrics == Metrics::default());
    assert_eq!(two.functions.matchers, [Matcher::contains("runtime."), Matcher::contains("main")]);
}

#[test]
fn everything_can_be_said() {
    let settings = good(
        r#"
global:
  spool_dir: spool
  spool_max_bytes: 1GiB
  spool_fsync: yes
  max_series: 500
  max_concurrent_queries: 2
  stale_markers: no
  stale_on_shutdown: off
  external_labels: {cluster: eu, job: a}
  catch_up: 2h
  delay: 1m
  timeout: 9s
  query_label: false
  max_label_value_length: 64
remote_write:
- url: https://u:hunter2@a/write
  external_labels: {job: b, instance: c}
  protobuf_message: auto
  remote_timeout: 0
  queue_config: {capacity: 10, max_backoff: 2m, retry_on_http_429: false}
  write_relabel_configs:
  - {source_labels: [a], regex: x, action: drop}
- url: http://b/write
  name: second
  sigv4: {region: eu-central-1}
parca:
  address: parca.example:443
  bearer_token: " hunter2\n"
  protocol: grpc-web
  max_message_bytes: 1MiB
  gzip: true
  headers: {projectID: hunter2}
  tls_config: {ca: x, key_file: k, cert: y, min_version: TLS13, server_name: other.example}
queries:
- name: q
  query: process_cpu:samples:count:cpu:nanoseconds:delta
  interval: 30s
  window: 1m
  delay: 0s
  timeout: 5s
  catch_up: 0
  matchers:
  - {glob: "main.*", on: system_name, not: {suffix: _test}, stack: ^main}
  - {not: [{equals: a, on: binary}, {regex: b}]}
  unsymbolized: per_binary
  top_n: 5
  top_by: flat
  other: no
  min_value: 0.5
  min_ratio: 0.01
  max_series: 10
  group_by: [k8s.pod]
  value: per_second
  compare: {offset: 1w}
  metrics:
    root: false
    cumulative: cpu_cores
    flat: {name: cpu_self_cores, help: What it did itself.}
    unit: seconds
  labels: {team: a}
  query_label: true
  max_label_value_length: 128
"#,
    );
    assert_eq!(settings.spool_dir, Some(PathBuf::from("/etc/exporter/spool")));
    assert_eq!((settings.max_series, settings.max_concurrent_queries), (500, 2));
    assert!(!settings.stale_markers && !settings.stale_on_shutdown);
    let [first, second] = settings.remotes.as_slice() else { panic!() };
    let spool = first.write.spool.as_ref().unwrap();
    assert_eq!(spool.directory, PathBuf::from("/etc/exporter/spool/remote-remote-1"));
    assert_eq!((spool.max_bytes, spool.fsync), (1 << 30, true));
    assert_eq!(format!("{:?}", first.write.rules.external_labels), r#"{cluster="eu",instance="c",job="b"}"#);
    assert_eq!((first.write.protocol, first.write.queue.capacity), (remote_write::Protocol::Auto, 10));
    assert_eq!(first.write.remote_timeout, Duration::from_secs(30));
    assert_eq!((second.write.name.as_str(), first.write.rules.relabel.len()), ("second", 1));
    assert!(second.http.sigv4.is_some());

    let parca = &settings.parca;
    assert_eq!(
        (parca.url.as_str(), parca.gzip, parca.max_message_bytes),
        ("https://parca.example:443", true, 1 << 20)
    );
    assert_eq!(parca.headers, [("projectID".to_owned(), "hunter2".to_owned())]);
    assert_eq!(parca.tls.key_file, Some(PathBuf::from("/etc/exporter/k")));
    assert_eq!(
        (parca.tls.ca.as_deref(), parca.tls.min_version),
        (Some("x"), Some(parca_client::TlsVersion::Tls13))
    );

    let query = &settings.queries[0];
    let seconds = Duration::from_secs;
    assert_eq!((query.schedule.interval, query.schedule.window), (seconds(30), seconds(60)));
    assert_eq!((query.schedule.delay, query.timeout, query.catch_up), (seconds(0), seconds(5), seconds(0)));
    assert_eq!(query.functions.top, Some(Top { n: 5, by: Rank::Flat, other: false }));
    assert_eq!((query.functions.unsymbolized, query.functions.max_series), (Unsymbolized::PerBinary, 10));
    assert_eq!((query.functions.min_value, query.functions.min_ratio), (0.5, 0.01));
    assert_eq!(query.group_by, [GroupLabel { label: "k8s.pod".into(), name: "k8s_pod".into() }]);
    assert_eq!((query.value, query.metrics.unit), (ValueKind::PerSecond, Some(Unit::Seconds)));
    assert_eq!(query.metrics.root, None);
    let flat = Metric { name: "cpu_self_cores".into(), help: "What it did itself.".into() };
    assert_eq!(query.metrics.flat, Some(flat));
    assert_eq!(query.compare.as_ref().map(|compare| compare.text.as_str()), Some("1w"));
    assert_eq!(
        (query.labels.get("team"), query.query_label, query.max_label_value_bytes),
        (Some("a"), true, 128)
    );
    let [glob, not] = query.functions.matchers.as_slice() else { panic!() };
    assert_eq!((glob.on, glob.stack.as_ref().map(Pattern::as_str)), (On::SystemName, Some("^main")));
    assert_eq!(glob.text, Some(TextMatch::Glob(Pattern::glob("main.*").unwrap())));
    assert_eq!((not.text.is_none(), not.not.len(), not.not[0].on), (true, 2, On::Binary));
}

#[test]
fn stack_patterns_beyond_the_limit_are_refused_not_ignored() {
    let config = |count: usize| {
        let (template, _) = include_str!("cases/query.yaml").split_once("@@").unwrap();
        let matchers: String =
            (0..count).map(|at| format!("  - {{stack: f{at}}}\n  - {{stack: f0}}\n")).collect();
        parse(&format!("{template}  duration: 1m\n  matchers:\n{matchers}"), "f", Path::new("/etc")).map(drop)
    };
    config(63).unwrap();
    let mistakes = config(64).unwrap_err().to_string();
    assert!(mistakes.contains("expected at most 63 different `stack` of a query"), "{mistakes}");
}

#[test]
fn no_debug_shows_a_secret() {
    let text = ORIGINAL
        .replace("password_file: secrets/password", "password: hunter2")
        .replace("bearer_token_file: secrets/token", "bearer_token: hunter2\n  headers: {x: hunter2}");
    let settings = good(&text);
    assert!(!format!("{settings:?}").contains(SECRET));
}

#[test]
fn what_says_the_same_is_the_same() {
    let is_same = |text: &str| {
        let (one, other) = (good(ORIGINAL), good(text));
        (crate::settings::same_parca(&one.parca, &other.parca), one.remotes[0].is_same(&other.remotes[0]))
    };
    assert_eq!(is_same(&format!("# comment\n\n{ORIGINAL}")), (true, true));
    assert_eq!(is_same(&ORIGINAL.replace("name: two", "name: three")), (true, true));
    assert_eq!(is_same(&ORIGINAL.replace("localhost:7070", "localhost:7071")), (false, true));
    assert_eq!(is_same(&format!("{ORIGINAL}\nglobal: {{external_labels: {{a: b}}}}")), (true, false));
}

#[test]
fn times_fill_in_for_each_other() {
    let check = |keys: &str, interval, window, timeout| {
        let text = ORIGINAL.replace("  duration: 1m30s\n", keys);
        let query = &good(&text).queries[0];
        let found =
            [query.schedule.interval, query.schedule.window, query.timeout].map(|span| span.as_secs());
        assert_eq!(found, [interval, window, timeout], "{keys}");
    };
    check("  duration: 10s\n", 10, 10, 10);
    check("  interval: 10s\n", 10, 10, 10);
    check("  interval: 10s\n  window: 1m\n", 10, 60, 10);
    check("  duration: 5m\n  interval: 1m\n", 60, 300, 30);
    check("  duration: 1m\n  window: 5m\n", 60, 300, 30);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { failure_persistence: None, ..Default::default() })]

    /// Lines of all cases in any order and indentation, and pieces cut out.
    #[test]
    fn no_text_ends_the_process(
        lines in proptest::collection::vec((0_usize..10_000, 0_usize..4, proptest::prelude::any::<bool>()), 0..30),
    ) {
        let all = concat!(
            include_str!("cases/remote.yaml"),
            include_str!("cases/parca.yaml"),
            include_str!("cases/query.yaml"),
            include_str!("cases/file.yaml"),
        );
        let all: Vec<&str> = all.lines().collect();
        let line = |(at, indent, cut): &(usize, usize, bool)| {
            let line = all[at % all.len()];
            let end = if *cut { line.char_indices().nth(at % 20).map_or(line.len(), |(end, _)| end) } else { line.len() };
            format!("{}{}\n", " ".repeat(*indent), &line[..end])
        };
        let text: String = lines.iter().map(line).collect();
        if let Err(mistakes) = parse(&text, "f", Path::new("/etc")) {
            proptest::prop_assert!(mistakes.is_fatal());
        }
    }
}

#[test]
fn the_example_is_fine() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../bins/profile-exporter/profile-exporter.yaml");
    let settings = good(&fs::read_to_string(path).unwrap());
    assert!(settings.queries.len() > 1);
}
