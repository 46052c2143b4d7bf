//! `remote_write`: one receiver, or a list of them.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use ::http::{HeaderValue, Uri};
use config_file::{Field, Kind, Reader};
use http_config::HttpClientConfig;
use relabel::Labels;
use remote_write::{Duplicates, Protocol};

use super::global::Global;
use super::{labels, queue, values};
use crate::settings::Remote;

/// The words that Prometheus has for the protocols, and one for both.
const PROTOCOLS: [(&str, Protocol); 3] = [
    ("prometheus.WriteRequest", Protocol::V1),
    ("io.prometheus.write.v2.Request", Protocol::V2),
    ("auto", Protocol::Auto),
];

/// Keys of Prometheus that are about what is not sent here.
const WITHOUT_EFFECT: [(&str, &str); 5] = [
    ("metadata_config", "metadata go with the series"),
    ("send_exemplars", "profiles have no exemplars"),
    ("send_native_histograms", "no histograms are sent"),
    ("round_robin_dns", "connections are kept"),
    ("failed_request_logging", "receivers' answers are logged anyway"),
];

pub(super) fn read(field: &Field<'_>, global: &Global, directory: &Path) -> Vec<Remote> {
    let single = matches!(field.node().kind, Kind::Mapping(_));
    let list = field.one_or_many().unwrap_or_default();
    if list.is_empty() && matches!(field.node().kind, Kind::Sequence(_)) {
        field.mistake("expected at least one receiver, found none");
    }
    let mut names = HashMap::new();
    let mut remotes = Vec::new();
    for (index, item) in list.iter().enumerate() {
        let default = if single { "remote".to_owned() } else { format!("remote-{}", index + 1) };
        let Some(mut reader) = item.reader() else { continue };
        let name = reader.optional("name").and_then(|field| field.parse(name)).unwrap_or(default);
        if let Some(first) = names.insert(name.clone(), item.path().to_owned()) {
            let message = format!("expected a name of its own, found `{name}`, which is that of {first}");
            item.report().add(reader.mistake_at("name", message));
        }
        let remote = one(&mut reader, &name, global, directory);
        reader.finish();
        remotes.extend(remote);
    }
    remotes
}

fn one(reader: &mut Reader<'_>, name: &str, global: &Global, directory: &Path) -> Option<Remote> {
    let url = reader.required("url").and_then(|field| url(&field));
    let mut http = http_config::from_config(reader, HttpClientConfig::KEYS, directory);
    // Prometheus' own default for `remote_write`.
    http.enable_http2.get_or_insert(false);
    let mut remote = Remote::new(name, url.unwrap_or_default(), http);
    let write = &mut remote.write;
    write.user_agent = HeaderValue::from_static(super::USER_AGENT);
    write.rules.duplicates = Duplicates::Sum;
    write.rules.external_labels = global.external_labels.clone();
    reader.set("protobuf_message", &mut write.protocol, |field| field.choice(&PROTOCOLS));
    // As in Prometheus, zero is the default.
    let mut remote_timeout = Duration::ZERO;
    reader.set("remote_timeout", &mut remote_timeout, values::timeout_or_zero);
    if !remote_timeout.is_zero() {
        write.remote_timeout = remote_timeout;
    }
    let spooled = global.spool.is_some();
    reader.set("queue_config", &mut write.queue, |field| queue::read(field, spooled));
    reader.set("write_relabel_configs", &mut write.rules.relabel, relabel::from_config);
    let mut own = Labels::default();
    reader.set("external_labels", &mut own, labels::external);
    own.iter().for_each(|(name, value)| write.rules.external_labels.set(name, value));
    write.spool = global.spool.clone().map(|mut spool| {
        spool.directory.push(format!("remote-{name}"));
        spool
    });
    refuse_and_warn(reader);
    // Without a good URL there is a mistake in the report.
    remote.url.host().is_some().then_some(remote)
}

fn refuse_and_warn(reader: &mut Reader<'_>) {
    if let Some(field) = reader.optional("google_iam") {
        field.mistake("this way to authenticate is not supported");
    }
    for (key, why) in WITHOUT_EFFECT {
        // Prometheus' default, spelled out.
        if let Some(field) = reader.optional(key)
            && !matches!(&field.node().kind, Kind::Scalar { text, .. } if text == "false")
        {
            field.warning(format!("no effect: {why}"));
        }
    }
}

/// The URL may have a password in it: nothing of it is in the message.
fn url(field: &Field<'_>) -> Option<Uri> {
    let uri = field.text()?.parse::<Uri>().ok();
    let fits = |uri: &Uri| {
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|host| !host.is_empty())
    };
    let uri = uri.filter(fits);
    if uri.is_none() {
        let found = if field.text().is_some_and(|text| !text.contains("://")) {
            "one without `http://` or `https://`"
        } else {
            "something else, which is not shown, as it may hold a password"
        };
        let expected = "expected a URL such as `http://localhost:9090/api/v1/write`";
        field.mistake(format!("{expected}, found {found}"));
    }
    uri
}

/// A receiver's name, which is part of a folder's name.
fn name(text: &str) -> Result<String, String> {
    const LONGEST: usize = 64;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if text.is_empty() || text.len() > LONGEST || text.starts_with('.') || !text.bytes().all(fits) {
        let shown = words::short(text, LONGEST);
        return Err(format!("expected up to {LONGEST} letters, digits, `-`, `_` and `.`, found `{shown}`"));
    }
    Ok(text.to_owned())
}
