use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap, HeaderName, TE, USER_AGENT,
};
use http::{HeaderValue, Method, Request, Version};
use http_body_util::Full;

use super::{Body, Outgoing};
use crate::settings::{Protocol, Target};

const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");
const GRPC_ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
const GRPC_ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");
const X_USER_AGENT: HeaderName = HeaderName::from_static("x-user-agent");

/// What every request to a server says, made once: a call copies it.
pub(crate) struct Requests {
    target: Target,
    version: Version,
    /// Whether the deadline is told to the server. The original does not over gRPC-Web, and
    /// proxies that translate it differ in what they make of one.
    tells_deadline: bool,
    plain: HeaderMap,
    gzip: HeaderMap,
}

impl Requests {
    pub(crate) fn new(
        target: Target,
        protocol: Protocol,
        own: &[(HeaderName, HeaderValue)],
        user_agent: HeaderValue,
    ) -> Self {
        let mut plain = match protocol {
            Protocol::Grpc => grpc(user_agent),
            Protocol::GrpcWeb(_) => grpc_web(user_agent),
        };
        if !protocol.is_http2() {
            // An authority is printable ASCII.
            if let Ok(host) = HeaderValue::from_str(target.authority.as_str()) {
                plain.insert(HOST, host);
            }
        }
        for (name, value) in own {
            plain.append(name, value.clone());
        }
        let mut gzip = plain.clone();
        gzip.insert(GRPC_ENCODING, HeaderValue::from_static("gzip"));
        let version = if protocol.is_http2() { Version::HTTP_2 } else { Version::HTTP_11 };
        Self { target, version, tells_deadline: protocol == Protocol::Grpc, plain, gzip }
    }

    pub(crate) fn build(
        &self,
        call: Outgoing<'_>,
        authorization: Option<HeaderValue>,
        now: Instant,
    ) -> Request<Body> {
        let mut request = Request::new(Full::new(Bytes::clone(call.body)));
        *request.method_mut() = Method::POST;
        *request.version_mut() = self.version;
        *request.uri_mut() = self.target.uri(call.method).clone();
        let headers = request.headers_mut();
        *headers = if call.compressed { self.gzip.clone() } else { self.plain.clone() };
        if self.tells_deadline {
            headers.insert(GRPC_TIMEOUT, grpc_timeout(call.deadline.saturating_duration_since(now)));
        }
        for (name, value) in call.headers {
            headers.insert(name, value.clone());
        }
        if let Some(authorization) = authorization {
            headers.insert(AUTHORIZATION, authorization);
        }
        request
    }
}

fn grpc(user_agent: HeaderValue) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(12);
    headers.insert(TE, HeaderValue::from_static("trailers"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert(USER_AGENT, user_agent);
    headers.insert(GRPC_ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
    headers
}

/// As connect-go sends it: `identity` keeps proxies from compressing around the frames.
fn grpc_web(user_agent: HeaderValue) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(12);
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc-web+proto"));
    headers.insert(GRPC_ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
    headers.insert(USER_AGENT, user_agent.clone());
    headers.insert(X_USER_AGENT, user_agent);
    headers
}

/// At most eight digits and a unit, as gRPC has it: microseconds up to 100 s, then milliseconds.
/// Settings bound a timeout, a caller's own deadline may lie beyond: 27 hours is far enough.
fn grpc_timeout(left: Duration) -> HeaderValue {
    const MAX: u128 = 99_999_999;
    let text = match left.as_micros() {
        0 => "1u".to_owned(),
        micros @ 1..=MAX => format!("{micros}u"),
        micros => format!("{}m", (micros / 1000).min(MAX)),
    };
    HeaderValue::from_maybe_shared(Bytes::from(text)).unwrap_or_else(|_| HeaderValue::from_static("10S"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_on_the_wire() {
        let check = |left, expect: &str| assert_eq!(grpc_timeout(left), expect);
        check(Duration::ZERO, "1u");
        check(Duration::from_micros(99_999_999), "99999999u");
        check(Duration::from_secs(100), "100000m");
        check(Duration::from_secs(1_000_000), "99999999m");
    }
}
