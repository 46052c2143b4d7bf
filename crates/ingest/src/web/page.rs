//! The page of targets.

use std::fmt::Write as _;
use std::time::SystemTime;

use axum::Router;
use axum::extract::State;
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use relabel::{Labels, METRIC_NAME};

use super::{Source, json};
use crate::scrape::{JobStatus, Outcome, TargetStatus};
use crate::send::Stores;

/// What this page has beside the style of all pages.
const STYLE: &str = include_str!("targets.css");
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";
/// The page asks for itself again after so many seconds.
const REFRESH: &str = "10";

pub(super) fn routes(source: Source) -> Router {
    Router::new().route("/targets", get(page)).route("/targets.json", get(targets)).with_state(source)
}

async fn targets(State(source): State<Source>) -> impl IntoResponse {
    axum::Json(json::jobs(&(source.jobs)()))
}

async fn page(State(source): State<Source>) -> impl IntoResponse {
    let html = html(&source, &(source.jobs)());
    ([("content-security-policy", POLICY), ("refresh", REFRESH)], Html(html))
}

fn html(source: &Source, jobs: &[JobStatus]) -> String {
    let (up, all) = jobs.iter().map(counted).fold((0, 0), |sums, of| (sums.0 + of.0, sums.1 + of.1));
    let is = if up == all { "ready" } else { "failed" };
    let mut html = format!(
        "<!doctype html>\n<html lang=en>\n<meta charset=utf-8>\n<meta name=viewport content=\"width=device-width\">\n\
         <title>Targets</title>\n<style>{}{STYLE}</style>\n<header class=head><h1>Targets</h1>\
         <p class=status data-is={is}><i class=dot></i>{up} of {all} up</p>\
         <nav aria-label=Pages><a href=targets.json>JSON</a><a href=metrics>Metrics</a></nav></header>\n<main>",
        source.style
    );
    if let Some(stores) = &source.stores {
        self::stores(&mut html, stores);
    }
    if jobs.is_empty() {
        html.push_str("<p class=hint>No job is configured: scrape_configs is empty.</p>");
    }
    jobs.iter().for_each(|job| job_html(&mut html, job));
    html.push_str("</main>\n</html>\n");
    html
}

/// How many targets of a job are up, and how many there are.
fn counted(job: &JobStatus) -> (usize, usize) {
    (job.active.iter().filter(|target| target.health.as_str() == "up").count(), job.active.len())
}

fn stores(html: &mut String, stores: &Stores) {
    html.push_str(
        "<h2>Stores</h2>\n<table><thead><tr><th class=name>Store<th class=count>Sent<th class=count>Waiting\
         <th class=count>Given up<th>State<tbody>",
    );
    for store in stores.iter() {
        let counts = store.counts();
        let (sent, given_up) = (counts.sent + counts.found, counts.dropped.values().sum::<u64>());
        let state = match &counts.error {
            Some(error) => format!("<span class=trouble>{}</span>", breakable(error)),
            None => "<span class=up>takes profiles</span>".to_owned(),
        };
        let _ = write!(
            html,
            "\n<tr><td>{}<td class=count data-is=sent>{sent}<td class=count data-is=waiting>{}\
             <td class=count data-is=\"given up\">{given_up}<td>{state}",
            breakable(store.name()),
            counts.waiting
        );
    }
    html.push_str("</table>\n");
}

fn job_html(html: &mut String, job: &JobStatus) {
    let (up, all) = counted(job);
    let _ = writeln!(html, "<h2>{} <small>{up} of {all} up</small></h2>", escaped(&job.name));
    for error in &job.errors {
        let _ = writeln!(html, "<p class=trouble>{}</p>", breakable(error));
    }
    if job.active.is_empty() {
        html.push_str("<p class=hint>No target is found.</p>\n");
    } else {
        html.push_str(
            "<table><thead><tr><th class=name>Target<th class=state>State<th>Labels<th class=when>Last scrape<tbody>",
        );
        job.active.iter().for_each(|target| target_html(html, target));
        html.push_str("</table>\n");
    }
    dropped_html(html, job);
}

fn dropped_html(html: &mut String, job: &JobStatus) {
    if job.dropped.is_empty() {
        return;
    }
    let many = job.dropped.len();
    let _ = write!(
        html,
        "<details><summary>{many} not scraped</summary>\n<table><thead><tr><th>Labels found<th class=name>Why<tbody>"
    );
    for dropped in &job.dropped {
        let reason = dropped.reason.as_deref().unwrap_or("left out by relabel_configs");
        let _ = write!(html, "\n<tr><td>{}<td>{}", shown(&dropped.discovered), breakable(reason));
    }
    html.push_str("</table></details>\n");
}

fn target_html(html: &mut String, target: &TargetStatus) {
    let health = target.health.as_str();
    let _ = write!(
        html,
        "\n<tr><td>{}<td class={health}>{health}<td>{}<td data-is=scraped>{}",
        breakable(&target.url),
        shown(&target.labels),
        target.last.as_ref().map_or_else(|| "never".to_owned(), when)
    );
    let words = target.last.as_ref().map(words).unwrap_or_default();
    if !words.is_empty() {
        let _ = write!(html, "\n<tr class=words><td colspan=4 class=trouble>{}", words.join("<br>"));
    }
}

fn when(last: &Outcome) -> String {
    let ago = SystemTime::now().duration_since(last.started).unwrap_or_default();
    format!("{} ago, took {}", words::span(ago), words::span(last.took))
}

/// What went wrong, what can be done about it, and what was not taken.
fn words(last: &Outcome) -> Vec<String> {
    let refused = last.refused.as_deref().map(|refused| format!("not taken: {refused}"));
    let parts = [Some(last.error.clone()), Some(last.hint.to_owned()), refused];
    parts.into_iter().flatten().filter(|part| !part.is_empty()).map(|part| breakable(&part)).collect()
}

/// The name of a profile, and its labels each by itself.
fn shown(labels: &Labels) -> String {
    let name = labels.metric_name().map(|name| format!("<b>{}</b> ", breakable(name)));
    let rest = labels.iter().filter(|(name, _)| *name != METRIC_NAME);
    let rest = rest.map(|(name, value)| format!("<code>{}</code> ", breakable(&format!("{name}={value:?}"))));
    name.into_iter().chain(rest).collect()
}

/// Escaped text that may go on in the next line behind what separates its parts, and not in the middle of a word.
fn breakable(text: &str) -> String {
    let mut made = String::with_capacity(text.len() + 16);
    for part in text.split_inclusive(['/', '?', '&', ',', ';']) {
        if !made.is_empty() && part.len() > 1 {
            made.push_str("<wbr>");
        }
        made.push_str(&escaped(part));
    }
    made
}

fn escaped(text: &str) -> String {
    words::safe(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(super) mod tests {
    use super::*;
    use crate::scrape::Health;

    pub(crate) fn target(url: &str) -> TargetStatus {
        TargetStatus {
            discovered: Labels::default(),
            labels: Labels::new([("job", "<b>&"), (METRIC_NAME, "memory")]).unwrap(),
            url: url.to_owned(),
            health: Health::Unknown,
            last: None,
            scrapes: 0,
            failures: 0,
            missed: 0,
        }
    }

    fn page(jobs: &[JobStatus]) -> String {
        html(&Source { jobs: std::sync::Arc::new(Vec::new), stores: None, style: "" }, jobs)
    }

    #[test]
    fn a_target_that_was_never_scraped_is_shown() {
        let mut job = JobStatus { name: "j".to_owned(), ..JobStatus::default() };
        job.active = vec![target("http://a/p")];
        let html = page(&[job]);
        assert!(html.contains(">never") && html.contains("0 of 1 up"), "{html}");
        assert!(html.contains("<b>memory</b>") && html.contains("&lt;b&gt;&amp;"), "{html}");
    }

    #[test]
    fn nothing_found_and_nothing_configured_are_said() {
        assert!(page(&[]).contains("No job is configured"));
        let job = JobStatus { errors: vec!["a <b>".to_owned()], ..JobStatus::default() };
        let html = page(&[job]);
        assert!(html.contains("No target is found") && html.contains("a &lt;b&gt;"), "{html}");
    }

    #[test]
    fn addresses_go_on_behind_what_separates_their_parts() {
        let check = |text: &str, expect: &str| assert_eq!(breakable(text), expect);
        check("http://a:1/bc?d=1", "http://<wbr>a:1/<wbr>bc?<wbr>d=1");
        check("word", "word");
        check("aa&bb", "aa&amp;<wbr>bb");
        check("", "");
    }
}
