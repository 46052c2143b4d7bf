//! Why there is no report, as JSON.

use std::time::Duration;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use profile_model::TimeRange;
use query::{AskError, Mistake, Searched, rfc3339};
use serde::Serialize;

use crate::gateway;

/// Why there is no report.
pub(super) enum Refusal {
    /// The question makes no sense.
    Mistakes(Vec<Mistake>),
    /// It makes sense, but there is no answer.
    Unanswered(Box<AskError>),
    /// All of it took too long.
    TooSlow { limit: Duration },
    /// Others are being answered.
    Busy { limit: usize },
}

/// What docs/parcaquery-error.schema.json describes.
#[derive(Serialize)]
struct Body {
    error: Said,
}

#[derive(Default, Serialize)]
struct Said {
    status: u16,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    /// The Parca's code, where it is the one that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    mistakes: Vec<Mistake>,
    #[serde(skip_serializing_if = "Option::is_none")]
    searched: Option<Where>,
}

/// Where nothing was found, and when there is something.
#[derive(Serialize)]
struct Where {
    queries: Vec<String>,
    start: String,
    end: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Span>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    labels: Vec<String>,
}

#[derive(Serialize)]
struct Span {
    start: String,
    end: String,
}

impl From<TimeRange> for Span {
    fn from(range: TimeRange) -> Self {
        Self { start: rfc3339(range.start), end: rfc3339(range.end) }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, said) = self.said();
        let busy = status == StatusCode::SERVICE_UNAVAILABLE;
        let mut response =
            (status, Json(Body { error: Said { status: status.as_u16(), ..said } })).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if busy {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        }
        response
    }
}

impl Refusal {
    fn said(self) -> (StatusCode, Said) {
        match self {
            Self::Mistakes(mistakes) => {
                let lines: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
                (StatusCode::BAD_REQUEST, Said { mistakes, ..message(lines.join("; ")) })
            }
            Self::Unanswered(error) => unanswered(*error),
            Self::TooSlow { limit } => {
                let said =
                    message(format!("the Parca took longer than {}", humantime::format_duration(limit)));
                (StatusCode::GATEWAY_TIMEOUT, said)
            }
            Self::Busy { limit } => {
                let said = message(format!("{limit} questions are being answered; ask again in a moment"));
                (StatusCode::SERVICE_UNAVAILABLE, said)
            }
        }
    }
}

fn message(message: impl Into<String>) -> Said {
    Said { message: message.into(), ..Said::default() }
}

fn unanswered(error: AskError) -> (StatusCode, Said) {
    match error {
        AskError::Nothing(searched) => (StatusCode::NOT_FOUND, nothing(*searched)),
        AskError::Empty => {
            let hint = "does anything write to it? a target to scrape, an agent?".to_owned();
            (StatusCode::NOT_FOUND, Said { hint: Some(hint), ..message(error.to_string()) })
        }
        AskError::Server(error) => server(&error),
        other => {
            // Not only its own part: what was wrong with the answer is what helps.
            let cause =
                std::error::Error::source(&other).map(|cause| format!(": {cause}")).unwrap_or_default();
            (StatusCode::BAD_GATEWAY, message(format!("{other}{cause}")))
        }
    }
}

fn nothing(searched: Searched) -> Said {
    let Searched { queries, range, data, labels } = searched;
    let Span { start, end } = range.into();
    let data = data.map(Span::from);
    let hint = match &data {
        Some(Span { start, end }) => format!("there is data from {start} to {end}"),
        None if labels.is_empty() => "there is no data at any time".to_owned(),
        None => format!("there is no data at any time with these labels; labels are {}", labels.join(", ")),
    };
    let text = format!("no data for {} from {start} to {end}", queries.join(", "));
    Said { hint: Some(hint), searched: Some(Where { queries, start, end, data, labels }), ..message(text) }
}

fn server(error: &parca_client::Error) -> (StatusCode, Said) {
    let said = Said {
        code: Some(error.code().as_str()),
        hint: error.hint().map(str::to_owned),
        ..message(error.to_string())
    };
    (gateway::status(error), said)
}
