//! An entry of `scrape_configs`.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::time::Duration;

use config_file::{Field, Reader};

use super::profiles::{self, Timing};
use super::{discovery, refuse_known, values};
use crate::settings::{Discovery, Job, ProfileSettings, Scheme};

/// Parca's.
const INTERVAL: Duration = Duration::from_secs(10);
/// What a scrape may take beyond the interval, Parca's.
const TIMEOUT_BEYOND: Duration = Duration::from_secs(3);

/// Keys of Prometheus' scrape configs that Parca does not have.
const NOT_IN_PARCA: [(&str, &str); 6] = [
    ("metrics_path", "profiles have paths of their own: `profiling_config.pprof_config.NAME.path`"),
    ("honor_labels", "profiles bring no labels of series with them"),
    ("honor_timestamps", "the time of a profile is that which it says itself"),
    ("sample_limit", "there is no such limit; --max-profile-bytes bounds a profile"),
    ("metric_relabel_configs", "use `relabel_configs`, which see `__name__` as well"),
    ("body_size_limit", "use --max-profile-bytes"),
];

pub(super) fn read(field: &Field<'_>, directory: &Path) -> Option<Job> {
    let mut reader = field.reader()?;
    let name = reader.required("job_name").and_then(|field| values::name(&field));
    let timing = timing(&mut reader);
    let mut scheme = Scheme::Http;
    reader.set("scheme", &mut scheme, values::scheme);
    let mut params = BTreeMap::new();
    reader.set("params", &mut params, self::params);
    let mut normalized_addresses = false;
    reader.set("normalized_addresses", &mut normalized_addresses, Field::boolean);
    let profiling = reader.optional("profiling_config");
    let profiles = profiles::read(profiling.as_ref(), timing);
    let mut relabel = Vec::new();
    reader.set("relabel_configs", &mut relabel, relabel::from_config);
    let discoveries = discovery::read(&mut reader, directory, relabel.is_empty());
    let http = http_config::from_config(&mut reader, &values::http_keys(), directory);
    refuse_known(&mut reader, &NOT_IN_PARCA);
    let notes = Notes { timing, profiles: &profiles, discoveries: &discoveries };
    notes.tell(&reader, field);
    reader.finish();
    let mut hasher = DefaultHasher::new();
    (field.node().fingerprint(), directory).hash(&mut hasher);
    Some(Job {
        name: name?,
        interval: timing.interval,
        timeout: timing.timeout,
        scheme,
        params,
        normalized_addresses,
        profiles,
        relabel,
        discoveries,
        http,
        fingerprint: hasher.finish(),
    })
}

fn timing(reader: &mut Reader<'_>) -> Timing {
    let mut interval = INTERVAL;
    reader.set("scrape_interval", &mut interval, values::duration);
    let mut timeout = interval + TIMEOUT_BEYOND;
    reader.set("scrape_timeout", &mut timeout, values::duration);
    Timing { interval, timeout }
}

fn params(field: &Field<'_>) -> Option<BTreeMap<String, Vec<String>>> {
    let entry = |(key, value): &(&config_file::Key, Field<'_>)| {
        let values = match value.node().kind {
            config_file::Kind::Sequence(_) => values::texts(value)?,
            _ => vec![values::text(value)?],
        };
        Some((key.text.clone(), values))
    };
    Some(field.entries()?.iter().filter_map(entry).collect())
}

/// What is no mistake and yet worth a word.
struct Notes<'a> {
    timing: Timing,
    profiles: &'a [ProfileSettings],
    discoveries: &'a [Discovery],
}

impl Notes<'_> {
    fn tell(&self, reader: &Reader<'_>, field: &Field<'_>) {
        let warn =
            |key: &str, message: String| reader.report().add(reader.mistake_at(key, message).as_warning());
        let Timing { interval, timeout } = self.timing;
        if timeout <= interval && reader.has("scrape_timeout") {
            warn("scrape_timeout", self.short_timeout());
        }
        for profile in self.profiles.iter().filter(|profile| profile.seconds.is_some()) {
            let seconds = Duration::from_secs(profile.seconds.unwrap_or_default());
            if seconds >= timeout {
                let message = format!(
                    "`{}` asks for {} s, and the answer has to be there after {}",
                    profile.name,
                    seconds.as_secs(),
                    words::span(timeout)
                );
                reader.report().add(reader.mistake_at("scrape_timeout", message));
            }
        }
        if self.discoveries.is_empty() {
            field.warning("the job has no targets: expected `static_configs` or one of the `*_sd_configs`");
        }
        if self.profiles.is_empty() {
            field.warning("the job has no profile that is enabled");
        }
    }

    fn short_timeout(&self) -> String {
        let Timing { interval, timeout } = self.timing;
        let window = self.timing.window();
        format!(
            "a Parca refuses this: it wants a timeout above the interval ({}); here, profiles that cover a \
             window ask for {} s, so that the answer is there in {}: {} % of the time is covered",
            words::span(interval),
            window.as_secs(),
            words::span(timeout),
            (100 * window.as_secs()).checked_div(interval.as_secs()).unwrap_or(100).min(100)
        )
    }
}
