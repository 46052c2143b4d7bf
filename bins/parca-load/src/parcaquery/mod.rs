//! `GET /parcaquery`: one question to the Parca, one report.

mod refusal;

use std::io::Write;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use ops::{StreamLimits, accepts_gzip, written_body};
use parca_client::Client;
use parca_workload::Knowledge;
use query::{Answer, AskError, Question, View, ask};
use tokio::sync::OwnedSemaphorePermit;
use url::form_urlencoded;

use refusal::Refusal;

use crate::gateway::Turns;

/// Questions that are answered at a time; each may hold some hundred megabytes.
const AT_ONCE: usize = 4;
/// The longest that a question may take, however many calls it takes, unless one alone may take longer.
const LONGEST: Duration = Duration::from_secs(60);

/// Whom to ask, and what is known of it.
#[derive(Clone)]
pub(crate) struct Questions {
    client: Client,
    knowledge: Knowledge,
    longest: Duration,
    turns: Turns,
}

impl Questions {
    /// Calls of the client may take `timeout` each.
    pub(crate) fn new(client: Client, knowledge: Knowledge, timeout: Duration) -> Self {
        Self { client, knowledge, longest: LONGEST.max(timeout), turns: Turns::new(AT_ONCE) }
    }

    pub(crate) fn routes(self) -> Router {
        Router::new().route("/parcaquery", get(answer)).with_state(self)
    }

    async fn ask(&self, parameters: &str) -> Result<Answer, Refusal> {
        let pairs = form_urlencoded::parse(parameters.as_bytes());
        let question = Question::parse(pairs, SystemTime::now()).map_err(Refusal::Mistakes)?;
        let known = self.knowledge.types();
        match tokio::time::timeout(self.longest, ask(&self.client, &question, &known)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(AskError::Mistake(mistake))) => Err(Refusal::Mistakes(vec![mistake])),
            Ok(Err(error)) => Err(Refusal::Unanswered(Box::new(error))),
            Err(_) => Err(Refusal::TooSlow { limit: self.longest }),
        }
    }
}

async fn answer(
    State(questions): State<Questions>,
    RawQuery(parameters): RawQuery,
    headers: HeaderMap,
) -> Response {
    let Some(turn) = questions.turns.take().await else {
        return Refusal::Busy { limit: AT_ONCE }.into_response();
    };
    match questions.ask(&parameters.unwrap_or_default()).await {
        Ok(answer) => report(answer, accepts_gzip(&headers), turn),
        Err(refusal) => refusal.into_response(),
    }
}

/// The turn lasts until the last byte is written.
fn report(answer: Answer, gzip: bool, turn: OwnedSemaphorePermit) -> Response {
    let view = answer.view;
    // A file that is compressed already.
    let gzip = gzip && view != View::PprofRaw;
    let body = written_body(gzip, StreamLimits::default(), move |mut out: &mut dyn Write| {
        let _turn = turn;
        answer.write(&mut out)
    });
    let mut response = body.into_response();
    let headers = response.headers_mut();
    let mut say = |name: HeaderName, value: &'static str| {
        headers.insert(name, HeaderValue::from_static(value));
    };
    say(header::CONTENT_TYPE, view.content_type());
    say(header::VARY, "accept-encoding");
    say(header::CACHE_CONTROL, "no-store");
    say(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    if gzip {
        say(header::CONTENT_ENCODING, "gzip");
    }
    if view == View::Svg {
        say(header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'");
    }
    if let Some(name) = view.file_name() {
        let value = format!("attachment; filename=\"{name}\"");
        headers.insert(
            header::CONTENT_DISPOSITION,
            HeaderValue::try_from(value).expect("names of files are plain"),
        );
    }
    response
}
