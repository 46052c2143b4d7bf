//! The profile page at `/`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use axum::Router;
use axum::routing::get;
use http_config::Secret;
use parca_embedded::PageTarget;
use profile_ui::{Page, Source};
use query::backend::Backend;
use query::deployments::{Deployment, Kind};

/// The page, which asks this very server as any other client does.
pub(crate) fn page(target: PageTarget) -> Router {
    let url = format!("http://{}", reachable(target.address));
    let mut own = Deployment::new("this server", Kind::Parca, url);
    own.token = target.token.map(Secret::new);
    let backend = match Backend::connect(&own) {
        Ok(backend) => backend,
        Err(error) => {
            let words = format!("no page: {}\n", ops::describe(&error));
            return Router::new().route("/", get(move || async move { words }));
        }
    };
    let mut page = Page::new("parca-embedded");
    page.sources.push(Source::server("this server", backend));
    profile_ui::routes(page)
}

/// Where this process reaches itself: an address that means all interfaces is none to connect to.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn all_interfaces_are_reached_by_the_loopback_one() {
        let check = |text: &str, expect: &str| {
            assert_eq!(reachable(text.parse().unwrap()).to_string(), expect);
        };
        check("0.0.0.0:7070", "127.0.0.1:7070");
        check("[::]:7070", "[::1]:7070");
        check("192.0.2.1:7070", "192.0.2.1:7070");
    }
}
