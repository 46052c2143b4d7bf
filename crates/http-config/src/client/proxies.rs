//! Which proxy a request takes.

use http::header::{HeaderMap, HeaderName, PROXY_AUTHORIZATION};
use http::{HeaderValue, Uri};
use url::Url;

use super::header_value;
use crate::config::{Mistake, ProxyKeys, ProxyUrl};
use crate::{ConfigError, Environment, NoProxy};

/// The proxies of one block of settings.
#[derive(Default)]
pub(super) struct Proxies {
    for_http: Option<Proxy>,
    for_https: Option<Proxy>,
    /// None without such a list: then even loopback addresses take the proxy, as in Prometheus.
    no_proxy: Option<NoProxy>,
    connect_headers: HeaderMap,
}

#[derive(Clone)]
pub(super) struct Proxy {
    pub(super) kind: Kind,
    /// Scheme, host and port alone.
    pub(super) uri: Uri,
    credentials: Option<(String, String)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Http,
    Socks,
}

impl Proxies {
    pub(super) fn new(keys: &ProxyKeys<'_>, environment: &Environment) -> Result<Self, ConfigError> {
        let mut proxies = if keys.from_environment {
            Self::of_environment(environment)?
        } else {
            let proxy = keys.url.and_then(Proxy::new);
            Self { for_http: proxy.clone(), for_https: proxy, ..Self::default() }
        };
        if let Some(list) = keys.no_proxy {
            proxies.no_proxy = Some(NoProxy::parse(list));
        }
        for (name, values) in keys.connect_header {
            let Ok(header) = HeaderName::from_bytes(name.as_bytes()) else { continue };
            for value in values.iter().filter_map(|value| header_value::header(value.expose(), name).ok()) {
                proxies.connect_headers.append(header.clone(), value);
            }
        }
        Ok(proxies)
    }

    /// The proxies of HTTP_PROXY, HTTPS_PROXY and NO_PROXY.
    pub(super) fn of_environment(environment: &Environment) -> Result<Self, ConfigError> {
        let proxy = |name: &str| -> Result<Option<Proxy>, ConfigError> {
            let Some(text) = environment.either_case(name) else { return Ok(None) };
            let url = ProxyUrl::parse(text).map_err(|error| {
                let mistake = Mistake { path: name.to_owned(), message: error.to_string() };
                ConfigError::Invalid(vec![mistake].into())
            })?;
            Ok(Proxy::new(&url))
        };
        Ok(Self {
            for_http: proxy("HTTP_PROXY")?,
            for_https: proxy("HTTPS_PROXY")?,
            no_proxy: Some(NoProxy::parse(environment.either_case("NO_PROXY").unwrap_or_default())),
            connect_headers: HeaderMap::new(),
        })
    }

    /// The proxy on the way to a URL.
    pub(super) fn choose(&self, uri: &Uri) -> Option<&Proxy> {
        let https = uri.scheme_str() == Some("https");
        let proxy = if https { &self.for_https } else { &self.for_http };
        let port = uri.port_u16().unwrap_or(if https { 443 } else { 80 });
        let direct = |list: &NoProxy| list.matches(uri.host().unwrap_or_default(), port);
        proxy.as_ref().filter(|_| !self.no_proxy.as_ref().is_some_and(direct))
    }

    /// The header for requests that a proxy passes on itself, which is what happens without TLS.
    pub(super) fn authorization(&self, uri: &Uri) -> Option<HeaderValue> {
        let plain = uri.scheme_str() == Some("http");
        self.choose(uri).filter(|proxy| plain && proxy.kind == Kind::Http).and_then(Proxy::authorization)
    }

    /// The headers of CONNECT.
    pub(super) fn connect_headers(&self, proxy: &Proxy) -> HeaderMap {
        let mut headers = self.connect_headers.clone();
        if let Some(value) = proxy.authorization() {
            headers.entry(PROXY_AUTHORIZATION).or_insert(value);
        }
        headers
    }
}

impl Proxy {
    fn new(url: &ProxyUrl) -> Option<Self> {
        let url = url.url()?;
        let kind = if url.scheme().starts_with("socks5") { Kind::Socks } else { Kind::Http };
        let (scheme, port) = match (url.scheme(), url.port()) {
            ("https", port) => ("https", port.unwrap_or(443)),
            ("http", port) => ("http", port.unwrap_or(80)),
            (_, port) => ("http", port.unwrap_or(1080)),
        };
        let uri = format!("{scheme}://{}:{port}/", url.host_str()?).parse().ok()?;
        Some(Self { kind, uri, credentials: credentials(url) })
    }

    pub(super) fn credentials(&self) -> Option<(String, String)> {
        self.credentials.clone()
    }

    fn authorization(&self) -> Option<HeaderValue> {
        self.credentials.as_ref().map(|(user, password)| header_value::basic(user, password))
    }
}

fn credentials(url: &Url) -> Option<(String, String)> {
    let given = !url.username().is_empty() || url.password().is_some();
    given.then(|| {
        (header_value::decode(url.username()), header_value::decode(url.password().unwrap_or_default()))
    })
}
