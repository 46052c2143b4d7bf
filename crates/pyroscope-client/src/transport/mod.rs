//! How a request gets to the server and an answer back.

mod answer;
mod command;
mod http;

use std::pin::Pin;
use std::time::{Duration, Instant};

use ::http::HeaderValue;
use bytes::Bytes;
use url::Url;

pub(crate) use answer::read_answer;

use crate::Error;
use crate::settings::{Access, Encoding, Settings, SettingsError};

/// A request.
pub(crate) struct Outgoing {
    pub(crate) url: Url,
    pub(crate) encoding: Encoding,
    pub(crate) body: Bytes,
    pub(crate) timeout: Duration,
    pub(crate) deadline: Instant,
}

/// An answer, whatever it is.
pub(crate) struct Incoming {
    pub(crate) status: Option<u16>,
    pub(crate) content_type: Option<String>,
    pub(crate) body: Bytes,
}

pub(crate) enum Transport {
    Http(http::Http),
    Command(command::Command),
}

type Exchange<'a> = Pin<Box<dyn Future<Output = Result<Incoming, Error>> + Send + 'a>>;

impl Transport {
    pub(crate) fn new(settings: &Settings) -> Result<Self, SettingsError> {
        // Checked for either: what is sent must not depend on the way that it goes.
        let header = |key, text: &str| HeaderValue::from_str(text).map_err(|_| SettingsError::Header { key });
        let user_agent = header("user_agent", &settings.user_agent)?;
        let tenant = settings.tenant.as_deref().map(|tenant| header("tenant", tenant)).transpose()?;
        match &settings.access {
            Access::Http { config, environment } => {
                let client = http::client(config, environment, settings.max_response_bytes)?;
                let limit = settings.max_response_bytes;
                Ok(Self::Http(http::Http { client, user_agent, tenant, limit }))
            }
            Access::Command(command) => Ok(Self::Command(command::Command {
                command: command.clone(),
                tenant: settings.tenant.clone(),
                limit: settings.max_response_bytes,
            })),
        }
    }

    /// Boxed, so that every crate that asks is not compiled with a whole client of its own.
    pub(crate) fn exchange(&self, outgoing: Outgoing) -> Exchange<'_> {
        match self {
            Self::Http(http) => Box::pin(http.exchange(outgoing)),
            Self::Command(command) => Box::pin(command.exchange(outgoing)),
        }
    }
}

impl Encoding {
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Proto => "application/proto",
            Self::Json => "application/json",
        }
    }
}

/// An answer that is longer than allowed.
fn too_long(limit: usize) -> Error {
    Error::new(
        crate::ErrorKind::Limit,
        crate::Code::ResourceExhausted,
        format!("expected an answer of at most {limit} bytes, found a longer one"),
    )
    .with_hint(Some("ask for a shorter range, fewer nodes or fewer series"))
}

fn past_deadline(timeout: Duration) -> Error {
    Error::new(
        crate::ErrorKind::Deadline,
        crate::Code::DeadlineExceeded,
        format!("no answer came within {}", words::span(timeout)),
    )
    .with_hint(Some("ask for a shorter range or with more label matchers, or set a longer timeout"))
}
