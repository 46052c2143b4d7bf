use std::path::PathBuf;

use http::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};

use super::HttpClientConfig;
use super::mistake::{Mistakes, Report};
use crate::Secret;

/// Where the values of one of `http_headers` come from; every listed one is added.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct HeaderSources {
    /// Values as they are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// Values that are not shown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<Secret>,
    /// Files with one value each, read for every request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<PathBuf>,
}

/// Names that belong to the transport, the authentication or the protocol (prometheus/common, reservedHeaders).
const RESERVED: &[&str] = &[
    "host",
    "content-encoding",
    "content-length",
    "content-type",
    "user-agent",
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "www-authenticate",
    "accept-encoding",
    "x-prometheus-remote-write-version",
    "x-prometheus-remote-read-version",
    "x-amz-date",
    "x-amz-security-token",
    "x-amz-content-sha256",
];

/// Reserved in `http_headers` only: `headers` never goes to scrape targets.
const RESERVED_IN_HTTP_HEADERS: &str = "x-prometheus-scrape-timeout-seconds";

pub(super) fn check(config: &HttpClientConfig, mistakes: &mut Mistakes) {
    for (name, sources) in &config.http_headers {
        let key = format!("http_headers.{name}");
        let reserved = name.eq_ignore_ascii_case(RESERVED_IN_HTTP_HEADERS);
        check_name(&key, name, reserved, mistakes);
        let secrets = sources.secrets.iter().map(Secret::expose);
        for value in sources.values.iter().map(String::as_str).chain(secrets) {
            check_value(&key, value, mistakes);
        }
    }
    for (name, value) in &config.headers {
        let key = format!("headers.{name}");
        check_name(&key, name, false, mistakes);
        check_value(&key, value.expose(), mistakes);
    }
}

fn check_name(key: &str, name: &str, reserved: bool, mistakes: &mut Mistakes) {
    if name.eq_ignore_ascii_case("authorization") {
        let message = "credentials belong in `authorization`, `basic_auth` or `oauth2`";
        mistakes.add(key, message.to_owned());
    } else if reserved || RESERVED.iter().any(|other| name.eq_ignore_ascii_case(other)) {
        mistakes.add(key, "this header is set by the client itself".to_owned());
    } else if HeaderName::from_bytes(name.as_bytes()).is_err() {
        mistakes.add(key, format!("expected the name of a header, found `{}`", name.escape_debug()));
    }
}

pub(super) fn check_value(key: &str, value: &str, mistakes: &mut impl Report) {
    if HeaderValue::from_str(value).is_err() {
        let message = "expected a value without control characters (what was found is not shown)";
        mistakes.add(key, message.to_owned());
    }
}
