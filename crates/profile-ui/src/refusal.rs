//! Why there is no report, as JSON.

use std::time::Duration;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use pql::Selector;
use profile_model::TimeRange;
use query::backend::{BackendError, Nothing, TypeError};
use query::{Ask, Mistake, rfc3339};
use serde::Serialize;

/// Why there is no report.
pub(crate) enum Refusal {
    /// The question makes no sense.
    Mistakes(Vec<Mistake>),
    /// The question makes sense, and nothing matches.
    Nothing { asked: String, range: TimeRange, why: Box<Nothing> },
    /// The server behind failed, or could not be reached.
    Server(Box<BackendError>),
    /// All of it took too long.
    TooSlow { limit: Duration },
    /// Others are being answered.
    Busy { limit: usize },
    /// Another method than GET.
    Method,
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
    /// The server's code, where that is what failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    /// Which kind of nothing there is.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
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
        if status == StatusCode::METHOD_NOT_ALLOWED {
            headers.insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        }
        if busy {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        }
        response
    }
}

impl Refusal {
    /// One mistake of whoever asked.
    pub(crate) fn mistake(parameter: &str, message: impl Into<String>) -> Self {
        Self::Mistakes(vec![Mistake::new(parameter, message)])
    }

    /// A failure of the server behind, whatever was asked.
    pub(crate) fn server(error: BackendError) -> Self {
        match error {
            BackendError::Type(_) | BackendError::Usage(_) => Self::mistake("query", error.to_string()),
            other => Self::Server(Box::new(other)),
        }
    }

    /// The refusal for a question that the server behind does not answer.
    pub(crate) fn of(error: BackendError, ask: &Ask) -> Self {
        match error {
            BackendError::Type(TypeError::Several { name, types } | TypeError::Unknown { name, types }) => {
                let message = format!("expected a profile type that the server has, found `{name}`");
                Self::Mistakes(vec![Mistake::new("query", message).with_candidates(types)])
            }
            BackendError::OneOnly { form, types } => {
                let found = types.len();
                let message = format!(
                    "expected one profile type for a report of type `{form}`, found {found} with data"
                );
                Self::Mistakes(vec![Mistake::new("query", message).with_candidates(types)])
            }
            BackendError::NoSuchLabel { ref known, .. } => {
                let mistake = Mistake::new("groupBy", error.to_string());
                Self::Mistakes(vec![mistake.with_candidates(known)])
            }
            BackendError::Usage(message) => Self::Mistakes(vec![Mistake::new("query", message)]),
            BackendError::Nothing(nothing) => {
                let selector =
                    Selector { metric_name: ask.type_name.clone(), matchers: ask.matchers.clone() };
                let asked = nothing.asked().map_or_else(|| selector.to_string(), str::to_owned);
                Self::Nothing { asked, range: ask.range, why: nothing }
            }
            other => Self::Server(Box::new(other)),
        }
    }

    fn said(self) -> (StatusCode, Said) {
        match self {
            Self::Mistakes(mistakes) => {
                let lines: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
                (StatusCode::BAD_REQUEST, Said { mistakes, ..message(lines.join("; ")) })
            }
            Self::Nothing { asked, range, why } => (StatusCode::NOT_FOUND, nothing(asked, range, *why)),
            Self::Server(error) => server(&error),
            Self::TooSlow { limit } => {
                let said = message(format!("the server took longer than {}", words::span(limit)));
                (StatusCode::GATEWAY_TIMEOUT, said)
            }
            Self::Busy { limit } => {
                let said = message(format!("{limit} questions are being answered; ask again in a moment"));
                (StatusCode::SERVICE_UNAVAILABLE, said)
            }
            Self::Method => {
                (StatusCode::METHOD_NOT_ALLOWED, message("expected GET or HEAD, found another method"))
            }
        }
    }
}

fn message(message: impl Into<String>) -> Said {
    Said { message: message.into(), ..Said::default() }
}

fn nothing(asked: String, range: TimeRange, why: Nothing) -> Said {
    let Span { start, end } = range.into();
    let hint = match &why {
        Nothing::NeverAny => Some("does anything write to it? a target to scrape, an agent?".to_owned()),
        why => why.hint(),
    };
    let (data, labels) = match &why {
        Nothing::OutsideWindow { oldest: Some(oldest), newest: Some(newest), .. } => {
            (Some(TimeRange::new(*oldest, *newest).into()), Vec::new())
        }
        Nothing::NoMatch { labels, .. } => (None, labels.clone()),
        _ => (None, Vec::new()),
    };
    let text = format!("no data for {asked} from {start} to {end}: {why}");
    let reason = Some(why.kind());
    let searched = Some(Where { queries: vec![asked], start, end, data, labels });
    Said { hint, reason, searched, ..message(text) }
}

fn server(error: &BackendError) -> (StatusCode, Said) {
    let code = error.code().to_owned();
    // Not only its own part: what was wrong with an answer is what helps.
    let said = Said { hint: error.hint(), ..message(words::with_causes(error)) };
    (crate::status(&code), Said { code: Some(code), ..said })
}
