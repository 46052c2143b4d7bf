use std::collections::BTreeMap;
use std::fmt;

use http::HeaderName;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use url::Url;

use super::headers::check_value;
use super::mistake::Report;
use crate::Secret;

/// `proxy_url`: where the proxy is, perhaps with user and password. Printed with the password as `xxxxx`.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyUrl(Option<Url>);

/// What was wrong with a proxy's URL; the URL itself is not repeated, it may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a proxy as `http://host:port`, `https://host:port` or `socks5://host:port`, found {found}")]
pub struct ProxyUrlError {
    found: &'static str,
}

impl ProxyUrl {
    /// Reads a URL; an empty text means no proxy, a text without a scheme means `http`.
    pub fn parse(text: &str) -> Result<Self, ProxyUrlError> {
        if text.is_empty() {
            return Ok(Self(None));
        }
        let url = match text.contains("://") {
            true => Url::parse(text),
            false => Url::parse(&format!("http://{text}")),
        };
        let url = url.map_err(|_| ProxyUrlError { found: "no URL" })?;
        if !matches!(url.scheme(), "http" | "https" | "socks5" | "socks5h") {
            return Err(ProxyUrlError { found: "another scheme" });
        }
        match url.host_str() {
            Some(host) if !host.is_empty() => Ok(Self(Some(url))),
            _ => Err(ProxyUrlError { found: "no host" }),
        }
    }

    pub(crate) fn url(&self) -> Option<&Url> {
        self.0.as_ref()
    }
}

impl fmt::Display for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(url) = &self.0 else { return Ok(()) };
        let mut shown = url.clone();
        if shown.password().is_some() {
            // Fails only for URLs that cannot have a password, which this one has.
            let _ = shown.set_password(Some("xxxxx"));
        }
        f.write_str(shown.as_str())
    }
}

impl fmt::Debug for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{self}`")
    }
}

impl Serialize for ProxyUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ProxyUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// The four proxy keys, which stand at the top and again inside `oauth2`.
pub(crate) struct ProxyKeys<'a> {
    pub(crate) url: Option<&'a ProxyUrl>,
    pub(crate) no_proxy: Option<&'a str>,
    pub(crate) from_environment: bool,
    pub(crate) connect_header: &'a BTreeMap<String, Vec<Secret>>,
}

impl ProxyKeys<'_> {
    pub(crate) fn check(&self, mistakes: &mut impl Report) {
        let url = self.url.is_some_and(|url| url.url().is_some());
        if self.from_environment && url {
            mistakes.add("proxy_from_environment", "not together with `proxy_url`".to_owned());
        }
        if self.no_proxy.is_some() && self.from_environment {
            mistakes.add("no_proxy", "not together with `proxy_from_environment`".to_owned());
        } else if self.no_proxy.is_some() && !url {
            mistakes.add("no_proxy", "needs `proxy_url`".to_owned());
        }
        if !self.connect_header.is_empty() && !url && !self.from_environment {
            let message = "needs `proxy_url` or `proxy_from_environment`";
            mistakes.add("proxy_connect_header", message.to_owned());
        }
        for (name, values) in self.connect_header {
            let key = format!("proxy_connect_header.{name}");
            if HeaderName::from_bytes(name.as_bytes()).is_err() {
                mistakes.add(&key, format!("expected the name of a header, found `{}`", name.escape_debug()));
            }
            values.iter().for_each(|value| check_value(&key, value.expose(), mistakes));
        }
    }
}
