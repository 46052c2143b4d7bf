//! `parca`: where profiles are asked for.

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use config_file::{Field, Reader};
use http_config::{HttpClientConfig, TlsConfig, TlsVersion};
use parca_client::{HttpVersion, Protocol, Secret, Settings, TlsSettings, Token};

use super::values;

/// gRPC-Web over HTTP/1.1 passes every proxy.
const PROTOCOLS: [(&str, Protocol); 2] =
    [("grpc", Protocol::Grpc), ("grpc-web", Protocol::GrpcWeb(HttpVersion::Http1))];

/// The settings of the client. `timeout` is the longest that a query has.
pub(super) fn read(field: &Field<'_>, directory: &Path, timeout: Option<Duration>) -> Option<Settings> {
    let mut reader = field.reader()?;
    let mut settings = Settings::default();
    settings.protocol = Protocol::Grpc;
    settings.user_agent = super::USER_AGENT.to_owned();
    settings.timeout = settings.timeout.max(timeout.unwrap_or_default());
    reader.set("protocol", &mut settings.protocol, |field| field.choice(&PROTOCOLS));
    let sizes = values::bytes(1 << 10, 1 << 31);
    reader.set("max_message_bytes", &mut settings.max_message_bytes, sizes);
    reader.set("gzip", &mut settings.gzip, Field::boolean);
    let (mut insecure, mut skip_verify) = (false, false);
    reader.set("insecure", &mut insecure, Field::boolean);
    reader.set("insecure_skip_verify", &mut skip_verify, Field::boolean);
    let http = http_config::from_config(
        &mut reader,
        &["bearer_token", "bearer_token_file", "tls_config"],
        directory,
    );
    settings.token = token(&http);
    if !insecure {
        settings.tls = tls(http.tls_config.unwrap_or_default(), skip_verify);
    }
    warn_insecure(&reader, insecure, skip_verify);
    headers(&mut reader, &mut settings);
    let url = reader.required("address").and_then(|field| url(&field, insecure, &settings));
    reader.finish();
    settings.url = url?;
    if insecure && !is_loopback(&settings.url) {
        warn_clear_text(field, &settings);
    }
    Some(settings)
}

fn warn_clear_text(field: &Field<'_>, settings: &Settings) {
    let header = settings.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    let key = match (&settings.token, header) {
        (Token::None, None) => return,
        (Token::None, Some((name, _))) => format!("headers.{name}"),
        (Token::File(_), _) => "bearer_token_file".to_owned(),
        _ => "bearer_token".to_owned(),
    };
    let message = "the token travels in clear text, as `insecure` is set";
    field.report().add(field.new_mistake_below(&key, message).as_warning());
}

/// `host:port` as a URL. A scheme is taken if it says the same as `insecure`.
fn url(field: &Field<'_>, insecure: bool, settings: &Settings) -> Option<String> {
    let text = field.text()?;
    let scheme = if insecure { "http" } else { "https" };
    // gRPC's own way to name a host, which the original takes.
    let text = text.strip_prefix("dns:///").unwrap_or(text);
    let (written, authority) = match text.split_once("://") {
        Some((written, rest)) => (Some(written), rest),
        None => (None, text),
    };
    if let Some(written) = written.filter(|written| *written != scheme) {
        let hint = match (written, insecure) {
            ("http", false) => "leave `http://` away and set `insecure: true`, or use TLS",
            ("https", true) => "leave `https://` away, and `insecure: true` too if there is TLS",
            _ => "leave the scheme away; `insecure` says whether there is TLS",
        };
        field.mistake_with_hint("expected `host:port`, found a scheme", hint);
        return None;
    }
    let url = format!("{scheme}://{authority}");
    let mut checked = Settings::new(url.clone());
    checked.protocol = settings.protocol;
    let has_port = url.parse::<::http::Uri>().is_ok_and(|uri| uri.port().is_some());
    if checked.validate().iter().any(|mistake| mistake.field == "url") || insecure && !has_port {
        let found = if text.contains('@') { "credentials".to_owned() } else { field.found() };
        field.mistake(format!("expected `host:port`, found {found}"));
        return None;
    }
    Some(url)
}

/// The exclusions are checked by `http`. A token that was pasted with its line end is still one.
fn token(http: &HttpClientConfig) -> Token {
    let value = http.bearer_token.as_ref().map(|token| token.expose().trim());
    let file = http.bearer_token_file.as_ref().filter(|path| !path.as_os_str().is_empty());
    match (value.filter(|token| !token.is_empty()), file) {
        (Some(token), _) => Token::Value(Secret::new(token)),
        (None, Some(path)) => Token::File(path.clone()),
        (None, None) => Token::None,
    }
}

fn tls(config: TlsConfig, skip_verify: bool) -> TlsSettings {
    let version = |version: TlsVersion| match version {
        TlsVersion::Tls13 => parca_client::TlsVersion::Tls13,
        // Older ones are not spoken: a warning or a mistake says so.
        _ => parca_client::TlsVersion::Tls12,
    };
    let text = |text: Option<String>| text.filter(|text| !text.is_empty());
    let path = |path: Option<std::path::PathBuf>| path.filter(|path| !path.as_os_str().is_empty());
    let mut tls = TlsSettings::default();
    tls.ca = text(config.ca);
    tls.ca_file = path(config.ca_file);
    tls.cert = text(config.cert);
    tls.cert_file = path(config.cert_file);
    tls.key = config.key.filter(|key| !key.expose().is_empty());
    tls.key_file = path(config.key_file);
    tls.server_name = text(config.server_name);
    tls.insecure_skip_verify = skip_verify || config.insecure_skip_verify;
    tls.min_version = config.min_version.map(version);
    tls.max_version = config.max_version.map(version);
    tls
}

fn warn_insecure(reader: &Reader<'_>, insecure: bool, skip_verify: bool) {
    let warn = |key: &str, message: &str| reader.report().add(reader.mistake_at(key, message).as_warning());
    let no_tls = "no effect: `insecure` means that there is no TLS";
    match insecure {
        true if skip_verify => warn("insecure_skip_verify", no_tls),
        false if skip_verify => warn("insecure_skip_verify", "the server's certificate is not verified"),
        _ => {}
    }
    if insecure && reader.has("tls_config") {
        warn("tls_config", no_tls);
    }
}

/// Headers; no message shows a value.
fn headers(reader: &mut Reader<'_>, settings: &mut Settings) {
    let entries = reader.optional("headers").and_then(|field| field.entries()).unwrap_or_default();
    for (key, field) in entries {
        let Some(text) = field.text() else { continue };
        let header = (key.text.clone(), text.to_owned());
        let mut alone = Settings::default();
        alone.token = settings.token.clone();
        alone.headers = vec![header.clone()];
        let mistakes = alone.validate();
        mistakes.into_iter().for_each(|mistake| field.mistake(mistake.message));
        settings.headers.push(header);
    }
}

fn is_loopback(url: &str) -> bool {
    let Ok(uri) = url.parse::<::http::Uri>() else { return false };
    let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
