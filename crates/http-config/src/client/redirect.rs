//! Where a redirect leads, and what may go along.

use http::header::LOCATION;
use http::{Method, Response, StatusCode, Uri};
use url::Url;

use crate::SendError;
use crate::error::shown;

#[derive(Debug)]
pub(super) enum Step {
    Done,
    Follow(Uri),
}

/// What to do with an answer.
pub(super) fn step<B>(method: &Method, base: &Uri, answer: &Response<B>) -> Result<Step, SendError> {
    let status = answer.status();
    let keeps_method = match status {
        StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => true,
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND | StatusCode::SEE_OTHER => false,
        _ => return Ok(Step::Done),
    };
    let refuse = |location: String, reason| Err(SendError::Redirect { status, location, reason });
    let Some(location) = answer.headers().get(LOCATION) else {
        return Ok(Step::Done);
    };
    let Some(next) = location.to_str().ok().and_then(|location| join(base, location)) else {
        return refuse(String::new(), "expected an http or https URL");
    };
    if !keeps_method && !matches!(*method, Method::GET | Method::HEAD) {
        return refuse(shown(&next), "it would drop the body; set the URL to the target instead");
    }
    Ok(Step::Follow(next))
}

fn join(base: &Uri, location: &str) -> Option<Uri> {
    let mut next = Url::parse(&base.to_string()).ok()?.join(location).ok()?;
    next.set_fragment(None);
    matches!(next.scheme(), "http" | "https").then(|| next.as_str().parse().ok()).flatten()
}

/// Whether credentials for `origin` may go to `target`: the same host or one under it, and not in the
/// clear if they were not before (Go allows the latter).
pub(super) fn keeps_credentials(origin: &Uri, target: &Uri) -> bool {
    let lower = |uri: &Uri| uri.host().unwrap_or_default().to_ascii_lowercase();
    let (from, to) = (lower(origin), lower(target));
    let is_name = !from.starts_with('[') && from.parse::<std::net::IpAddr>().is_err();
    let under = is_name && to.strip_suffix(&from).is_some_and(|front| front.ends_with('.'));
    let downgraded = origin.scheme_str() == Some("https") && target.scheme_str() != Some("https");
    (from == to || under) && !downgraded
}

/// The URL without user and password, which are no part of a request line.
pub(super) fn without_user(uri: Uri) -> Uri {
    let Some((_, host)) = uri.authority().and_then(|authority| authority.as_str().rsplit_once('@')) else {
        return uri;
    };
    let Ok(host) = host.parse() else { return uri };
    let mut parts = uri.clone().into_parts();
    parts.authority = Some(host);
    Uri::from_parts(parts).unwrap_or(uri)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[track_caller]
    fn keeps(origin: &str, target: &str, expect: bool) {
        let found = keeps_credentials(&origin.parse().unwrap(), &target.parse().unwrap());
        assert_eq!(found, expect, "{origin} -> {target}");
    }

    #[test]
    fn credentials_stay_with_the_host() {
        keeps("http://a.com/x", "http://a.com/y", true);
        keeps("http://a.com/x", "http://A.com:8080/y", true);
        keeps("http://a.com/x", "https://sub.a.com/y", true);
        keeps("http://a.com/x", "http://ba.com/y", false);
        keeps("http://sub.a.com/x", "http://a.com/y", false);
        keeps("https://a.com/x", "http://a.com/x", false);
        keeps("http://1.2.3.4/", "http://9.1.2.3.4/", false);
    }

    #[track_caller]
    fn leads(method: Method, status: u16, location: &str, expect: &str) {
        let answer = Response::builder().status(status).header(LOCATION, location).body(()).unwrap();
        let base = "http://a.com/api/write".parse().unwrap();
        let found = match step(&method, &base, &answer) {
            Ok(Step::Done) => "done".to_owned(),
            Ok(Step::Follow(uri)) => uri.to_string(),
            Err(_) => "refused".to_owned(),
        };
        assert_eq!(found, expect, "{method} {status} {location}");
    }

    #[test]
    fn a_body_is_never_dropped() {
        leads(Method::POST, 307, "/b?q=1#f", "http://a.com/b?q=1");
        leads(Method::POST, 308, "read", "http://a.com/api/read");
        leads(Method::POST, 301, "/b", "refused");
        leads(Method::POST, 302, "/b", "refused");
        leads(Method::POST, 303, "/b", "refused");
        leads(Method::PUT, 302, "/b", "refused");
        leads(Method::GET, 303, "//b.com/", "http://b.com/");
        leads(Method::GET, 307, "file:///etc/passwd", "refused");
        leads(Method::GET, 304, "/b", "done");
    }

    #[test]
    fn user_and_password_leave_the_url() {
        let uri = without_user("http://u:p@a.com:81/x?y".parse().unwrap());
        assert_eq!(uri, "http://a.com:81/x?y");
    }
}
