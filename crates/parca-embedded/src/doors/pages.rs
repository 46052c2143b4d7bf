//! Pages of others, whose readers' browsers would send what they like.

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, HOST, ORIGIN};
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};

use super::CorsOrigin;

/// Lets a browser change something for pages of this server and of listed origins only: what any page wants as a form, it
/// sends to whatever this machine reaches and with passwords that it knows. For all other types of content it asks
/// first, and so a proxy that passes the headers of a browser on, such as that of Perses, is not refused.
pub(super) fn refuse_foreign_pages(routes: Router, origins: Vec<CorsOrigin>) -> Router {
    routes.layer(from_fn(move |request: Request, next: Next| {
        let may = is_safe(request.method())
            || is_asked_for(request.headers())
            || is_own(request.headers(), request.uri().authority())
            || is_listed(request.headers().get(ORIGIN), &origins);
        answer(may, request, next)
    }))
}

async fn answer(may: bool, request: Request, next: Next) -> Response {
    match may {
        true => next.run(request).await,
        false => {
            let words = "expected a page of this server or of a listed origin, found another one's\n";
            (StatusCode::FORBIDDEN, words).into_response()
        }
    }
}

fn is_safe(method: &Method) -> bool {
    [Method::GET, Method::HEAD, Method::OPTIONS].contains(method)
}

/// Whether a browser would ask before it sends this for a page of another origin: all but the types of forms.
fn is_asked_for(headers: &HeaderMap) -> bool {
    let Some(kind) = headers.get(CONTENT_TYPE) else { return false };
    let kind = kind.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let of_forms = ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain", ""];
    !of_forms.iter().any(|form| kind.eq_ignore_ascii_case(form))
}

/// Browsers say whose page it is; older ones its origin only, and what is no browser nothing.
fn is_own(headers: &HeaderMap, authority: Option<&Authority>) -> bool {
    let host =
        headers.get(HOST).map(HeaderValue::as_bytes).or_else(|| authority.map(|of| of.as_str().as_bytes()));
    match (headers.get("sec-fetch-site"), headers.get(ORIGIN)) {
        (Some(site), _) => site == "same-origin" || site == "none",
        (None, None) => true,
        (None, Some(origin)) => {
            let origin = Uri::try_from(origin.as_bytes()).ok();
            let of_page = origin.as_ref().and_then(Uri::authority).map(|of| of.as_str().as_bytes());
            of_page.is_some() && of_page == host
        }
    }
}

fn is_listed(origin: Option<&HeaderValue>, origins: &[CorsOrigin]) -> bool {
    origins.iter().any(|listed| match listed {
        CorsOrigin::Any => true,
        CorsOrigin::One(listed) => Some(listed) == origin,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_own_or_foreign() {
        let check = |headers: &[(&'static str, &str)], expect: bool| {
            let headers: HeaderMap =
                headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
            assert_eq!(is_own(&headers, None), expect, "{headers:?}");
        };
        let host = ("host", "localhost:7070");
        check(&[host], true);
        check(&[host, ("sec-fetch-site", "same-origin"), ("origin", "http://localhost:7070")], true);
        // Typed by hand, or a bookmark.
        check(&[host, ("sec-fetch-site", "none")], true);
        check(&[host, ("sec-fetch-site", "cross-site"), ("origin", "https://other.example")], false);
        check(&[host, ("sec-fetch-site", "same-site"), ("origin", "http://localhost:8080")], false);
        check(&[host, ("origin", "http://localhost:7070")], true);
        check(&[host, ("origin", "http://localhost:8080")], false);
        check(&[host, ("origin", "https://other.example")], false);
        check(&[host, ("origin", "null")], false);
        check(&[("origin", "null")], false);
    }

    #[test]
    fn a_browser_asks_for_all_but_forms() {
        let check = |kind: &str, expect: bool| {
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, kind.parse().unwrap())]);
            assert_eq!(is_asked_for(&headers), expect, "{kind}");
        };
        for kind in
            ["application/json", "application/proto", "application/grpc-web+proto", "application/x-protobuf"]
        {
            check(kind, true);
        }
        for kind in ["text/plain", "Text/Plain;charset=UTF-8", "multipart/form-data; boundary=b", "", ";"] {
            check(kind, false);
        }
        check("application/x-www-form-urlencoded", false);
        assert!(!is_asked_for(&HeaderMap::new()));
    }
}
