//! `http_sd_configs`, and the requests of all discoveries that ask by HTTP.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_config::{Client, Environment, HttpClientConfig, Limits};
use serde::Deserialize;

use super::{DiscoveryError, Group, LabelMap};
use crate::settings::HttpSd;

/// How long an answer may take.
pub(super) const DEADLINE: Duration = Duration::from_secs(30);
/// How long it may be.
const MAX_BYTES: usize = 64 << 20;

pub(super) struct HttpList {
    sd: HttpSd,
    client: Client,
}

#[derive(Deserialize)]
struct Listed {
    targets: Vec<String>,
    #[serde(default)]
    labels: LabelMap,
}

impl HttpList {
    pub(super) fn new(sd: HttpSd, environment: &Environment) -> Result<Self, DiscoveryError> {
        let client = client(&sd.http, environment)?;
        Ok(Self { sd, client })
    }

    pub(super) fn refresh(&self) -> Duration {
        self.sd.refresh
    }

    pub(super) async fn ask(&self) -> Result<Vec<Group>, DiscoveryError> {
        let seconds = self.sd.refresh.as_secs().to_string();
        let headers = [("x-prometheus-refresh-interval-seconds", seconds.as_str())];
        let body = get(&self.client, &self.sd.url, &headers).await?;
        parse(&body, &self.sd.url)
    }
}

fn parse(body: &[u8], url: &str) -> Result<Vec<Group>, DiscoveryError> {
    let listed: Vec<Listed> = serde_json::from_slice(body).map_err(|error| {
        let start = profile_codec::file::excerpt(body);
        DiscoveryError(format!(
            "expected a list of `targets` with `labels` as JSON, found `{start}`: {error}"
        ))
    })?;
    let group = |(at, Listed { targets, mut labels }): (usize, Listed)| {
        labels.insert("__meta_url".to_owned(), url.to_owned());
        Group::of_addresses(format!("{url}:{at}"), targets, labels)
    };
    Ok(listed.into_iter().enumerate().map(group).collect())
}

pub(super) fn client(config: &HttpClientConfig, environment: &Environment) -> Result<Client, DiscoveryError> {
    let limits = {
        let mut limits = Limits::default();
        limits.answer_bytes = MAX_BYTES;
        limits
    };
    Client::with_limits(config, environment, limits).map_err(|error| DiscoveryError(error.to_string()))
}

/// The body of a 200.
pub(super) async fn get(
    client: &Client,
    url: &str,
    headers: &[(&str, &str)],
) -> Result<Bytes, DiscoveryError> {
    Ok(answer(client, url, headers, DEADLINE).await?.into_body())
}

/// A 200 that may take so long.
pub(super) async fn answer(
    client: &Client,
    url: &str,
    headers: &[(&str, &str)],
    longest: Duration,
) -> Result<Response<Bytes>, DiscoveryError> {
    let wrong = |error: &dyn std::fmt::Display| DiscoveryError(format!("{}: {error}", without_user(url)));
    let mut request = Request::get(url).header("accept", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Bytes::new()).map_err(|error| wrong(&error))?;
    let answer = client.send(request, Instant::now() + longest).await.map_err(|error| wrong(&error))?;
    match answer.status() {
        StatusCode::OK => Ok(answer),
        status => {
            let start = profile_codec::file::excerpt(answer.body());
            Err(wrong(&format!("expected 200, found {status}: `{start}`")))
        }
    }
}

/// A URL as it may be shown.
fn without_user(url: &str) -> String {
    let Ok(mut url) = url::Url::parse(url) else { return "the URL".to_owned() };
    // Fails only for URLs without a host, which have no user either.
    let _ = (url.set_username(""), url.set_password(None));
    url.set_query(None);
    url.to_string()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_and_anything_else_is_told() {
        let groups =
            parse(br#"[{"targets":["a:1","b:2"],"labels":{"x":"y"}},{"targets":[]}]"#, "http://sd").unwrap();
        assert_eq!((groups.len(), groups[0].targets.len()), (2, 2));
        assert_eq!(
            (groups[0].labels["x"].as_str(), groups[0].labels["__meta_url"].as_str()),
            ("y", "http://sd")
        );
        let error = parse(b"<html>login", "http://sd").unwrap_err().to_string();
        assert!(error.contains("found `<html>login`"), "{error}");
        assert_eq!(without_user("http://u:secret@h/x?token=1"), "http://h/x");
    }
}
