use std::time::Duration;

use super::*;

fn good(text: &str) -> (Config, String) {
    let (config, warnings) =
        parse(text, "f", Path::new("/etc/parca")).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let words: Vec<String> = warnings.iter().map(|warning| warning.display("f").to_string()).collect();
    (config, words.join("\n"))
}

fn bad(text: &str) -> String {
    parse(text, "f", Path::new("/etc/parca")).unwrap_err().to_string()
}

fn profiles(job: &Job) -> Vec<String> {
    let shown = |one: &ProfileSettings| {
        let seconds = one.seconds.map(|seconds| format!("?seconds={seconds}")).unwrap_or_default();
        format!("{} {}{seconds}", one.name, one.path)
    };
    job.profiles.iter().map(shown).collect()
}

const DEFAULTS: [&str; 4] = [
    "memory /debug/pprof/allocs",
    "block /debug/pprof/block",
    "goroutine /debug/pprof/goroutine",
    "mutex /debug/pprof/mutex",
];

/// A job with these lines in it.
fn with(lines: &str) -> (Job, String) {
    let text = format!(
        "scrape_configs:\n- job_name: default\n  static_configs: [{{targets: ['127.0.0.1:7070']}}]\n{lines}"
    );
    let (mut config, warnings) = good(&text);
    (config.jobs.remove(0), warnings)
}

#[test]
fn a_job_without_more_has_parcas_defaults() {
    let (job, warnings) = with("");
    assert_eq!((job.interval, job.timeout), (Duration::from_secs(10), Duration::from_secs(13)));
    assert_eq!(profiles(&job)[..4], DEFAULTS);
    assert_eq!(profiles(&job)[4], "process_cpu /debug/pprof/profile?seconds=10");
    assert!(job.profiles[4].is_exclusive && !job.profiles[0].is_exclusive);
    assert_eq!(warnings, "");
}

/// The two files of Parca's ingestion page, one with the timeout above the interval, one with it below.
#[test]
fn both_orders_of_times_work() {
    let fgprof = "  profiling_config:\n    pprof_config:\n      fgprof:\n        enabled: true\n        path: /debug/pprof/fgprof\n";
    let (job, warnings) = with(&format!("  scrape_interval: \"45s\"\n  scrape_timeout: \"60s\"\n{fgprof}"));
    assert_eq!(
        profiles(&job)[4..],
        ["process_cpu /debug/pprof/profile?seconds=45", "fgprof /debug/pprof/fgprof?seconds=45"]
    );
    assert_eq!(warnings, "");
    let (job, warnings) = with(&format!("  scrape_interval: \"60s\"\n  scrape_timeout: \"45s\"\n{fgprof}"));
    assert_eq!(
        profiles(&job)[4..],
        ["process_cpu /debug/pprof/profile?seconds=42", "fgprof /debug/pprof/fgprof?seconds=42"]
    );
    assert!(warnings.contains("a Parca refuses this") && warnings.contains("70 % of the time"), "{warnings}");
}

#[test]
fn what_is_written_of_a_known_profile_keeps_the_rest_of_its_defaults() {
    let check = |written: &str, expect: &str| {
        let (job, _) = with(&format!(
            "  scrape_interval: 5s\n  profiling_config: {{pprof_config: {{process_cpu: {written}}}}}\n"
        ));
        assert_eq!(profiles(&job)[..4], DEFAULTS, "{written}");
        assert_eq!(profiles(&job).get(4).map(String::as_str).unwrap_or("-"), expect, "{written}");
    };
    check("{enabled: true}", "process_cpu /debug/pprof/profile?seconds=5");
    check("{enabled: false}", "-");
    check("", "process_cpu /debug/pprof/profile?seconds=5");
    check("{path: /cpu}", "process_cpu /cpu?seconds=5");
    check("{delta: true}", "process_cpu /debug/pprof/profile?seconds=5");
    check("{delta: false}", "process_cpu /debug/pprof/profile");
    check("{seconds: 2}", "process_cpu /debug/pprof/profile?seconds=2");
    check("{seconds: 0}", "process_cpu /debug/pprof/profile?seconds=5");
    check("{enabled: true, path: /x, delta: true, seconds: 3}", "process_cpu /x?seconds=3");
    check(
        "{keep_sample_type: [{type: cpu, unit: nanoseconds}]}",
        "process_cpu /debug/pprof/profile?seconds=5",
    );
}

#[test]
fn profiles_of_other_names_need_a_path_and_are_told_of() {
    let custom = |written: &str| {
        with(&format!("  profiling_config: {{path_prefix: /a/, pprof_config: {{mine: {written}}}}}\n"))
    };
    assert_eq!(profiles(&custom("{enabled: true, path: ../p}").0)[5], "mine /p");
    assert_eq!(profiles(&custom("{enabled: true, path: p}").0)[0], "memory /a/debug/pprof/allocs");
    assert_eq!(
        profiles(&custom("{enabled: true, path: p, delta: true, seconds: 4}").0)[5],
        "mine /a/p?seconds=4"
    );
    for written in ["", "{path: p}"] {
        let (job, warnings) = custom(written);
        assert_eq!(job.profiles.len(), 5);
        assert!(warnings.contains("ignored") && warnings.contains("enabled: true"), "{warnings}");
    }
}

#[test]
fn every_mistake_is_told_at_its_line() {
    let text = "\
object_storage: {bucket: {type: NOPE}}
global: {}
scrape_configs:
- job_name: a
  scrape_intervall: 10s
  scrape_interval: 0s
  scrape_timeout: 10
  scheme: gopher
  static_configs: [{targets: ['http://x:1/y', ok:1]}]
  profiling_config:
    pprof_config:
      process_cpu: {delta: maybe}
      mine: {enabled: true}
      mem: {enabled: true, path: /p?x=1}
  relabel_configs:
  - {action: hashmod}
  - null
  basic_auth: {username: u, password: p, password_file: f}
  ec2_sd_configs: []
- null
- job_name: ''
- job_name: a
  file_sd_configs: [{files: [a.txt]}]
  http_sd_configs: [{url: ftp://x}]
  dns_sd_configs: [{names: [a], type: A}]
  kubernetes_sd_configs: [{role: pods}]
  metrics_path: /m
";
    let told = bad(text);
    let expect = include_str!("mistakes.expect");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/src/config/mistakes.expect"), &told).unwrap();
        return;
    }
    assert_eq!(told, expect);
}

#[test]
fn windows_longer_than_the_timeout_are_refused() {
    let text = "scrape_configs:\n- job_name: a\n  scrape_timeout: 5s\n  static_configs: [{targets: [a:1]}]\n  profiling_config: {pprof_config: {process_cpu: {seconds: 8}}}\n";
    assert!(bad(text).contains("`process_cpu` asks for 8 s"), "{}", bad(text));
}

#[test]
fn each_discovery_is_read_with_its_defaults() {
    let (job, _) = with(
        "  file_sd_configs: [{files: [a.json]}]\n  http_sd_configs: [{url: http://h/x}]\n  dns_sd_configs: [{names: [_p._tcp.x]}]\n  consul_sd_configs: [{}]\n  kubernetes_sd_configs: [{role: pod}]\n",
    );
    let seconds = Duration::from_secs;
    match &job.discoveries[..] {
        [
            Discovery::Static(_),
            Discovery::File(file),
            Discovery::Http(http),
            Discovery::Dns(dns),
            Discovery::Consul(consul),
            Discovery::Kubernetes(cluster),
        ] => {
            assert_eq!(file.files, [Path::new("/etc/parca/a.json")]);
            assert_eq!((file.refresh, http.refresh, dns.refresh), (seconds(300), seconds(60), seconds(30)));
            assert_eq!(
                (dns.kind, consul.server.as_str(), cluster.role),
                (DnsKind::Srv, "localhost:8500", KubernetesRole::Pod)
            );
            assert!(cluster.http.authorization.is_some(), "the account of the pod");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_cluster_is_asked_as_prometheus_would() {
    let with_sd = |sd: &str| with(&format!("  kubernetes_sd_configs: [{{{sd}}}]\n")).0;
    let told = |sd: &str| {
        bad(&format!(
            "scrape_configs:\n- {{job_name: a, static_configs: [], kubernetes_sd_configs: [{{{sd}}}]}}\n"
        ))
    };
    let job = with_sd(
        "role: endpointslice, selectors: [{role: service, label: a=b}, {role: pod, field: x=y}], attach_metadata: {node: true}",
    );
    let Some(Discovery::Kubernetes(cluster)) = job.discoveries.last() else { panic!("{job:?}") };
    let selectors: Vec<_> =
        cluster.selectors.iter().map(|one| (one.role, one.label.as_str(), one.field.as_str())).collect();
    assert_eq!(selectors, [(KubernetesRole::Service, "a=b", ""), (KubernetesRole::Pod, "", "x=y")]);
    assert!(cluster.attach_nodes);
    let check = |sd: &str, expect: &str| assert!(told(sd).contains(expect), "{sd}: {}", told(sd));
    check("role: pod, selectors: [{role: node}]", "expected a role that `pod` looks at: `pod`");
    check("role: endpoints, selectors: [{role: pod}, {role: pod}]", "a second one of `pod`");
    check("role: pod, bearer_token_file: t", "expected `api_server` beside settings of the client");
    check(
        "role: pod, api_server: 'http://x', namespaces: {own_namespace: true}",
        "expected no `own_namespace` beside `api_server`",
    );
    check("role: pod, kubeconfig_file: c", "a Parca knows it, this program does not");
    check("role: pod, attach_metadata: {nodes: true}", "did you mean `node`?");
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "[ -~\n]{0,200}") {
        let _ = parse(&format!("scrape_configs:\n- job_name: a\n  {text}"), "f", Path::new(""));
    }
}
