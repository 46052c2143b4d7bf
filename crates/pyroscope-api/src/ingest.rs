//! `/ingest`, which SDKs and agents from before the RPCs speak.

use std::time::SystemTime;

use axum::extract::rejection::BytesRejection;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};

use crate::connect::{decoded, inflated, json_body, whole};
use crate::error::blocking;
use crate::jfr::{self, JFR_EVENT, Recorded};
use crate::metric_name::{DisplayNames, metric_name};
use crate::normal::{self, Origin};
use crate::sink::{Pushed, Sink};
use crate::{ApiError, Code, attime, folded, multipart, names};

/// Answers 200 without a body, as SDKs take nothing else for success.
pub(crate) async fn ingest<K: Sink>(
    State(sink): State<K>,
    Query(pairs): Query<Vec<(String, String)>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let limit = sink.max_message_bytes();
    let turn = sink.turn().await;
    let read = blocking(move || {
        let _turn = turn;
        let body = whole(body, limit).and_then(|body| decoded(&headers, body, limit));
        let body = body.map_err(IngestError::of_body)?;
        read(&Parameters::new(pairs), &headers, body, limit)
    });
    let read = read.await.map_err(IngestError::of).flatten();
    let stored = match read {
        Ok(profiles) => {
            sink.push("ingest", profiles).await.map_err(|error| IngestError { status: error.status(), error })
        }
        Err(error) => {
            sink.refused("ingest", &error.error);
            Err(error)
        }
    };
    match stored {
        Ok(()) => StatusCode::OK.into_response(),
        Err(IngestError { status, error }) => json_body(status, error.json()),
    }
}

/// The profiles of a request.
pub(crate) fn profiles(
    pairs: Vec<(String, String)>,
    headers: &HeaderMap,
    body: Bytes,
    limit: usize,
) -> Result<Vec<Pushed>, ApiError> {
    read(&Parameters::new(pairs), headers, body, limit).map_err(|error| error.error)
}

/// Why something was not taken, with the status that its senders know it by.
struct IngestError {
    status: StatusCode,
    error: ApiError,
}

impl IngestError {
    fn of(error: ApiError) -> Self {
        Self { status: error.status(), error }
    }

    /// A body that is too large is not sent again, as it would be after a 429.
    fn of_body(error: ApiError) -> Self {
        match error.code {
            Code::ResourceExhausted => Self { status: StatusCode::PAYLOAD_TOO_LARGE, error },
            _ => Self::of(error),
        }
    }

    fn unreadable(error: ApiError) -> Self {
        match error.code {
            Code::ResourceExhausted => Self { status: StatusCode::PAYLOAD_TOO_LARGE, error },
            _ => Self { status: StatusCode::UNPROCESSABLE_ENTITY, error },
        }
    }

    /// Senders drop what is answered so, and do not send it again.
    fn unsupported(words: &str) -> Self {
        Self { status: StatusCode::UNSUPPORTED_MEDIA_TYPE, error: ApiError::new(Code::Unimplemented, words) }
    }
}

struct Parameters {
    pairs: Vec<(String, String)>,
}

impl Parameters {
    fn new(pairs: Vec<(String, String)>) -> Self {
        Self { pairs }
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// `from` and what lies between it and `until`, in nanoseconds.
    fn times(&self) -> (i64, i64) {
        let now = SystemTime::now();
        let [from, until] = ["from", "until"].map(|name| attime::millis(self.get(name).unwrap_or(""), now));
        (from.saturating_mul(1_000_000), until.saturating_sub(from).max(0).saturating_mul(1_000_000))
    }

    fn sample_rate(&self) -> i64 {
        self.given_rate().unwrap_or(100)
    }

    fn given_rate(&self) -> Option<i64> {
        let given = self.get("sampleRate").and_then(|rate| rate.parse().ok());
        given.filter(|rate| (1..=1_000_000_000).contains(rate))
    }
}

fn read(
    parameters: &Parameters,
    headers: &HeaderMap,
    body: Bytes,
    limit: usize,
) -> Result<Vec<Pushed>, IngestError> {
    let (app, labels) = name(parameters.get("name").unwrap_or("")).map_err(IngestError::of)?;
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
    let boundary = multipart::boundary(kind);
    let source = Source { app, labels, parameters };
    match (parameters.get("format").unwrap_or(""), boundary) {
        ("jfr", None) => source.jfr(body, None, limit).map_err(IngestError::unreadable),
        ("pprof", None) => source.pprof(body, None, limit).map_err(IngestError::unreadable),
        // Also with the format in the URL: what it is shows in the content type.
        ("" | "pprof" | "jfr", Some(boundary)) => source.form(&body, &boundary, limit),
        ("trie" | "tree", _) => Err(IngestError::unsupported(
            "the binary formats `trie` and `tree` of old agents are not read here: send pprof or folded stacks",
        )),
        ("speedscope", _) => {
            Err(IngestError::unsupported("speedscope files are not read here: parca-ingest push takes them"))
        }
        (_, _) if kind.contains("binary/octet-stream+t") => Err(IngestError::unsupported(
            "the binary formats `trie` and `tree` of old agents are not read here: send pprof or folded stacks",
        )),
        (format, _) => {
            let body = unpacked(body, limit).map_err(IngestError::of_body)?;
            source.text(&body, format == "lines").map_err(IngestError::of)
        }
    }
}

struct Source<'p> {
    app: String,
    labels: Vec<(String, String)>,
    parameters: &'p Parameters,
}

impl Source<'_> {
    fn form(&self, body: &Bytes, boundary: &str, limit: usize) -> Result<Vec<Pushed>, IngestError> {
        // Alloy passes bodies on without the header that says how they are compressed.
        let body = &unpacked(body.clone(), limit).map_err(IngestError::of_body)?;
        let parts = multipart::parts(body, boundary).map_err(IngestError::unreadable)?;
        let part = |name: &str| parts.iter().find(|part| part.name == name).map(|part| part.content.clone());
        if part("prev_profile").is_some_and(|content| !content.is_empty()) {
            let words = "prev_profile is not taken: update pyroscope-go, which sends what is new on its own";
            return Err(IngestError::unreadable(ApiError::invalid(words)));
        }
        if let Some(recording) = part("jfr") {
            return self.jfr(recording, part("labels"), limit).map_err(IngestError::unreadable);
        }
        if self.parameters.get("format") == Some("jfr") {
            let words = "expected a part `jfr` of the form, found none";
            return Err(IngestError::unreadable(ApiError::invalid(words)));
        }
        let config = part("sample_type_config").map(|config| unpacked(config, limit)).transpose();
        let config = config.map_err(IngestError::of_body)?;
        self.pprof(part("profile").unwrap_or_default(), config.as_deref(), limit)
            .map_err(IngestError::unreadable)
    }

    fn pprof(&self, bytes: Bytes, config: Option<&[u8]>, limit: usize) -> Result<Vec<Pushed>, ApiError> {
        let mut pushed = Vec::new();
        let (from, length) = self.parameters.times();
        let origin = Origin { labels: self.series(&self.app), from, length };
        normal::normal(&origin, bytes, limit, &mut 0, &mut pushed)?;
        let types: Vec<&str> =
            pushed.iter().flat_map(|one| &one.profile.sample_types).map(|of| of.name.as_str()).collect();
        let name = metric_name(&types, &DisplayNames::of(config));
        for one in &mut pushed {
            let named = one.labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
            one.labels = named.chain([(pql::NAME_LABEL.to_owned(), name.clone())]).collect();
        }
        Ok(pushed)
    }

    /// A recording of Java, compressed or not; `labels` are those of its threads.
    fn jfr(&self, recording: Bytes, labels: Option<Bytes>, limit: usize) -> Result<Vec<Pushed>, ApiError> {
        let [read, labels] =
            [recording.clone(), labels.unwrap_or_default()].map(|part| unpacked(part, limit));
        let from = self.parameters.get("from").map(|_| self.parameters.times());
        let period = self.parameters.given_rate().map(|rate| 1_000_000_000 / rate);
        let mut pushed = Vec::new();
        for Recorded { name, event, profile } in jfr::profiles(&read?, &labels?, period, from, limit)? {
            let mut labels = self.series(&self.app);
            labels.extend(event.map(|event| (JFR_EVENT.to_owned(), event)));
            labels.push((pql::NAME_LABEL.to_owned(), name.to_owned()));
            let origin = Origin { labels, from: profile.time_nanos, length: profile.duration_nanos };
            normal::keep(&origin, profile, recording.clone(), &mut pushed)?;
        }
        Ok(pushed)
    }

    fn text(&self, body: &Bytes, is_lines: bool) -> Result<Vec<Pushed>, ApiError> {
        let rate = self.parameters.sample_rate();
        let (app, name, mut profile) = folded::profile(&self.app, body, is_lines, rate)?;
        let (from, length) = self.parameters.times();
        let mut labels = self.series(&app);
        labels.push((pql::NAME_LABEL.to_owned(), name.to_owned()));
        if name == "process_cpu" || name == "wall" {
            profile.duration_nanos = length;
        }
        let mut pushed = Vec::new();
        normal::keep(&Origin { labels, from, length }, profile, body.clone(), &mut pushed)?;
        Ok(pushed)
    }

    /// The labels that were given, and the service, which is the application unless it is among them.
    fn series(&self, app: &str) -> Vec<(String, String)> {
        let mut labels: Vec<(String, String)> =
            self.labels.iter().filter(|(name, _)| !name.starts_with("__")).cloned().collect();
        let has_service = labels.iter().any(|(name, _)| name == names::SERVICE);
        let name = if has_service { "app_name" } else { names::SERVICE };
        if labels.iter().all(|(known, _)| known != name) {
            labels.push((name.to_owned(), app.to_owned()));
        }
        let spy = self.parameters.get("spyName").filter(|spy| !spy.is_empty()).unwrap_or("unknown");
        labels.push(("pyroscope_spy".to_owned(), spy.to_owned()));
        labels
    }
}

/// A part that may be compressed by itself.
fn unpacked(content: Bytes, limit: usize) -> Result<Bytes, ApiError> {
    if content.starts_with(&[0x1f, 0x8b]) { inflated(&content, limit) } else { Ok(content) }
}

/// An application and labels, out of `app{k=v,k2=v2}` without quotes: values go up to a comma or the brace.
fn name(text: &str) -> Result<(String, Vec<(String, String)>), ApiError> {
    let wrong = |what: &str| {
        Err(ApiError::invalid(format!(
            "name: {what}: expected app{{key=value,...}}, found `{}`",
            text.escape_debug()
        )))
    };
    let (app, rest) = text.split_once('{').unwrap_or((text, ""));
    let app = app.trim();
    if app.is_empty() {
        return wrong("no application");
    }
    let is_good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '/');
    if !app.chars().all(is_good) {
        return wrong("an application has letters, digits and `_.-/`");
    }
    let mut labels = Vec::new();
    let inside = rest.split('}').next().unwrap_or("");
    for pair in inside.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        let Some((key, value)) = pair.split_once('=') else { return wrong("a label without a value") };
        let key = key.trim();
        if key.is_empty() || !key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.')) {
            return wrong("a label's name has letters, digits, `_` and `.`");
        }
        labels.push((key.to_owned(), value.trim().to_owned()));
    }
    Ok((app.to_owned(), labels))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_have_labels_without_quotes() {
        let check = |text: &str, expect: Option<(&str, &[(&str, &str)])>| {
            let expect = expect.map(|(app, labels)| {
                let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
                (app.to_owned(), labels.iter().map(owned).collect::<Vec<_>>())
            });
            assert_eq!(name(text).ok(), expect, "{text}");
        };
        check("my.app", Some(("my.app", &[])));
        check("my.app{}", Some(("my.app", &[])));
        check("a/b-c { k = v , x=y=z }", Some(("a/b-c", &[("k", "v"), ("x", "y=z")])));
        let runtime = "OpenJDK Runtime Environment";
        check(
            &format!("a{{process.runtime.name={runtime}}}"),
            Some(("a", &[("process.runtime.name", runtime)])),
        );
        check("", None);
        check("{a=b}", None);
        check("a{b}", None);
        check("a{b c=d}", None);
        check("a\"b", None);
    }
}
