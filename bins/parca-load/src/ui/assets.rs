//! The files of the page of the load, as they are in the folder `load`.

use axum::Router;
use axum::routing::get;
use profile_ui::file;

const JS: &str = "text/javascript; charset=utf-8";

/// Path, media type and text of each file.
const FILES: [(&str, &str, &str); 4] = [
    ("/load", "text/html; charset=utf-8", include_str!("load/page.html")),
    ("/load/page.css", "text/css; charset=utf-8", include_str!("load/page.css")),
    ("/load/page.js", JS, include_str!("load/page.js")),
    ("/load/lanes.js", JS, include_str!("load/lanes.js")),
];

pub(super) fn routes() -> Router {
    FILES.into_iter().fold(Router::new(), |router, (path, media_type, text)| {
        router.route(path, get(move || async move { file(media_type, text) }))
    })
}
