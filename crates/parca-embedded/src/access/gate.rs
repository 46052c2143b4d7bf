use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};

use super::entries::{Access, Denied};
use super::need::{Need, of_path};

/// The routes behind a gate.
pub(crate) fn gated(routes: Router, access: Access) -> Router {
    routes.layer(from_fn_with_state(access, gate))
}

async fn gate(State(access): State<Access>, mut request: Request, next: Next) -> Response {
    let need = of_path(request.uri().path());
    match access.check(request.headers(), need) {
        Ok(tenant) => {
            if let Some(tenant) = tenant {
                request.extensions_mut().insert(tenant);
            }
            next.run(request).await
        }
        Err(denied) => refusal(&request, denied, need),
    }
}

/// In the form that a client of each kind reads.
fn refusal(request: &Request, denied: Denied, need: Need) -> Response {
    let (status, code, name, words) = match (denied, need) {
        (Denied::Unknown, _) => (
            StatusCode::UNAUTHORIZED,
            "16",
            "unauthenticated",
            "expected a token or password that is known here",
        ),
        (Denied::Forbidden, Need::Write) => {
            (StatusCode::FORBIDDEN, "7", "permission_denied", "this token may not write")
        }
        (Denied::Forbidden, _) => {
            (StatusCode::FORBIDDEN, "7", "permission_denied", "this token may not read")
        }
    };
    if let Some(kind) = request.headers().get(CONTENT_TYPE).filter(|_| unary_grpc::is_grpc(request.headers()))
    {
        let headers = [
            ("content-type", kind.clone()),
            ("grpc-status", HeaderValue::from_static(code)),
            ("grpc-message", HeaderValue::from_static(words)),
        ];
        return (StatusCode::OK, headers).into_response();
    }
    let challenge = [(WWW_AUTHENTICATE, "Basic realm=\"parca-embedded\", Bearer")];
    let body = serde_json::json!({"code": name, "message": words}).to_string();
    match status {
        StatusCode::UNAUTHORIZED => {
            (status, challenge, [(CONTENT_TYPE, "application/json")], body).into_response()
        }
        _ => (status, [(CONTENT_TYPE, "application/json")], body).into_response(),
    }
}
