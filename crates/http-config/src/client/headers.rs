//! `http_headers` and `headers`.

use http::header::{self, HeaderMap, HeaderName};

use super::header_value;
use super::source::Source;
use crate::{CredentialError, HttpClientConfig, Secret};

pub(super) struct ExtraHeaders {
    added: Vec<(HeaderName, Source)>,
    replaced: Vec<(HeaderName, Source)>,
}

impl ExtraHeaders {
    /// From valid settings; a name that is none has been refused before.
    pub(super) fn new(config: &HttpClientConfig) -> Self {
        let mut added = Vec::new();
        for (name, sources) in &config.http_headers {
            let Ok(header) = HeaderName::from_bytes(name.as_bytes()) else { continue };
            let values = sources.values.iter().map(|value| Source::Inline(Secret::new(value.as_str())));
            let secrets = sources.secrets.iter().map(|secret| Source::Inline(secret.clone()));
            let files = sources.files.iter();
            let key = format!("http_headers.{name}");
            let files = files.map(|path| Source::File { key: key.clone(), path: path.clone() });
            added.extend(values.chain(secrets).chain(files).map(|source| (header.clone(), source)));
        }
        let replaced = config.headers.iter().filter_map(|(name, value)| {
            let header = HeaderName::from_bytes(name.as_bytes()).ok()?;
            Some((header, Source::Inline(value.clone())))
        });
        Self { added, replaced: replaced.collect() }
    }

    pub(super) async fn apply(&self, headers: &mut HeaderMap) -> Result<(), CredentialError> {
        for (name, source) in &self.added {
            headers.append(name, header_value::header(source.read().await?.expose(), name.as_str())?);
        }
        for (name, source) in &self.replaced {
            headers.insert(name, header_value::header(source.read().await?.expose(), name.as_str())?);
        }
        Ok(())
    }
}

/// What a stranger must not see: the list of Go's client. A Host of the caller's is meant for another.
pub(super) fn remove_credentials(headers: &mut HeaderMap) {
    for name in [
        header::HOST,
        header::AUTHORIZATION,
        header::WWW_AUTHENTICATE,
        header::COOKIE,
        HeaderName::from_static("cookie2"),
        header::PROXY_AUTHORIZATION,
        header::PROXY_AUTHENTICATE,
    ] {
        headers.remove(name);
    }
}
