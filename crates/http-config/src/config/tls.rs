use std::path::PathBuf;

use rustls_pki_types::ServerName;
use serde::{Deserialize, Serialize};

use super::mistake::Report;
use super::{path, secret, text};
use crate::Secret;

/// `tls_config`: whom to trust, and who to be.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct TlsConfig {
    /// Certificates (PEM) that replace the system's roots.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca: Option<String>,
    /// A file of them, read again when it changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// Known to Prometheus, not supported here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_ref: Option<String>,
    /// The client's certificate chain (PEM), leaf first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cert: Option<String>,
    /// A file of it, read again when it changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cert_file: Option<PathBuf>,
    /// Known to Prometheus, not supported here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cert_ref: Option<String>,
    /// The client's key (PEM).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Secret>,
    /// A file of it, read again when it changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_file: Option<PathBuf>,
    /// Known to Prometheus, not supported here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_ref: Option<String>,
    /// The name to ask for and to verify, in place of the URL's host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_name: Option<String>,
    /// Whether any certificate is taken.
    pub insecure_skip_verify: bool,
    /// The lowest version; TLS 1.2 when not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_version: Option<TlsVersion>,
    /// The highest version; TLS 1.3 when not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_version: Option<TlsVersion>,
}

/// The versions that Prometheus knows. rustls speaks 1.2 and 1.3 only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum TlsVersion {
    /// TLS 1.0, never spoken here.
    Tls10,
    /// TLS 1.1, never spoken here.
    Tls11,
    /// TLS 1.2.
    Tls12,
    /// TLS 1.3.
    Tls13,
}

impl TlsConfig {
    pub(super) fn check(&self, mistakes: &mut impl Report) {
        let (ca, ca_file) = (text(&self.ca).is_some(), path(&self.ca_file).is_some());
        let (cert, cert_file) = (text(&self.cert).is_some(), path(&self.cert_file).is_some());
        let (key, key_file) = (secret(&self.key).is_some(), path(&self.key_file).is_some());
        let set = |reference| text(reference).is_some();
        mistakes.at_most_one(&[("ca", ca), ("ca_file", ca_file), ("ca_ref", set(&self.ca_ref))]);
        mistakes.at_most_one(&[("cert", cert), ("cert_file", cert_file), ("cert_ref", set(&self.cert_ref))]);
        mistakes.at_most_one(&[("key", key), ("key_file", key_file), ("key_ref", set(&self.key_ref))]);
        let any_cert = cert || cert_file || set(&self.cert_ref);
        let any_key = key || key_file || set(&self.key_ref);
        if any_cert && !any_key {
            mistakes.add(if cert { "cert" } else { "cert_file" }, "needs `key` or `key_file`".to_owned());
        }
        if any_key && !any_cert {
            mistakes.add(if key { "key" } else { "key_file" }, "needs `cert` or `cert_file`".to_owned());
        }
        let references = [("ca_ref", &self.ca_ref), ("cert_ref", &self.cert_ref), ("key_ref", &self.key_ref)];
        mistakes.unsupported(&references);
        self.check_versions(mistakes);
        if let Some(name) = text(&self.server_name)
            && ServerName::try_from(name).is_err()
        {
            mistakes.add("server_name", format!("expected a host name or an address, found `{name}`"));
        }
    }

    fn check_versions(&self, mistakes: &mut impl Report) {
        let Some(max) = self.max_version else { return };
        if max < TlsVersion::Tls12 {
            mistakes.add("max_version", "expected TLS12 or TLS13: nothing older is spoken".to_owned());
        }
        if self.min_version.is_some_and(|min| max < min) {
            mistakes.add("max_version", "expected no less than `min_version`".to_owned());
        }
    }

    pub(super) fn warn(&self, warnings: &mut impl Report) {
        if self.min_version.is_some_and(|min| min < TlsVersion::Tls12) {
            warnings.add("min_version", "TLS12 is the lowest version that is spoken".to_owned());
        }
        if self.insecure_skip_verify {
            warnings.add("insecure_skip_verify", "the server's certificate is not verified".to_owned());
        }
    }
}
