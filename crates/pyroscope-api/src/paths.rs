//! Paths that begin oddly, and those that nothing is behind.

use axum::response::{IntoResponse, Response};
use http::uri::PathAndQuery;
use http::{Method, Request, StatusCode, Uri};

use crate::ApiError;
use crate::connect::failed;

/// The request with one slash at the beginning of its path: some clients join an address that ends in a slash with a
/// path, as `//ingest`.
pub fn with_one_slash<B>(mut request: Request<B>) -> Request<B> {
    let Some(path) = request.uri().path_and_query().map(PathAndQuery::as_str) else { return request };
    if path.starts_with("//") {
        let mut parts = request.uri().clone().into_parts();
        parts.path_and_query = format!("/{}", path.trim_start_matches('/')).parse().ok();
        if let Ok(uri) = Uri::from_parts(parts) {
            *request.uri_mut() = uri;
        }
    }
    request
}

/// The answer to a path that is not served: of a method of some service JSON that clients of Connect read, of all else
/// a text. For the fallback of a router.
pub async fn not_found(method: Method, uri: Uri) -> Response {
    match service(uri.path()).filter(|_| method == Method::POST) {
        Some((service, name)) => {
            failed(&ApiError::unimplemented(format!("`{name}` of `{service}` is not served here")))
        }
        None => (StatusCode::NOT_FOUND, "404 page not found\n").into_response(),
    }
}

/// The service and the method that a path such as `/package.v1.Service/Method` names, below any prefix.
fn service(path: &str) -> Option<(&str, &str)> {
    let (rest, method) = path.rsplit_once('/')?;
    let service = rest.rsplit('/').next()?;
    let is_name = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._".contains(&byte));
    let is_method = method.starts_with(|c: char| c.is_ascii_uppercase()) && is_name(method);
    (service.contains('.') && is_name(service) && is_method).then_some((service, method))
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::{service, with_one_slash};

    #[test]
    fn a_path_begins_with_one_slash() {
        let check = |path: &str, expect: &str| {
            let request = Request::get(path).body(()).expect(path);
            assert_eq!(with_one_slash(request).uri(), expect, "{path}");
        };
        check("/ingest", "/ingest");
        check("//ingest?name=a//b", "/ingest?name=a//b");
        check("////querier.v1.QuerierService/Series", "/querier.v1.QuerierService/Series");
        check("/a//b", "/a//b");
        check("//", "/");
        check("http://host//ready", "http://host/ready");
    }

    #[test]
    fn methods_of_services_are_told_from_pages() {
        let check = |path: &str, expect: Option<(&str, &str)>| assert_eq!(service(path), expect, "{path}");
        check("/vcs.v1.VCSService/GithubApp", Some(("vcs.v1.VCSService", "GithubApp")));
        check("/base/querier.v1.QuerierService/Nothing", Some(("querier.v1.QuerierService", "Nothing")));
        check("/querier.v1.QuerierService/", None);
        check("/favicon.ico", None);
        check("/static.d/page.js", None);
        check("/<b>.v1/Get", None);
        check("/", None);
        check("", None);
    }
}
