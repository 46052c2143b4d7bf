use std::str::FromStr;

use http::{HeaderName, HeaderValue, Method, Uri};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer, ExposeHeaders};

/// Whose pages may call from a browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CorsOrigin {
    /// Everybody's: `*`.
    Any,
    /// Pages of one origin, such as `https://grafana.example`.
    One(HeaderValue),
}

/// Why a text is no origin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an origin such as https://grafana.example:3000, without a path, or *, found `{0}`")]
pub struct CorsOriginError(String);

impl FromStr for CorsOrigin {
    type Err = CorsOriginError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "*" {
            return Ok(Self::Any);
        }
        let wrong = || CorsOriginError(text.to_owned());
        let uri: Uri = text.parse().map_err(|_| wrong())?;
        let authority =
            uri.authority().filter(|authority| !authority.as_str().contains('@')).ok_or_else(wrong)?;
        let scheme =
            uri.scheme_str().filter(|scheme| ["http", "https"].contains(scheme)).ok_or_else(wrong)?;
        // Browsers send neither a path nor capitals.
        let sent = format!("{scheme}://{authority}");
        match sent == text && sent == sent.to_ascii_lowercase() {
            true => sent.parse().map(Self::One).map_err(|_| wrong()),
            false => Err(wrong()),
        }
    }
}

/// As the real server: listed origins or `*`, echoed, with credentials.
pub(super) fn cors(origins: &[CorsOrigin]) -> CorsLayer {
    let one = |origin: &CorsOrigin| match origin {
        CorsOrigin::Any => None,
        CorsOrigin::One(origin) => Some(origin.clone()),
    };
    let listed: Option<Vec<HeaderValue>> = origins.iter().map(one).collect();
    let origins = listed.map_or_else(AllowOrigin::mirror_request, AllowOrigin::list);
    let trailers = ["grpc-status", "grpc-message", "grpc-status-details-bin"].map(HeaderName::from_static);
    CorsLayer::new()
        .allow_origin(origins)
        .allow_credentials(true)
        .allow_methods([Method::HEAD, Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers(ExposeHeaders::list(trailers))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_such_as_browsers_send() {
        for good in
            ["*", "http://localhost", "https://grafana.example:3000", "http://[::1]:3000", "http://10.0.0.1"]
        {
            assert!(good.parse::<CorsOrigin>().is_ok(), "{good}");
        }
        let bad = [
            "",
            "grafana.example",
            "https://grafana.example/",
            "https://grafana.example/grafana",
            "https://Grafana.example",
            "https://me@grafana.example",
            "ftp://grafana.example",
            "https://a b",
            "null",
        ];
        for bad in bad {
            let error = bad.parse::<CorsOrigin>().expect_err(bad).to_string();
            assert!(error.ends_with(&format!("found `{bad}`")), "{error}");
        }
    }
}
