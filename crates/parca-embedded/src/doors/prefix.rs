use std::str::FromStr;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::IntoResponse;
use http::header::LOCATION;
use http::{StatusCode, Uri};
use tower::ServiceExt;

/// The path below which plain HTTP is, such as `/profiles`; by default none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PathPrefix(String);

/// Why a text is no prefix of paths.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a path such as /profiles, of letters, digits and `-._~`, found `{0}`")]
pub struct PathPrefixError(String);

impl FromStr for PathPrefix {
    type Err = PathPrefixError;

    /// Slashes around it may be there or not.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let path = text.trim_matches('/');
        let is_good = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let is_part = |part: &str| !["", ".", ".."].contains(&part) && part.bytes().all(is_good);
        match path {
            "" => Ok(Self::default()),
            path if path.split('/').all(is_part) => Ok(Self(format!("/{path}"))),
            _ => Err(PathPrefixError(text.to_owned())),
        }
    }
}

/// Plain HTTP is below the prefix and nowhere else, native gRPC never is, gRPC-Web is served with any, as there.
pub(super) fn under(PathPrefix(prefix): PathPrefix, routes: Router) -> Router {
    if prefix.is_empty() {
        return routes;
    }
    Router::new().fallback(move |request: Request| {
        let (routes, prefix) = (routes.clone(), prefix.clone());
        async move {
            if let Some(folder) = as_folder(request.uri(), &prefix) {
                return (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, folder)]).into_response();
            }
            match stripped(request, &prefix) {
                Some(request) => routes.oneshot(request).await.into_response(),
                None => {
                    (StatusCode::NOT_FOUND, format!("404 page not found: all pages are below {prefix}/\n"))
                        .into_response()
                }
            }
        }
    })
}

/// Where the prefix itself leads to: the page names its files relative to a folder. Without what stands before the last
/// part, which a proxy may have changed.
fn as_folder(uri: &Uri, prefix: &str) -> Option<String> {
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let name = prefix.rsplit('/').next()?;
    (uri.path() == prefix).then(|| format!("{name}/{query}"))
}

fn stripped(mut request: Request<Body>, prefix: &str) -> Option<Request<Body>> {
    let is_grpc = unary_grpc::is_grpc(request.headers());
    let rest = request.uri().path_and_query().map_or("/", |whole| whole.as_str()).strip_prefix(prefix);
    match rest {
        Some(rest) if rest.is_empty() || rest.starts_with(['/', '?']) => {
            let rest = if rest.starts_with('/') { rest.to_owned() } else { format!("/{rest}") };
            let mut parts = request.uri().clone().into_parts();
            parts.path_and_query = rest.parse().ok();
            *request.uri_mut() = Uri::from_parts(parts).ok()?;
            Some(request)
        }
        _ => is_grpc.then_some(request),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_paths() {
        let check = |text: &str, expect: Option<&str>| {
            let found = text.parse().ok().map(|PathPrefix(prefix)| prefix);
            assert_eq!(found.as_deref(), expect, "{text}");
        };
        check("", Some(""));
        check("/", Some(""));
        check("profiles", Some("/profiles"));
        check("/a/b-c.d/", Some("/a/b-c.d"));
        for bad in ["http://host/profiles", "/a b", "/a?b", "/a//b", "/a/../b", "/%2e", "/\u{e4}"] {
            check(bad, None);
        }
    }
}
