use http::{HeaderName, HeaderValue};
use std::time::Duration;

use super::{Mistake, Settings, SettingsError, Target, Token};
use crate::transport::{Credential, Tls};

/// Headers that the protocol, HTTP or another setting writes.
const RESERVED: [&str; 11] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
];

/// Beyond it, an instant plus the timeout may not exist.
const MAX_TIMEOUT: Duration = Duration::from_secs(30 * 24 * 3600);

/// What settings mean, once nothing is wrong with them.
pub(crate) struct Checked {
    pub(crate) target: Target,
    pub(crate) tls: Option<Tls>,
    pub(crate) credential: Credential,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) user_agent: HeaderValue,
}

/// Checks all settings; the error names every mistake. Reads the files that they name.
pub(crate) fn check(settings: &Settings) -> Result<Checked, SettingsError> {
    let mut mistakes = Vec::new();
    let target = note(&mut mistakes, Target::parse(&settings.url, settings.protocol), "url");
    let headers = headers(settings, &mut mistakes);
    let credential = note(&mut mistakes, Credential::new(&settings.token), "token");
    let tls = tls(settings, target.as_ref(), &mut mistakes);
    numbers(settings, &mut mistakes);
    let agent =
        HeaderValue::from_str(&settings.user_agent).map_err(|_| "expected printable ASCII".to_owned());
    let user_agent = note(&mut mistakes, agent, "user_agent");
    SettingsError::of(mistakes)?;
    let missing = || SettingsError { mistakes: Vec::new() };
    Ok(Checked {
        target: target.ok_or_else(missing)?,
        tls,
        credential: credential.ok_or_else(missing)?,
        headers,
        user_agent: user_agent.ok_or_else(missing)?,
    })
}

/// The part of [`check`] that reads no file.
pub(super) fn without_files(settings: &Settings) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    note(&mut mistakes, Target::parse(&settings.url, settings.protocol), "url");
    headers(settings, &mut mistakes);
    numbers(settings, &mut mistakes);
    mistakes
}

fn note<T>(mistakes: &mut Vec<Mistake>, result: Result<T, String>, field: &'static str) -> Option<T> {
    result.map_err(|message| mistakes.push(Mistake::new(field, message))).ok()
}

fn headers(settings: &Settings, mistakes: &mut Vec<Mistake>) -> Vec<(HeaderName, HeaderValue)> {
    let has_token = !matches!(settings.token, Token::None);
    let header = |(name, value): &(String, String)| {
        let key = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| format!("expected the name of a header, found {name:?}"))?;
        if RESERVED.contains(&key.as_str()) || key.as_str().starts_with("grpc-") {
            return Err(format!("expected a header that is not ours to set, found `{key}`"));
        }
        if has_token && key == http::header::AUTHORIZATION {
            return Err("expected a token or an `authorization` header, found both".to_owned());
        }
        // The value may be a secret: the message does not show it.
        let mut value = HeaderValue::from_str(value).map_err(|_| {
            format!("expected printable ASCII as the value of `{key}`, found other characters")
        })?;
        value.set_sensitive(true);
        Ok((key, value))
    };
    settings.headers.iter().filter_map(|pair| note(mistakes, header(pair), "headers")).collect()
}

fn tls(settings: &Settings, target: Option<&Target>, mistakes: &mut Vec<Mistake>) -> Option<Tls> {
    let target = target?;
    let tls = &settings.tls;
    if target.tls {
        return Tls::new(tls, &target.host, settings.protocol, mistakes);
    }
    let set = [
        ("tls.ca_file", tls.ca_file.is_some()),
        ("tls.ca", tls.ca.is_some()),
        ("tls.cert_file", tls.cert_file.is_some()),
        ("tls.cert", tls.cert.is_some()),
        ("tls.key_file", tls.key_file.is_some()),
        ("tls.key", tls.key.is_some()),
        ("tls.server_name", tls.server_name.is_some()),
        ("tls.insecure_skip_verify", tls.insecure_skip_verify),
        ("tls.min_version", tls.min_version.is_some()),
        ("tls.max_version", tls.max_version.is_some()),
    ];
    let text = "expected a `https://` URL with this, found `http://`";
    mistakes.extend(set.iter().filter(|(_, set)| *set).map(|(field, _)| Mistake::new(field, text)));
    None
}

fn numbers(settings: &Settings, mistakes: &mut Vec<Mistake>) {
    if settings.timeout.is_zero() || settings.timeout > MAX_TIMEOUT {
        let text = format!("expected more than zero and at most 30 days, found {:?}", settings.timeout);
        mistakes.push(Mistake::new("timeout", text));
    }
    if settings.max_message_bytes == 0 || settings.max_message_bytes > u32::MAX as usize {
        let text = format!("expected 1 to {} bytes, found {}", u32::MAX, settings.max_message_bytes);
        mistakes.push(Mistake::new("max_message_bytes", text));
    }
    // The upper bound is that of a semaphore; ports end long before.
    if settings.max_connections == 0 || settings.max_connections > 1_000_000 {
        let text = format!("expected 1 to 1000000, found {}", settings.max_connections);
        mistakes.push(Mistake::new("max_connections", text));
    }
}
