//! What `/metrics` says.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::SystemTime;

use ingest::scrape::{Health, Scraper};
use ingest::send::{StoreCounts, Stores};
use ops::metrics::{Family, Kind, Value};

/// What scrapes here.
pub(crate) type Running = Scraper<Stores>;

static IS_GOOD: AtomicBool = AtomicBool::new(true);
static RELOADED_AT: AtomicU64 = AtomicU64::new(0);

/// Notes the outcome of the last reload.
pub(crate) fn reloaded(is_good: bool, at: SystemTime) {
    IS_GOOD.store(is_good, Ordering::Relaxed);
    if is_good {
        let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        RELOADED_AT.store(since.as_secs(), Ordering::Relaxed);
    }
}

pub(crate) fn of(scraper: &Running) -> Vec<Family> {
    let mut families = reload_families();
    families.extend(scrape_families(scraper));
    families.extend(target_families(scraper));
    families.extend(store_families(scraper));
    families
}

fn reload_families() -> Vec<Family> {
    let gauge = |name: &str, help: &str, value: f64| {
        Family::new(format!("parca_ingest_{name}"), help, Kind::Gauge)
            .with::<&str, &str>([], Value::Gauge(value))
    };
    let good = f64::from(u8::from(IS_GOOD.load(Ordering::Relaxed)));
    vec![
        gauge("config_last_reload_successful", "Whether the last reading of the config was good.", good),
        gauge(
            "config_last_reload_success_timestamp_seconds",
            "When the config was reloaded last; 0 if it never was.",
            RELOADED_AT.load(Ordering::Relaxed) as f64,
        ),
    ]
}

fn counter(name: &str, help: &str) -> Family {
    Family::new(format!("parca_ingest_{name}"), help, Kind::Counter)
}

fn scrape_families(scraper: &Running) -> Vec<Family> {
    let counts = scraper.counts();
    let one = |family: Family, value: u64| family.with::<&str, &str>([], Value::Counter(value as f64));
    let failures = counter("scrape_failures_total", "Scrapes that gave no profile, by reason.");
    let failures = counts.failures.iter().fold(failures, |family, (reason, count)| {
        family.with([("reason", *reason)], Value::Counter(*count as f64))
    });
    vec![
        one(counter("scrapes_total", "Scrapes, good and bad."), counts.scrapes),
        failures,
        one(counter("scrape_bytes_total", "Bytes of the targets' answers."), counts.bytes),
        one(
            counter("scrapes_missed_total", "Scrapes that were due while the one before was under way."),
            counts.missed,
        ),
        one(
            counter("profiles_mended_total", "Scrapes whose profile was made right before it was sent."),
            counts.mended,
        ),
        one(counter("profiles_refused_total", "Profiles that a queue did not take."), counts.refused),
    ]
}

fn target_families(scraper: &Running) -> Vec<Family> {
    let help = "Targets by job and health.";
    let mut targets = Family::new("parca_ingest_targets", help, Kind::Gauge);
    for job in scraper.status() {
        for health in [Health::Unknown, Health::Good, Health::Bad] {
            let count = job.active.iter().filter(|target| target.health == health).count();
            targets = targets
                .with([("job", job.name.as_str()), ("health", health.as_str())], Value::Gauge(count as f64));
        }
    }
    vec![targets]
}

/// A number of a store's, with its name and help.
type OfStore = (&'static str, &'static str, fn(&StoreCounts) -> u64);

fn store_families(scraper: &Running) -> Vec<Family> {
    let stores: Vec<(String, StoreCounts)> =
        scraper.sink().iter().map(|store| (store.name().to_owned(), store.counts())).collect();
    let counters: [OfStore; 7] = [
        ("profiles_sent_total", "Profiles that a store said it has.", |counts| counts.sent),
        ("profiles_found_total", "Profiles that a store had although no answer said so.", |counts| {
            counts.found
        }),
        ("profiles_unknown_total", "Times that nobody knew whether a profile was stored.", |counts| {
            counts.unknown
        }),
        ("profiles_empty_total", "Profiles without any value, of which a store keeps nothing.", |counts| {
            counts.empty
        }),
        ("store_requests_total", "Requests to a store.", |counts| counts.requests),
        ("store_request_failures_total", "Requests to a store that failed.", |counts| counts.failures),
        ("store_bytes_total", "Bytes of requests to a store.", |counts| counts.bytes),
    ];
    let mut families: Vec<Family> = counters
        .iter()
        .map(|(name, help, get)| {
            stores.iter().fold(counter(name, help), |family, (store, counts)| {
                family.with([("store", store.as_str())], Value::Counter(get(counts) as f64))
            })
        })
        .collect();
    let gauges: [OfStore; 3] = [
        ("queue_profiles", "Profiles that wait for a store.", |counts| counts.waiting),
        ("queue_bytes", "Bytes that wait for a store.", |counts| counts.waiting_bytes),
        ("store_failing", "1 while a store does not take profiles.", |counts| {
            u64::from(counts.error.is_some())
        }),
    ];
    families.extend(gauges.iter().map(|(name, help, get)| {
        let family = Family::new(format!("parca_ingest_{name}"), *help, Kind::Gauge);
        stores.iter().fold(family, |family, (store, counts)| {
            family.with([("store", store.as_str())], Value::Gauge(get(counts) as f64))
        })
    }));
    let mut dropped = counter("profiles_dropped_total", "Profiles that were given up, by reason.");
    for (store, counts) in &stores {
        for (reason, count) in &counts.dropped {
            let labels = [("store", store.as_str()), ("reason", reason.as_str())];
            dropped = dropped.with(labels, Value::Counter(*count as f64));
        }
    }
    families.push(dropped);
    families
}
