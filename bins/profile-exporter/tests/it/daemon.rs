//! Running: every query, each window once, reloads, the end.

use std::time::Duration;

use remote_write::is_stale;
use test_support::{Signal, eventually, http_request};

use crate::fixture::{CPU, Exporter, Folder, HEAP, Parca, head};
use crate::receiver::Receiver;

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread")]
async fn every_query_sends_the_values_of_its_windows() {
    let (parca, receiver) = (Parca::start().await, Receiver::start().await);
    let queries = format!(
        "
- {{name: one, query: '{CPU}', duration: 1s, matchers: [{{contains: json}}]}}
- {{name: two, query: '{CPU}{{pod=\"b\"}}', duration: 2s, matchers: [{{equals: main}}, {{contains: mai}}]}}
- {{name: three, query: '{CPU}', duration: 1s, unsymbolized: aggregate}}
- {{name: four, query: '{HEAP}', duration: 2s, matchers: [{{glob: '*'}}]}}
"
    );
    let folder = Folder::new(&(head(parca.address, &[receiver.url()]) + &queries));
    let exporter = Exporter::start(&folder).await;
    let stored = &receiver.stored;
    for name in ["one", "two", "three", "four"] {
        let query_name = format!("query_name=\"{name}\"");
        let parts = ["profile_exporter_root_cumulative_value{", query_name.as_str()];
        let roots = stored.eventually(&parts, 3).await;
        let ends: Vec<i64> = roots.keys().copied().collect();
        let interval = if matches!(name, "two" | "four") { 2000 } else { 1000 };
        assert!(ends.windows(2).all(|two| two[1] - two[0] == interval), "{name}: {ends:?}");
        assert!(ends.iter().all(|end| end % interval == 0), "{name}: {ends:?}");
    }

    let query = format!("{CPU}{{pod=\"b\"}}");
    let (end, root) = stored.samples(&["root_cumulative", "\"two\""]).into_iter().next().unwrap();
    let expect = parca.values(&query, end, 2 * SECOND).await;
    assert_eq!(root, expect.root as f64);

    let (end, _) = stored.samples(&["root_cumulative", "\"one\""]).into_iter().next().unwrap();
    let expect = parca.values(CPU, end, SECOND).await;
    for name in ["json.Encode", "json.encodeValue"] {
        let function = format!("function_name=\"{name}\"");
        let at = |metric: &str| stored.samples(&[metric, &function, "\"one\""])[&end];
        assert_eq!(at("profile_exporter_flat_value"), expect.flat[name] as f64, "{name}");
        assert_eq!(at("profile_exporter_cumulative_value"), expect.cumulative[name] as f64, "{name}");
    }

    // Unsymbolised frames are under no function's name but their own.
    let bare = stored.samples(&["cumulative_value", "[unsymbolized]", "\"three\""]);
    assert!(bare.values().all(|value| *value > 0.0) && !bare.is_empty());
    // Eight snapshots of pod a in two seconds are one heap; b, snapshot half as often, weighs half.
    let (end, heap) = stored.samples(&["root_cumulative", "\"four\""]).into_iter().next().unwrap();
    let sum = parca.values(HEAP, end, 2 * SECOND).await.root;
    assert_eq!(heap, sum as f64 / 8.0);

    // One series for a function that two matchers mean, with the original's labels.
    let mine: Vec<String> = stored.series().into_iter().filter(|one| one.contains("\"two\"")).collect();
    let labels = format!("query={query:?},query_name=\"two\"");
    assert_eq!(
        mine,
        [
            format!("profile_exporter_cumulative_value{{function_name=\"main\",{labels}}}"),
            format!("profile_exporter_flat_value{{function_name=\"main\",{labels}}}"),
            format!("profile_exporter_root_cumulative_value{{{labels}}}"),
        ]
    );
    assert_eq!(stored.conflicts(), [""; 0]);
    let agent = stored.headers()[0]["user-agent"].to_str().unwrap().to_owned();
    assert!(agent.starts_with("profile-exporter/"), "{agent}");
    assert_eq!(exporter.stop(Signal::TERM).await.code, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn told_to_stop_it_marks_its_series_flushes_and_exits_with_0() {
    for signal in [Signal::TERM, Signal::INT] {
        let (parca, receiver) = (Parca::start().await, Receiver::start().await);
        let query = format!("- {{name: q, query: '{CPU}', duration: 1s, matchers: [{{contains: json}}]}}\n");
        let folder = Folder::new(&(head(parca.address, &[receiver.url()]) + &query));
        let exporter = Exporter::start(&folder).await;
        receiver.stored.eventually(&["root_cumulative"], 2).await;
        let exit = exporter.stop(signal).await;
        assert_eq!(exit.code, Some(0), "{exit:#?}");
        for series in receiver.stored.series() {
            let samples = receiver.stored.samples(&[&series]);
            let (last, value) = samples.last_key_value().unwrap();
            assert!(is_stale(*value), "{series} ends with {value} at {last}");
            assert_eq!(samples.values().filter(|value| is_stale(**value)).count(), 1, "{series}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_changes_what_changed_and_a_bad_config_nothing() {
    let (parca, receiver) = (Parca::start().await, Receiver::start().await);
    let head = head(parca.address, &[receiver.url()]);
    let query = |name: &str| format!("- {{name: {name}, query: '{CPU}', duration: 1s}}\n");
    let folder = Folder::new(&format!("{head}{}{}", query("stays"), query("goes")));
    let mut exporter = Exporter::start(&folder).await;
    let stored = &receiver.stored;
    stored.eventually(&["\"goes\""], 1).await;

    folder.write(&format!("{head}{}{}", query("stays"), query("comes")));
    exporter.process.signal(Signal::HUP);
    exporter.process.stderr_line("the reload", |line| line.contains("was reloaded")).await;
    stored.eventually(&["\"comes\""], 1).await;
    eventually("the end of what went", || async {
        stored.samples(&["\"goes\""]).values().any(|value| is_stale(*value)).then_some(())
    })
    .await;

    folder.write("queries: [{name: x}]\n");
    let answer = http_request(exporter.address, "POST", "/-/reload", &[], b"").await.unwrap();
    assert_eq!(answer.status, 422);
    assert!(answer.text().contains("remote_write"), "{}", answer.text());
    let reload = exporter.scrape().await.number("profile_exporter_config_last_reload_successful", &[]);
    assert_eq!(reload, Some(0.0));

    let before = stored.samples(&["\"stays\""]).len();
    let ends = stored.eventually(&["\"stays\""], before + 2).await;
    let ends: Vec<i64> = ends.into_keys().collect();
    assert!(ends.windows(2).all(|two| two[1] - two[0] == 1000), "a window is missing: {ends:?}");
    assert!(stored.samples(&["\"stays\""]).values().all(|value| !is_stale(*value)));

    folder.write(&format!("{head}{}", query("stays")));
    let answer = http_request(exporter.address, "POST", "/-/reload", &[], b"").await.unwrap();
    assert_eq!((answer.status, answer.text().as_str()), (200, "reloaded\n"));
    assert_eq!(exporter.stop(Signal::TERM).await.code, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_ready_once_each_query_was_tried() {
    let (parca, receiver) = (Parca::start().await, Receiver::start().await);
    let query = format!("- {{name: q, query: '{CPU}', duration: 1s}}\n");
    let folder = Folder::new(&(head(parca.address, &[receiver.url()]) + &query));
    let exporter = Exporter::start(&folder).await;
    assert_eq!(exporter.get("/-/healthy").await.status, 200);
    eventually("readiness", || async { (exporter.get("/-/ready").await.status == 200).then_some(()) }).await;
    receiver.stored.eventually(&["root_cumulative"], 2).await;

    let scrape = exporter.scrape().await;
    let mut families: Vec<(String, Vec<String>)> = scrape
        .families
        .iter()
        .filter(|(name, _)| name.starts_with("profile_exporter_"))
        .map(|(name, family)| {
            let labels = family.samples.iter().flat_map(|sample| sample.labels.keys().cloned());
            let mut labels: Vec<String> = labels.filter(|label| label != "le").collect();
            labels.sort();
            labels.dedup();
            (name.clone(), labels)
        })
        .collect();
    families.sort();
    let expect: &[(&str, &[&str])] = &[
        ("profile_exporter_build_info", &["version"]),
        ("profile_exporter_config_last_reload_success_timestamp_seconds", &[]),
        ("profile_exporter_config_last_reload_successful", &[]),
        ("profile_exporter_parca_up", &[]),
        ("profile_exporter_queries_total", &["outcome", "query_name"]),
        ("profile_exporter_query_duration_seconds", &["query_name"]),
        ("profile_exporter_query_early_total", &["query_name"]),
        ("profile_exporter_query_last_success_timestamp_seconds", &["query_name"]),
        ("profile_exporter_query_last_window_end_seconds", &["query_name"]),
        ("profile_exporter_query_panics_total", &["query_name"]),
        ("profile_exporter_query_response_bytes", &["query_name"]),
        ("profile_exporter_query_rows", &["query_name"]),
        ("profile_exporter_query_series", &["query_name"]),
        ("profile_exporter_query_windows_missed_total", &["query_name"]),
        ("profile_exporter_remote_write_bytes_total", &["remote"]),
        ("profile_exporter_remote_write_clock_ahead_seconds", &["remote"]),
        ("profile_exporter_remote_write_highest_sent_timestamp_seconds", &["remote"]),
        ("profile_exporter_remote_write_panics_total", &["remote"]),
        ("profile_exporter_remote_write_pending_samples", &["remote"]),
        ("profile_exporter_remote_write_protocol", &["message", "remote"]),
        ("profile_exporter_remote_write_queue_capacity", &["remote"]),
        ("profile_exporter_remote_write_requests_total", &["code", "remote"]),
        ("profile_exporter_remote_write_samples_dropped_total", &["reason", "remote"]),
        ("profile_exporter_remote_write_samples_failed_total", &["remote"]),
        ("profile_exporter_remote_write_samples_retried_total", &["remote"]),
        ("profile_exporter_remote_write_samples_total", &["remote"]),
        ("profile_exporter_remote_write_send_duration_seconds", &["remote"]),
        ("profile_exporter_remote_write_spool_bytes", &[]),
        ("profile_exporter_remote_write_spool_damaged_bytes_total", &[]),
        ("profile_exporter_remote_write_spool_limit_bytes", &[]),
        ("profile_exporter_remote_write_spool_lost_requests_total", &[]),
        ("profile_exporter_series_dropped_total", &["query_name", "reason"]),
        ("profile_exporter_stale_markers_total", &[]),
    ];
    let expect: Vec<(String, Vec<String>)> = expect
        .iter()
        .map(|(name, labels)| ((*name).to_owned(), labels.iter().map(|label| (*label).to_owned()).collect()))
        .collect();
    assert_eq!(families, expect);
    assert!(scrape.number("profile_exporter_remote_write_samples_total", &[]).unwrap() >= 2.0);
    assert_eq!(exporter.stop(Signal::TERM).await.code, Some(0));
}
