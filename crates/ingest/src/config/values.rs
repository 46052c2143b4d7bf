//! Values that several blocks have.

use std::collections::BTreeMap;
use std::time::Duration;

use config_file::Field;
use http_config::HttpClientConfig;
use timespec::parse_prometheus_span;

use crate::settings::Scheme;

const LONGEST: Duration = Duration::from_secs(365 * 86_400);

/// A duration as Prometheus writes it, above zero: a ticker of zero would never rest.
pub(super) fn duration(field: &Field<'_>) -> Option<Duration> {
    let duration = field.parse(parse_prometheus_span)?;
    if duration.is_zero() || duration > LONGEST {
        field.mistake(format!("expected a duration above 0 and of at most 1y, found {}", field.found()));
        return None;
    }
    Some(duration)
}

pub(super) fn http_url(text: &str) -> Result<String, String> {
    let url =
        url::Url::parse(text).map_err(|error| format!("expected a URL, found one with a fault: {error}"))?;
    match (url.scheme(), url.host()) {
        ("http" | "https", Some(_)) => Ok(text.to_owned()),
        _ => {
            Err("expected a URL that starts with http:// or https:// and has a host, found another"
                .to_owned())
        }
    }
}

pub(super) fn text(field: &Field<'_>) -> Option<String> {
    field.text().map(str::to_owned)
}

/// A text that says something.
pub(super) fn name(field: &Field<'_>) -> Option<String> {
    let text = text(field)?;
    if text.trim().is_empty() {
        field.mistake("expected a name, found an empty text");
        return None;
    }
    Some(text)
}

pub(super) fn texts(field: &Field<'_>) -> Option<Vec<String>> {
    Some(field.list()?.iter().filter_map(text).collect())
}

pub(super) fn map(field: &Field<'_>) -> Option<BTreeMap<String, String>> {
    let entries = field.entries()?;
    Some(entries.iter().filter_map(|(key, value)| Some((key.text.clone(), text(value)?))).collect())
}

pub(super) fn scheme(field: &Field<'_>) -> Option<Scheme> {
    field.choice(&[("http", Scheme::Http), ("https", Scheme::Https)])
}

/// The keys of an HTTP client that a scrape may have.
pub(super) fn http_keys() -> Vec<&'static str> {
    let only_remote_write = ["sigv4", "azuread", "headers"];
    HttpClientConfig::KEYS.iter().copied().filter(|key| !only_remote_write.contains(key)).collect()
}
