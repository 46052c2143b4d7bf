use std::path::Path;
use std::sync::Arc;

use credentials::{Part, Pem, Renewed, Secret, TlsProblem, Versions};
use rustls::ClientConfig;
use rustls_pki_types::ServerName;

use crate::settings::{Mistake, Protocol, TlsSettings, TlsVersion};

/// What a TLS handshake with the server needs.
pub(crate) struct Tls {
    config: Renewed<Arc<ClientConfig>>,
    pub(crate) server_name: ServerName<'static>,
}

impl Tls {
    /// Reads the files that the settings name; adds to `mistakes` where it returns nothing.
    pub(crate) fn new(
        settings: &TlsSettings,
        host: &str,
        protocol: Protocol,
        mistakes: &mut Vec<Mistake>,
    ) -> Option<Self> {
        let before = mistakes.len();
        let name = settings.server_name.as_deref().unwrap_or(host);
        let server_name = ServerName::try_from(name.to_owned()).map_err(|_| {
            let message = format!("expected a DNS name or an address, found `{name}`");
            mistakes.push(Mistake::new("tls.server_name", message));
        });
        let parts = parts(settings, mistakes);
        let alpn: &[u8] = if protocol.is_http2() { b"h2" } else { b"http/1.1" };
        // Where a mistake is known already, the files are looked into all the same.
        let config = Renewed::new(parts, move |mut config| {
            config.alpn_protocols = vec![alpn.to_vec()];
            Arc::new(config)
        });
        let config = config.map_err(|problems| {
            let told = |problem: TlsProblem| Mistake::new(field(&problem), problem.to_string());
            mistakes.extend(problems.into_iter().map(told));
        });
        if mistakes.len() > before {
            mistakes[before..].sort_by_key(|mistake| FIELDS.iter().position(|field| *field == mistake.field));
            return None;
        }
        Some(Self { server_name: server_name.ok()?, config: config.ok()? })
    }

    /// The settings for the files as they are now: for new connections.
    pub(crate) fn config(&self) -> Arc<ClientConfig> {
        self.config.current()
    }
}

/// The fields that can be wrong, in the order in which they are told.
const FIELDS: [&str; 8] = [
    "tls.server_name",
    "tls.ca",
    "tls.ca_file",
    "tls.cert",
    "tls.cert_file",
    "tls.key",
    "tls.key_file",
    "tls.max_version",
];

fn parts(settings: &TlsSettings, mistakes: &mut Vec<Mistake>) -> credentials::Tls {
    let mut either = |text: Option<Secret>, file: Option<&Path>, fields: (&'static str, &'static str)| {
        if text.is_some() && file.is_some() {
            mistakes.push(Mistake::new(fields.1, format!("expected `{}` or this, found both", fields.0)));
        }
        Pem::of(text, file)
    };
    let text = |text: &Option<String>| text.as_deref().map(Secret::new);
    let ca = either(text(&settings.ca), settings.ca_file.as_deref(), ("tls.ca", "tls.ca_file"));
    let cert = either(text(&settings.cert), settings.cert_file.as_deref(), ("tls.cert", "tls.cert_file"));
    let key = either(settings.key.clone(), settings.key_file.as_deref(), ("tls.key", "tls.key_file"));
    if cert.is_some() && key.is_none() {
        mistakes.push(Mistake::new("tls.key_file", "expected the key to the certificate, found none"));
    }
    if key.is_some() && cert.is_none() {
        mistakes.push(Mistake::new("tls.cert_file", "expected the certificate to the key, found none"));
    }
    let insecure_skip_verify = settings.insecure_skip_verify;
    let versions = versions(settings, mistakes);
    credentials::Tls { ca, cert, key, insecure_skip_verify, versions, roots_may_lack: false }
}

fn versions(settings: &TlsSettings, mistakes: &mut Vec<Mistake>) -> Versions {
    let min = settings.min_version.unwrap_or(TlsVersion::Tls12);
    let max = settings.max_version.unwrap_or(TlsVersion::Tls13);
    match (min, max) {
        (TlsVersion::Tls12, TlsVersion::Tls12) => Versions::Only12,
        (TlsVersion::Tls12, TlsVersion::Tls13) => Versions::Both,
        (TlsVersion::Tls13, TlsVersion::Tls13) => Versions::Only13,
        (TlsVersion::Tls13, TlsVersion::Tls12) => {
            let message = "expected no less than `min_version`, found TLS 1.2 below TLS 1.3";
            mistakes.push(Mistake::new("tls.max_version", message));
            Versions::Both
        }
    }
}

fn field(problem: &TlsProblem) -> &'static str {
    match (problem.part, problem.file.is_some()) {
        (Part::Ca, false) => "tls.ca",
        (Part::Ca, true) => "tls.ca_file",
        (Part::Cert, false) => "tls.cert",
        (Part::Cert, true) => "tls.cert_file",
        (Part::Key, false) => "tls.key",
        (Part::Key, true) => "tls.key_file",
    }
}
