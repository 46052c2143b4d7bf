use std::sync::Arc;

use http::Uri;
use http::uri::{Authority, PathAndQuery, Scheme};

use super::Protocol;
use crate::Method;

/// Where the server is, and the address of each method there.
pub(crate) struct Target {
    /// The URL as it was set, for messages.
    pub(crate) url: Arc<str>,
    pub(crate) tls: bool,
    /// Without the brackets of an IPv6 address.
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) authority: Authority,
    /// In the order of [`Method::ALL`].
    uris: Vec<Uri>,
}

impl Target {
    pub(crate) fn parse(url: &str, protocol: Protocol) -> Result<Self, String> {
        let shown = without_credentials(url);
        let wrong = |found: &str| format!("expected a URL such as `http://localhost:7070`, found {found}");
        let uri: Uri = url.parse().map_err(|error| wrong(&format!("`{shown}` ({error})")))?;
        let tls = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            Some(other) => return Err(wrong(&format!("the scheme `{other}`"))),
            None => return Err(wrong(&format!("no scheme in `{shown}`"))),
        };
        let authority = uri.authority().cloned().ok_or_else(|| wrong("no host"))?;
        if authority.as_str().contains('@') {
            return Err(wrong("credentials, which belong into the token or a header"));
        }
        if uri.query().is_some() {
            return Err(wrong(&format!("a query in `{shown}`")));
        }
        if authority.host().is_empty() {
            return Err(wrong("no host"));
        }
        // The parser takes any digits for a port, and leaves out those that are none.
        let has_port = authority.as_str() != authority.host();
        if has_port && authority.port_u16().is_none_or(|port| port == 0) {
            return Err(wrong(&format!("no port from 1 to 65535 in `{shown}`")));
        }
        let prefix = uri.path().trim_end_matches('/');
        if !prefix.is_empty() && protocol == Protocol::Grpc {
            let text = "expected no path, which native gRPC cannot carry (gRPC-Web can), found";
            return Err(format!("{text} `{prefix}`"));
        }
        Ok(Self {
            url: url.into(),
            tls,
            host: authority.host().trim_start_matches('[').trim_end_matches(']').to_owned(),
            port: authority.port_u16().unwrap_or(if tls { 443 } else { 80 }),
            uris: uris(tls, &authority, prefix, protocol)?,
            authority,
        })
    }

    pub(crate) fn uri(&self, method: Method) -> &Uri {
        &self.uris[method as usize]
    }
}

fn uris(tls: bool, authority: &Authority, prefix: &str, protocol: Protocol) -> Result<Vec<Uri>, String> {
    let scheme = if tls { Scheme::HTTPS } else { Scheme::HTTP };
    let uri = |method: Method| {
        let path = format!("{prefix}{}", method.path());
        let mut parts = http::uri::Parts::default();
        parts.path_and_query =
            Some(PathAndQuery::from_maybe_shared(path).map_err(|error| error.to_string())?);
        // HTTP/1.1 names the host in a header, HTTP/2 in the URI.
        if protocol.is_http2() {
            parts.scheme = Some(scheme.clone());
            parts.authority = Some(authority.clone());
        }
        Uri::from_parts(parts).map_err(|error| error.to_string())
    };
    Method::ALL.into_iter().map(uri).collect()
}

/// The text with what stands between `//` and the last `@` of the authority left out.
pub(super) fn without_credentials(url: &str) -> String {
    let start = url.find("//").map_or(0, |at| at + 2);
    let end = url[start..].find('/').map_or(url.len(), |at| start + at);
    match url[start..end].rfind('@') {
        Some(at) => format!("{}..{}", &url[..start], &url[start + at..]),
        None => url.to_owned(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::HttpVersion::{Http1, Http2};

    #[test]
    fn urls_of_methods() {
        let check = |url: &str, protocol, expect: Result<(&str, u16, &str), &str>| {
            let target = Target::parse(url, protocol);
            let found = target.as_ref().map(|t| (t.host.clone(), t.port, t.uri(Method::Health).to_string()));
            match expect {
                Ok((host, port, uri)) => {
                    assert_eq!(found.unwrap(), (host.to_owned(), port, uri.to_owned()), "{url}")
                }
                Err(part) => {
                    let error = found.err().unwrap();
                    assert!(error.contains(part), "{url}: {error}");
                }
            }
        };
        let (web1, web2) = (Protocol::GrpcWeb(Http1), Protocol::GrpcWeb(Http2));
        check("http://a", web1, Ok(("a", 80, "/grpc.health.v1.Health/Check")));
        check("http://a:7070/", web1, Ok(("a", 7070, "/grpc.health.v1.Health/Check")));
        check("http://a:7070/x/y/", web1, Ok(("a", 7070, "/x/y/grpc.health.v1.Health/Check")));
        check("https://a/x", web2, Ok(("a", 443, "https://a/x/grpc.health.v1.Health/Check")));
        check(
            "http://[::1]:7070",
            Protocol::Grpc,
            Ok(("::1", 7070, "http://[::1]:7070/grpc.health.v1.Health/Check")),
        );
        check("http://a/x", Protocol::Grpc, Err("`/x`"));
        check("localhost:7070", web1, Err("scheme"));
        check("localhost", web1, Err("no scheme in `localhost`"));
        check("ftp://a", web1, Err("`ftp`"));
        check("http://", web1, Err("`http://`"));
        check("http://a?x=1", web1, Err("query"));
        check("http://a:0", web1, Err("port"));
        check("http://a:70700", web1, Err("port"));
        check("", web1, Err("``"));
        check("http://u:secret@a", web1, Err("credentials"));
        check("http://u:sec ret@a", web1, Err("`http://..@a`"));
    }

    #[test]
    fn credentials_are_left_out() {
        let check = |url: &str, expect: &str| assert_eq!(without_credentials(url), expect);
        check("http://a/b@c", "http://a/b@c");
        check("http://u:p@a/b", "http://..@a/b");
        check("u:p@a", "..@a");
    }
}
