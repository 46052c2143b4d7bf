use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use http::{Request, StatusCode};
use http_config::{Client, SendError};
use profile_codec::file::excerpt;
use profile_codec::pprof::Limits;

use crate::mend::{self, MendError, Origin, Ready};
use crate::settings::Job;
use crate::target::Target;

/// Why a target gave no profile.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// No answer.
    #[error("{0}")]
    Send(String),
    /// No answer in time.
    #[error("no whole answer within {0}")]
    Deadline(String),
    /// An answer other than 200.
    #[error("expected 200, found {status}: `{start}`")]
    Status {
        /// What was answered.
        status: StatusCode,
        /// The start of the answer.
        start: String,
    },
    /// Another CPU profile of the process is under way.
    #[error("another CPU profile of the process is under way: `{0}`")]
    Busy(String),
    /// No profile.
    #[error("{0}")]
    Unreadable(#[from] MendError),
}

impl FetchError {
    /// What can be done about it; empty if nothing can be said.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unreadable(error) => error.hint(),
            Self::Busy(_) => {
                "somebody else profiles it too: another scraper, another job with the same target, or the program itself"
            }
            Self::Status { status, .. } if *status == StatusCode::NOT_FOUND => {
                "if the program has no such profile, set `enabled: false` for it in `pprof_config`"
            }
            Self::Status { status, .. } if matches!(status.as_u16(), 401 | 403) => {
                "give the job credentials: `authorization`, `basic_auth` or `tls_config`"
            }
            _ => "",
        }
    }

    /// A short word for metrics.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Send(_) => "connection",
            Self::Deadline(_) => "timeout",
            Self::Status { .. } => "status",
            Self::Busy(_) => "busy",
            Self::Unreadable(_) => "not_a_profile",
        }
    }
}

/// Whom we are.
const USER_AGENT: &str = concat!("parca-ingest/", env!("CARGO_PKG_VERSION"));

/// Asks a target for its profile and makes it right.
pub(super) async fn fetch(
    client: &Client,
    target: &Target,
    job: &Job,
    limits: Limits,
) -> Result<(Vec<Ready>, usize), FetchError> {
    let started = SystemTime::now();
    let body = get(client, target, job).await?;
    let bytes = body.len();
    let mut origin = Origin::at(started);
    origin.window = target.profile.seconds.map(Duration::from_secs);
    origin.keep_sample_types.clone_from(&target.profile.keep_sample_types);
    origin.limits = limits;
    // Small ones are read faster than another thread wakes up.
    const LARGE: usize = 256 << 10;
    let ready = match bytes > LARGE {
        false => mend::ready(body, &origin),
        true => tokio::task::spawn_blocking(move || mend::ready(body, &origin))
            .await
            .map_err(|_| FetchError::Send("reading the profile failed".to_owned()))?,
    };
    Ok((ready?, bytes))
}

/// Connections that are used less often are not kept: the buffers of an idle one take 33 kB, and a new one costs
/// less than 0.1 ms, unless a key has to be agreed upon.
const KEPT: Duration = Duration::from_secs(5);

async fn get(client: &Client, target: &Target, job: &Job) -> Result<Bytes, FetchError> {
    let timeout = job.timeout;
    let mut request = Request::get(target.url.as_str()).header("user-agent", USER_AGENT);
    if job.interval >= KEPT && target.url.scheme() == "http" {
        request = request.header("connection", "close");
    }
    let request = request.body(Bytes::new()).map_err(|error| FetchError::Send(error.to_string()))?;
    let answer = client.send(request, Instant::now() + timeout).await.map_err(|error| match error {
        SendError::Deadline => FetchError::Deadline(words::span(timeout)),
        other => FetchError::Send(words::with_causes(&other)),
    })?;
    let status = answer.status();
    if status == StatusCode::OK {
        return Ok(answer.into_body());
    }
    let start = excerpt(answer.body());
    match status.is_server_error() && start.contains("profiling already in use") {
        true => Err(FetchError::Busy(start)),
        false => Err(FetchError::Status { status, start }),
    }
}
