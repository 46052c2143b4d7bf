//! `/targets.json`: the state of a scraper for programs.

use relabel::Labels;
use serde_json::{Value, json};

use crate::scrape::{DroppedTarget, JobStatus, TargetStatus};

pub(super) fn jobs(jobs: &[JobStatus]) -> Value {
    json!({ "jobs": jobs.iter().map(job).collect::<Vec<_>>() })
}

fn job(job: &JobStatus) -> Value {
    let dropped =
        |one: &DroppedTarget| json!({ "discoveredLabels": labels(&one.discovered), "reason": one.reason });
    json!({
        "job": job.name,
        "active": job.active.iter().map(target).collect::<Vec<_>>(),
        "dropped": job.dropped.iter().map(dropped).collect::<Vec<_>>(),
        "errors": job.errors,
    })
}

fn target(target: &TargetStatus) -> Value {
    let last = target.last.as_ref();
    json!({
        "url": target.url,
        "labels": labels(&target.labels),
        "discoveredLabels": labels(&target.discovered),
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

fn labels(labels: &Labels) -> Value {
    Value::Object(labels.iter().map(|(name, value)| (name.to_owned(), value.into())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::page::tests::target as never_scraped;

    #[test]
    fn a_target_that_was_never_scraped_is_told() {
        let told = jobs(&[JobStatus { active: vec![never_scraped("http://a/p")], ..JobStatus::default() }]);
        let shown = &told["jobs"][0]["active"][0];
        assert_eq!(
            (&shown["health"], &shown["lastScrape"], &shown["bytes"]),
            (&json!("unknown"), &json!(null), &json!(null))
        );
    }
}
