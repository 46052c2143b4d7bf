use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_config::{ConfigError, CredentialError, Environment, HttpClientConfig, Limits, SendError};

use super::{Incoming, Outgoing, past_deadline, too_long};
use crate::{Code, Error, ErrorKind};

const PROTOCOL_VERSION: HeaderName = HeaderName::from_static("connect-protocol-version");
const TIMEOUT: HeaderName = HeaderName::from_static("connect-timeout-ms");
const TENANT: HeaderName = HeaderName::from_static("x-scope-orgid");
/// Without the parameter Pyroscope leaves out labels such as `service.name`.
const ACCEPTED: HeaderValue = HeaderValue::from_static("*/*;allow-utf8-labelnames=true");
/// Connect's bound: ten digits.
const LONGEST_TIMEOUT_MS: u128 = 9_999_999_999;

pub(crate) struct Http {
    pub(super) client: http_config::Client,
    pub(super) user_agent: HeaderValue,
    pub(super) tenant: Option<HeaderValue>,
    pub(super) limit: usize,
}

pub(super) fn client(
    config: &HttpClientConfig,
    environment: &Environment,
    max_response_bytes: usize,
) -> Result<http_config::Client, ConfigError> {
    let mut limits = Limits::default();
    limits.answer_bytes = max_response_bytes;
    http_config::Client::with_limits(config, environment, limits)
}

impl Http {
    pub(super) async fn exchange(&self, outgoing: Outgoing) -> Result<Incoming, Error> {
        let (timeout, deadline) = (outgoing.timeout, outgoing.deadline);
        let answer = self.client.send(self.request(outgoing)?, deadline).await;
        let answer = answer.map_err(|error| match error {
            SendError::Deadline => past_deadline(timeout),
            SendError::AnswerTooLarge { limit } => too_long(limit),
            error => failure(error),
        })?;
        self.incoming(answer)
    }

    fn request(&self, outgoing: Outgoing) -> Result<Request<Bytes>, Error> {
        let mut request = Request::post(outgoing.url.as_str())
            .body(outgoing.body)
            .map_err(|error| Error::request("expected a URL that can be sent").with_source(error))?;
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(outgoing.encoding.content_type()));
        headers.insert(ACCEPT, ACCEPTED);
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        headers.insert(USER_AGENT, self.user_agent.clone());
        headers.insert(PROTOCOL_VERSION, HeaderValue::from_static("1"));
        let millis = outgoing.timeout.as_millis().clamp(1, LONGEST_TIMEOUT_MS) as u64;
        headers.insert(TIMEOUT, millis.into());
        if let Some(tenant) = &self.tenant {
            headers.insert(TENANT, tenant.clone());
        }
        Ok(request)
    }

    fn incoming(&self, answer: Response<Bytes>) -> Result<Incoming, Error> {
        let (parts, body) = answer.into_parts();
        let text = |name| header(&parts.headers, name);
        let body = match text(CONTENT_ENCODING).as_deref() {
            Some("gzip" | "x-gzip") => unpack(&body, self.limit)?,
            _ => body,
        };
        Ok(Incoming { status: Some(parts.status.as_u16()), content_type: text(CONTENT_TYPE), body })
    }
}

fn header(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

fn unpack(body: &[u8], limit: usize) -> Result<Bytes, Error> {
    gunzip::at_most(limit, body).map(Bytes::from).map_err(|error| match error {
        gunzip::Error::TooLarge { limit } => too_long(limit),
        broken => Error::answer("expected a gzip body, found something else").with_source(broken),
    })
}

fn failure(error: SendError) -> Error {
    let (kind, code, hint) = match &error {
        SendError::Redirect { .. } => (
            ErrorKind::NotPyroscope,
            Code::Unknown,
            Some("set the URL to where the redirect leads; a login page means that credentials are missing"),
        ),
        SendError::Credentials(CredentialError::TokenServer { .. }) => {
            (ErrorKind::Unreachable, Code::Unavailable, None)
        }
        SendError::Credentials(_) => (ErrorKind::Auth, Code::Unauthenticated, None),
        SendError::Url { .. } => (ErrorKind::Request, Code::InvalidArgument, None),
        _ => (ErrorKind::Unreachable, Code::Unavailable, None),
    };
    let message = match &error {
        SendError::Redirect { .. } => error.to_string(),
        SendError::Connect { .. } => "the server cannot be reached".to_owned(),
        SendError::Credentials(_) => "the request cannot be authenticated".to_owned(),
        _ => "there was no answer".to_owned(),
    };
    let status = match &error {
        SendError::Redirect { status, .. } => Some(status.as_u16()),
        _ => None,
    };
    let wrapped = Error::new(kind, code, message).with_hint(hint).with_status(status);
    if status.is_some() { wrapped } else { wrapped.with_source(error) }
}
