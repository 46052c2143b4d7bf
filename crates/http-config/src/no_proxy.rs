//! Which hosts are reached without the proxy: the rules of Go's `golang.org/x/net/http/httpproxy`.

use std::net::IpAddr;

use ipnet::IpNet;

/// The parsed form of `no_proxy` or NO_PROXY.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NoProxy {
    everything: bool,
    entries: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    host: Host,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Host {
    Address(IpAddr),
    Network(IpNet),
    /// The domain and everything under it.
    Domain(String),
    /// Only what is under the domain; written with a leading dot.
    Subdomains(String),
}

impl NoProxy {
    /// Reads a list separated by commas. Nothing is refused: what is no address or network is a domain.
    ///
    /// `*` names every host; `example.com` the domain and all under it; `.example.com` and
    /// `*.example.com` only what is under it; each may have a port (`example.com:8080`).
    pub fn parse(list: &str) -> Self {
        let mut parsed = Self::default();
        for item in list.split(',').map(|item| item.trim().to_ascii_lowercase()) {
            if item == "*" {
                parsed.everything = true;
            } else if !item.is_empty() {
                parsed.entries.extend(Entry::parse(&item));
            }
        }
        parsed
    }

    /// Whether the host is reached directly. `localhost` and loopback addresses always are.
    ///
    /// The host is a name or an address; the brackets of IPv6 are allowed.
    pub fn matches(&self, host: &str, port: u16) -> bool {
        let host = host.trim().trim_end_matches('.').to_ascii_lowercase();
        let address = bare(&host).parse::<IpAddr>().ok();
        if self.everything || host == "localhost" || address.is_some_and(|address| address.is_loopback()) {
            return true;
        }
        self.entries.iter().any(|entry| entry.matches(&host, address, port))
    }
}

impl Entry {
    fn parse(item: &str) -> Option<Self> {
        if let Ok(network) = item.parse::<IpNet>() {
            return Some(Self { host: Host::Network(network), port: None });
        }
        // An IPv6 address without brackets has colons, but no port.
        if let Ok(address) = bare(item).parse() {
            return Some(Self { host: Host::Address(address), port: None });
        }
        let (host, port) = match item.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse().ok()?)),
            None => (item, None),
        };
        Some(Self { host: Host::parse(host)?, port })
    }

    fn matches(&self, host: &str, address: Option<IpAddr>, port: u16) -> bool {
        if self.port.is_some_and(|wanted| wanted != port) {
            return false;
        }
        match (&self.host, address) {
            (Host::Address(wanted), Some(address)) => *wanted == address,
            (Host::Network(network), Some(address)) => network.contains(&address),
            (Host::Domain(domain), None) => host == domain || is_under(host, domain),
            (Host::Subdomains(domain), None) => is_under(host, domain),
            _ => false,
        }
    }
}

impl Host {
    fn parse(host: &str) -> Option<Self> {
        if let Ok(address) = bare(host).parse() {
            return Some(Self::Address(address));
        }
        let dotted = host.strip_prefix('*').unwrap_or(host);
        match dotted.strip_prefix('.') {
            Some("") => None,
            Some(domain) => Some(Self::Subdomains(domain.to_owned())),
            None if host.is_empty() || dotted.is_empty() => None,
            None => Some(Self::Domain(host.to_owned())),
        }
    }
}

fn is_under(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|front| front.len() > 1 && front.ends_with('.'))
}

/// An IPv6 address without its brackets.
fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(host)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(list: &str, host: &str, port: u16, expect: bool) {
        assert_eq!(NoProxy::parse(list).matches(host, port), expect, "`{list}` and `{host}:{port}`");
    }

    #[test]
    fn go_s_rules() {
        check("", "example.com", 80, false);
        check("", "localhost", 80, true);
        check("", "127.0.0.9", 80, true);
        check("", "[::1]", 80, true);
        check("*", "example.com", 80, true);
        check("example.com", "example.com", 80, true);
        check("example.com", "a.example.com", 80, true);
        check("example.com", "EXAMPLE.com.", 80, true);
        check("example.com", "notexample.com", 80, false);
        check(".example.com", "example.com", 80, false);
        check(".example.com", "a.example.com", 80, true);
        check("*.example.com", "a.b.example.com", 80, true);
        check("*.example.com", "example.com", 80, false);
        check("example.com:8080", "example.com", 80, false);
        check("example.com:8080", "example.com", 8080, true);
        check("10.0.0.0/8", "10.1.2.3", 80, true);
        check("10.0.0.0/8", "11.1.2.3", 80, false);
        check("10.0.0.1", "10.0.0.1", 80, true);
        check("10.0.0.1:81", "10.0.0.1", 80, false);
        check("10.0.0.1:81", "10.0.0.1", 81, true);
        check("fe80::/10", "[fe80::1]", 80, true);
        check("[2001:db8::1]:81", "[2001:db8::1]", 81, true);
        check("2001:db8::1", "2001:db8::1", 80, true);
        check("a.com , b.com", "b.com", 80, true);
        check("a.com:x,:80, ,.,*.", "a.com", 80, false);
    }

    proptest! {
        #[test]
        fn never_panics(list in ".{0,60}", host in ".{0,40}", port: u16) {
            NoProxy::parse(&list).matches(&host, port);
        }

        #[test]
        fn a_domain_covers_itself_and_below_only(
            domain in "[a-z]{1,8}\\.[a-z]{2,4}", sub in "[a-z]{1,8}", port: u16,
        ) {
            let list = NoProxy::parse(&format!("other.test, {domain}"));
            let matches = |host: &str| list.matches(host, port);
            let (under, longer, other) =
                (format!("{sub}.{domain}"), format!("{sub}{domain}"), format!("{domain}.{sub}x1"));
            prop_assert!(matches(&domain) && matches(&under));
            prop_assert!(!matches(&longer) && !matches(&other));
        }

        #[test]
        fn a_network_covers_what_shares_its_prefix(
            network: [u8; 4], address: [u8; 4], bits in 1_u8..=32, port: u16,
        ) {
            prop_assume!(address[0] != 127);
            let (network, address) = (u32::from_be_bytes(network), u32::from_be_bytes(address));
            let list = format!("{}/{bits}", std::net::Ipv4Addr::from(network));
            let host = std::net::Ipv4Addr::from(address).to_string();
            let expect = (network ^ address).leading_zeros() >= u32::from(bits);
            prop_assert_eq!(NoProxy::parse(&list).matches(&host, port), expect);
        }

        #[test]
        fn a_port_narrows(domain in "[a-z]{1,8}\\.com", wanted: u16, port: u16) {
            let list = NoProxy::parse(&format!("{domain}:{wanted}"));
            prop_assert_eq!(list.matches(&domain, port), wanted == port);
        }
    }
}
