//! The page's own files, as they are in this folder.

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use report_render::html::{VIEWER_CSS, VIEWER_JS};

/// Only our own files, and no markup made from text: whatever a label or a function is called, it
/// cannot become a script, and nothing leaves this address.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
                      require-trusted-types-for 'script'";

const JS: &str = "text/javascript; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";

/// Path, media type and text of each file.
const FILES: [(&str, &str, &str); 11] = [
    ("/", "text/html; charset=utf-8", include_str!("page.html")),
    ("/ui/page.css", CSS, include_str!("page.css")),
    ("/ui/page.js", JS, include_str!("page.js")),
    ("/ui/dom.js", JS, include_str!("dom.js")),
    ("/ui/lanes.js", JS, include_str!("lanes.js")),
    ("/ui/question.js", JS, include_str!("question.js")),
    ("/ui/results.js", JS, include_str!("results.js")),
    ("/ui/selector.js", JS, include_str!("selector.js")),
    ("/ui/icon.svg", "image/svg+xml", include_str!("icon.svg")),
    ("/ui/viewer.css", CSS, VIEWER_CSS),
    ("/ui/viewer.js", JS, VIEWER_JS),
];

pub(super) fn routes() -> Router {
    FILES.into_iter().fold(Router::new(), |router, (path, media_type, text)| {
        router.route(path, get(move || async move { file(media_type, text) }))
    })
}

fn file(media_type: &'static str, text: &'static str) -> Response {
    let headers: [(HeaderName, HeaderValue); 5] = [
        (CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        // Asked for again each time: after an update, no file goes with those of another version.
        (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    (headers, text).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_that_the_page_names_is_there_and_nothing_is_elsewhere() {
        for (path, _, text) in FILES {
            let named =
                text.split(['"', '\'']).filter(|word| word.starts_with("ui/") || word.starts_with("./"));
            for name in named {
                let name = name.trim_start_matches("ui/").trim_start_matches("./");
                let wanted = format!("/ui/{name}");
                assert!(FILES.iter().any(|(known, ..)| *known == wanted), "{path} names {wanted}");
            }
            let external = text.matches("://").count() - text.matches("http://www.w3.org/").count();
            assert_eq!(external, 0, "{path} has an address of another server");
            assert!(!text.contains("innerHTML"), "{path}");
        }
    }
}
