//! Who may ask a server that only this machine is meant to reach.

use std::net::{IpAddr, SocketAddr};

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use http::uri::Authority;
use http::{StatusCode, header};

/// On a loopback address, takes only requests that name this machine by an address or as
/// `localhost`. A page on the internet can make its own name point here, and would otherwise read
/// all that is served (DNS rebinding). On other addresses any name is taken.
pub fn refuse_foreign_hosts(router: Router, local: SocketAddr) -> Router {
    if !local.ip().is_loopback() {
        return router;
    }
    router.layer(from_fn(check))
}

async fn check(request: Request, next: Next) -> Response {
    // HTTP/2 has it in the URI, HTTP/1.0 need not have it at all.
    let named = request.headers().get_all(header::HOST).iter().map(|host| host.to_str().unwrap_or("?"));
    let mut hosts = named.chain(request.uri().authority().map(Authority::as_str));
    if hosts.all(is_own) {
        return next.run(request).await;
    }
    let words = "expected an address of this machine or `localhost` as the host, found another name\n";
    (StatusCode::MISDIRECTED_REQUEST, words).into_response()
}

fn is_own(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host();
    // Behind `[::1]` the parser bears anything.
    let is_whole = host.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'));
    // The root, which a whole name may end in.
    let name = name.strip_suffix('.').unwrap_or(name);
    let address = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name);
    is_whole && (name.eq_ignore_ascii_case("localhost") || address.parse::<IpAddr>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_localhost_are_own_names() {
        let own = [
            "localhost",
            "LOCALHOST:7171",
            "localhost.",
            "LocalHost.:7171",
            "127.0.0.1:7171",
            "[::1]:7171",
            "[::1]",
            "10.0.0.1",
        ];
        for own in own {
            assert!(is_own(own), "{own}");
        }
        let others = [
            "example.org",
            "example.org.",
            "localhost.example.org:7171",
            "127.0.0.1.example.org",
            "localhost..",
            "localhost@example.org",
            "[::1].example.org",
            "example.org:127.0.0.1",
            "",
            ".",
            "a b",
        ];
        for other in others {
            assert!(!is_own(other), "{other}");
        }
    }
}
