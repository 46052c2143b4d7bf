//! `tls_config` as the crate credentials has it.

use credentials::{Part, Pem, Tls, TlsProblem, Versions};
use rustls_pki_types::ServerName;

use crate::ConfigError;
use crate::config::{TlsConfig, TlsVersion, path, secret, text};

/// The settings without the name of the server. Checked by `validate`.
pub(super) fn settings(config: &TlsConfig) -> Tls {
    let pem = |text, file| Pem::of(text, path(file).map(|path| path.as_path()));
    Tls {
        ca: pem(text(&config.ca).map(Into::into), &config.ca_file),
        cert: pem(text(&config.cert).map(Into::into), &config.cert_file),
        key: pem(secret(&config.key).cloned(), &config.key_file),
        insecure_skip_verify: config.insecure_skip_verify,
        versions: versions(config),
        // Whether a URL wants TLS is known when a request is sent.
        roots_may_lack: true,
    }
}

/// The fixed name to ask for and verify, if there is one. Checked by `validate`.
pub(super) fn server_name(tls: &TlsConfig) -> Option<ServerName<'static>> {
    text(&tls.server_name).and_then(|name| ServerName::try_from(name.to_owned()).ok())
}

/// The error about the first problem; `block` is the key of the settings.
pub(super) fn error(block: &str, problems: Vec<TlsProblem>) -> ConfigError {
    let Some(problem) = problems.into_iter().next() else {
        return ConfigError::tls(block, "expected certificates and a key that fit");
    };
    let part = match problem.part {
        Part::Ca => "ca",
        Part::Cert => "cert",
        Part::Key => "key",
    };
    match problem {
        TlsProblem { file: Some(path), unreadable: Some(source), .. } => {
            ConfigError::File { key: format!("{block}.{part}_file"), path, source }
        }
        problem if problem.file.is_some() => ConfigError::tls(&format!("{block}.{part}_file"), problem),
        problem => ConfigError::tls(&format!("{block}.{part}"), problem),
    }
}

fn versions(tls: &TlsConfig) -> Versions {
    let min = tls.min_version.unwrap_or(TlsVersion::Tls12);
    let max = tls.max_version.unwrap_or(TlsVersion::Tls13);
    match (min >= TlsVersion::Tls13, max <= TlsVersion::Tls12) {
        (true, _) => Versions::Only13,
        (false, true) => Versions::Only12,
        (false, false) => Versions::Both,
    }
}
