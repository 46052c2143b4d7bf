//! The page of targets, and the same as JSON.

use std::fmt::Write as _;
use std::time::SystemTime;

use axum::Router;
use axum::extract::State;
use axum::response::{Html, IntoResponse};
use axum::routing::get;

use relabel::Labels;
use serde_json::{Value, json};

use super::Source;
use crate::scrape::{DroppedTarget, JobStatus, TargetStatus};
use crate::send::Stores;

pub(super) fn routes(source: Source) -> Router {
    Router::new().route("/targets", get(page)).route("/targets.json", get(targets)).with_state(source)
}

async fn targets(State(source): State<Source>) -> impl IntoResponse {
    axum::Json(json!({ "jobs": (source.jobs)().iter().map(job_json).collect::<Vec<_>>() }))
}

fn job_json(job: &JobStatus) -> Value {
    let dropped = |one: &DroppedTarget| json!({ "discoveredLabels": labels_json(&one.discovered), "reason": one.reason });
    json!({
        "job": job.name,
        "active": job.active.iter().map(target_json).collect::<Vec<_>>(),
        "dropped": job.dropped.iter().map(dropped).collect::<Vec<_>>(),
        "errors": job.errors,
    })
}

fn target_json(target: &TargetStatus) -> Value {
    let last = target.last.as_ref();
    json!({
        "url": target.url,
        "labels": labels_json(&target.labels),
        "discoveredLabels": labels_json(&target.discovered),
        "health": target.health.as_str(),
        "lastScrape": last.map(|last| timespec::rfc3339(last.started)),
        "lastScrapeSeconds": last.map(|last| last.took.as_secs_f64()),
        "lastError": last.map(|last| last.error.as_str()).unwrap_or_default(),
        "hint": last.map(|last| last.hint).unwrap_or_default(),
        "notTaken": last.and_then(|last| last.refused.as_deref()),
        "mended": last.map(|last| last.changes.clone()).unwrap_or_default(),
        "bytes": last.map(|last| last.bytes),
        "scrapes": target.scrapes,
        "failures": target.failures,
        "missed": target.missed,
    })
}

fn labels_json(labels: &Labels) -> Value {
    Value::Object(labels.iter().map(|(name, value)| (name.to_owned(), value.into())).collect())
}

const STYLE: &str = "body{font:14px/1.45 system-ui,sans-serif;margin:1.5rem;color-scheme:light dark}\
table{border-collapse:collapse;width:100%;margin:.5rem 0 1.5rem}th,td{text-align:left;vertical-align:top;\
padding:.25rem .6rem;border-bottom:1px solid #8884;overflow-wrap:anywhere}.up{color:#177a2f}.down{color:#b3261e}\
.unknown{opacity:.7}small{opacity:.75}h2{margin-bottom:0}code{font-size:.92em}";

async fn page(State(source): State<Source>) -> impl IntoResponse {
    let mut html = String::from("<!doctype html><html lang=en><meta charset=utf-8><title>Targets</title>");
    let _ = write!(
        html,
        "<style>{STYLE}</style><h1>Targets</h1><p><a href=targets.json>as JSON</a> · <a href=metrics>metrics</a></p>"
    );
    if let Some(stores) = &source.stores {
        self::stores(&mut html, stores);
    }
    (source.jobs)().iter().for_each(|job| job_html(&mut html, job));
    let policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";
    ([("content-security-policy", policy), ("refresh", "10")], Html(html))
}

fn stores(html: &mut String, stores: &Stores) {
    html.push_str("<h2>Stores</h2><table><tr><th>Store<th>Sent<th>Wait<th>Given up<th>State");
    for store in stores.iter() {
        let counts = store.counts();
        let (sent, given_up) = (counts.sent + counts.found, counts.dropped.values().sum::<u64>());
        let state = match &counts.error {
            Some(error) => format!("<span class=down>{}</span>", escaped(error)),
            None => "<span class=up>takes profiles</span>".to_owned(),
        };
        let name = escaped(store.name());
        let _ = write!(html, "<tr><td>{name}<td>{sent}<td>{}<td>{given_up}<td>{state}", counts.waiting);
    }
    html.push_str("</table>");
}

fn job_html(html: &mut String, job: &JobStatus) {
    let up = job.active.iter().filter(|target| target.health.as_str() == "up").count();
    let _ = write!(html, "<h2>{} <small>{up} of {} up</small></h2>", escaped(&job.name), job.active.len());
    for error in &job.errors {
        let _ = write!(html, "<p class=down>{}</p>", escaped(error));
    }
    html.push_str("<table><tr><th>Target<th>State<th>Labels<th>Last scrape<th>Error");
    job.active.iter().for_each(|target| target_html(html, target));
    html.push_str("</table>");
    if !job.dropped.is_empty() {
        let _ = write!(
            html,
            "<details><summary>{} not scraped</summary><table><tr><th>Labels found<th>Why",
            job.dropped.len()
        );
        for dropped in &job.dropped {
            let reason = dropped.reason.as_deref().unwrap_or("left out by relabel_configs");
            let _ =
                write!(html, "<tr><td><code>{}</code><td>{}", shown(&dropped.discovered), escaped(reason));
        }
        html.push_str("</table></details>");
    }
}

fn target_html(html: &mut String, target: &TargetStatus) {
    let health = target.health.as_str();
    let (when, words) = match &target.last {
        None => ("never".to_owned(), Vec::new()),
        Some(last) => {
            let ago = SystemTime::now().duration_since(last.started).unwrap_or_default();
            let refused = last.refused.as_deref().map(|refused| format!("not taken: {refused}"));
            let parts = [Some(last.error.clone()), Some(last.hint.to_owned()), refused];
            let words = parts.into_iter().flatten().filter(|part| !part.is_empty());
            let when = format!("{} ago, took {}", words::span(ago), words::span(last.took));
            (when, words.map(|part| escaped(&part)).collect())
        }
    };
    let _ = write!(
        html,
        "<tr><td>{}<td class={health}>{health}<td><code>{}</code><td>{}<td>{}",
        escaped(&target.url),
        shown(&target.labels),
        escaped(&when),
        words.join("<br>")
    );
}

fn shown(labels: &Labels) -> String {
    escaped(&format!("{labels:?}"))
}

fn escaped(text: &str) -> String {
    words::safe(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::scrape::Health;

    fn target(url: &str) -> TargetStatus {
        TargetStatus {
            discovered: Labels::default(),
            labels: Labels::new([("job", "<b>&")]).unwrap(),
            url: url.to_owned(),
            health: Health::Unknown,
            last: None,
            scrapes: 0,
            failures: 0,
            missed: 0,
        }
    }

    #[test]
    fn a_target_that_was_never_scraped_is_shown() {
        let mut job = JobStatus { name: "j".to_owned(), ..JobStatus::default() };
        job.active = vec![target("http://a/p")];
        let shown = &job_json(&job)["active"][0];
        assert_eq!(
            (&shown["health"], &shown["lastScrape"], &shown["bytes"]),
            (&json!("unknown"), &json!(null), &json!(null))
        );
        let mut html = String::new();
        job_html(&mut html, &job);
        assert!(html.contains("<td>never<td>") && html.contains("0 of 1 up"), "{html}");
        assert!(html.contains("&lt;b&gt;&amp;") && !html.contains("<b>"), "{html}");
    }
}
