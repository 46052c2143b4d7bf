use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign as signature};
use aws_sigv4::sign::v4::SigningParams;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request};

use super::failed;
use super::keys::Keys;
use crate::CredentialError;

/// What a signature holds for.
pub(super) struct Scope<'a> {
    pub(super) region: &'a str,
    pub(super) service: &'a str,
    pub(super) time: SystemTime,
}

/// Adds the headers of a signature over method, URL, headers and body.
///
/// User-Agent, Transfer-Encoding and tracing headers are left out of it: they may change on the way.
pub(super) fn sign<B>(
    request: &mut Request<B>,
    body: &Bytes,
    keys: &Keys,
    scope: &Scope<'_>,
) -> Result<(), CredentialError> {
    let session_token = keys.session_token.as_ref().map(|token| token.expose().to_owned());
    let credentials =
        Credentials::new(keys.id.as_str(), keys.key.expose(), session_token, None, "http-config");
    let identity = credentials.into();
    let params = SigningParams::builder()
        .identity(&identity)
        .region(scope.region)
        .name(scope.service)
        .time(scope.time)
        .settings(settings())
        .build()
        .map_err(|_| failed("the request cannot be signed".to_owned()))?
        .into();
    let uri = request.uri().to_string();
    // A value that is no text has nothing to do in a request to AWS; it is not signed.
    let headers =
        request.headers().iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let signable = SignableRequest::new(request.method().as_str(), &uri, headers, SignableBody::Bytes(body))
        .and_then(|signable| signature(signable, &params))
        .map_err(|_| failed("the request cannot be signed".to_owned()))?;
    let (instructions, _) = signable.into_parts();
    for (name, value) in instructions.headers() {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| not_a_header())?;
        let mut value = HeaderValue::from_str(value).map_err(|_| not_a_header())?;
        value.set_sensitive(true);
        request.headers_mut().insert(name, value);
    }
    Ok(())
}

fn settings() -> SigningSettings {
    let mut settings = SigningSettings::default();
    let excluded = settings.excluded_headers.get_or_insert_default();
    excluded.extend(["expect".into(), "uber-trace-id".into()]);
    settings
}

fn not_a_header() -> CredentialError {
    CredentialError::NotAHeader { key: "sigv4".to_owned() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    /// One case of AWS' published test suite (aws-sig-v4-test-suite): all are of 2015-08-30T12:36:00Z.
    #[track_caller]
    fn check(
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        token: Option<&str>,
        body: &str,
        expect: &str,
    ) {
        let mut request =
            Request::builder().method(method).uri(format!("https://example.amazonaws.com{path}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(()).unwrap();
        let keys = Keys::lasting("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", token);
        let time = UNIX_EPOCH + Duration::from_secs(1_440_938_160);
        let scope = Scope { region: "us-east-1", service: "service", time };
        sign(&mut request, &Bytes::copy_from_slice(body.as_bytes()), &keys, &scope).unwrap();
        assert_eq!(request.headers()["x-amz-date"], "20150830T123600Z");
        let found = request.headers()["authorization"].to_str().unwrap();
        let expect = format!(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, {expect}"
        );
        assert_eq!(found, expect, "{method} {path}");
    }

    const PLAIN: &str = "SignedHeaders=host;x-amz-date, Signature=";
    const TOKEN: &str = "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==";

    #[test]
    fn aws_published_vectors() {
        let vanilla = format!("{PLAIN}5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
        check("GET", "/", &[], None, "", &vanilla);
        check(
            "GET",
            "/",
            &[("user-agent", "x"), ("uber-trace-id", "y"), ("expect", "z")],
            None,
            "",
            &vanilla,
        );
        let slashes = format!("{PLAIN}9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84");
        check("GET", "//example//", &[], None, "", &slashes);
        let query = format!("{PLAIN}371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac");
        check("GET", "/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1", &[], None, "", &query);
        let post = format!("{PLAIN}5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b");
        check("POST", "/", &[], None, "", &post);
        let token = "SignedHeaders=host;x-amz-date;x-amz-security-token, \
                     Signature=85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead";
        check("POST", "/", &[], Some(TOKEN), "", token);
        let form = "SignedHeaders=content-type;host;x-amz-date, \
                    Signature=ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a";
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        check("POST", "/", &headers, None, "Param1=value1", form);
    }
}
