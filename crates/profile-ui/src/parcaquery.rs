use std::io::{self, Write};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use ops::{StreamLimits, accepts_gzip, written_body};
use query::backend::Backend;
use query::report::{self, Form, Look};
use query::{Answer, Question, Shown};
use tokio::sync::OwnedSemaphorePermit;
use url::form_urlencoded;

use crate::Turns;
use crate::refusal::Refusal;

/// Questions that are answered at a time; each may hold some hundred megabytes.
const AT_ONCE: usize = 4;

#[derive(Clone)]
struct Questions {
    backend: Backend,
    longest: Duration,
    turns: Turns,
}

/// The route `/parcaquery`, asking this server. A question may take `longest`, however many calls it takes.
pub fn parcaquery(backend: Backend, longest: Duration) -> Router {
    let questions = Questions { backend, longest, turns: Turns::new(AT_ONCE) };
    let wrong_method = async || Refusal::Method.into_response();
    Router::new().route("/parcaquery", get(answer).fallback(wrong_method)).with_state(questions)
}

/// To the millisecond, which is as exact as anybody reads.
pub(crate) fn now() -> SystemTime {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(since.as_millis()).unwrap_or_default())
}

impl Questions {
    async fn ask(&self, parameters: &str) -> Result<Answer, Refusal> {
        let pairs = form_urlencoded::parse(parameters.as_bytes());
        let question = Question::parse(pairs, now()).map_err(Refusal::Mistakes)?;
        match tokio::time::timeout(self.longest, self.backend.answer(&question)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(Refusal::of(error, &question.ask)),
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
        Ok(answer) => written(Written::Answer(answer), &headers, turn),
        Err(refusal) => refusal.into_response(),
    }
}

/// A report that can be written.
pub(crate) enum Written {
    /// What a server answered.
    Answer(Answer),
    /// What a file has.
    Shown(Box<Shown>, Form, Look),
}

impl Written {
    fn form(&self) -> Form {
        match self {
            Self::Answer(answer) => answer.form,
            Self::Shown(_, form, _) => *form,
        }
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        match self {
            Self::Answer(answer) => answer.write(out),
            Self::Shown(shown, form, look) => report::write(shown, *form, look, out),
        }
    }
}

/// A report as an answer.
pub(crate) fn written(report: Written, headers: &HeaderMap, turn: OwnedSemaphorePermit) -> Response {
    let form = report.form();
    // A file that is compressed already.
    let gzip = accepts_gzip(headers) && form != Form::Pprof;
    let mut response =
        streamed(form.content_type(), gzip, turn, move |mut out: &mut dyn Write| report.write(&mut out));
    let headers = response.headers_mut();
    if form == Form::Svg {
        let policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    }
    if let Some(name) = form.file_name() {
        let value = format!("attachment; filename=\"{name}\"");
        headers.insert(
            header::CONTENT_DISPOSITION,
            HeaderValue::try_from(value).expect("names of files are plain"),
        );
    }
    response
}

/// A body that is written while it is sent. The turn lasts until the last byte is written.
pub(crate) fn streamed(
    content_type: &'static str,
    gzip: bool,
    turn: OwnedSemaphorePermit,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()> + Send + 'static,
) -> Response {
    let body = written_body(gzip, StreamLimits::default(), move |out: &mut dyn Write| {
        let _turn = turn;
        write(out)
    });
    let mut response = body.into_response();
    let headers = response.headers_mut();
    let mut say = |name: HeaderName, value: &'static str| {
        headers.insert(name, HeaderValue::from_static(value));
    };
    say(header::CONTENT_TYPE, content_type);
    say(header::VARY, "accept-encoding");
    say(header::CACHE_CONTROL, "no-store");
    say(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    if gzip {
        say(header::CONTENT_ENCODING, "gzip");
    }
    response
}
