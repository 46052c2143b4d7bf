//! The page's own files.

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use report_render::html::{INDEX, assets};

/// Only our own files, and no markup made from text: whatever a label or a function is called, it
/// cannot become a script, and nothing leaves this address.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                      connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types profile-worker";

/// The page at `/`, and what it is made of below `/ui/`.
pub(crate) fn routes() -> Router {
    let page = Router::new().route("/", get(|| async { file(INDEX.media_type, INDEX.text) }));
    assets().fold(page, |router, asset| {
        router.route(
            &format!("/ui/{}", asset.name),
            get(move || async move { file(asset.media_type, asset.text) }),
        )
    })
}

/// One of a page's own files, with the policy of pages: nothing but scripts, styles and answers of this address.
pub fn file(media_type: &'static str, text: &'static str) -> Response {
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
