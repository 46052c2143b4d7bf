//! From what stands in a section to a deployment; every mistake at once.

use std::time::Duration;

use http_config::Secret;
use url::Url;

use super::section::{Entry, Section, Value};
use super::{ConfigMistake, Deployment, Kind, Protocol};
use words::nearest;

/// Every key of a section; what is only for one kind of server is said when it is checked.
pub(super) const KEYS: [&str; 26] = [
    "url",
    "token",
    "token_file",
    "username",
    "password",
    "password_file",
    "access_command",
    "cf_access_client_id",
    "cf_access_client_secret",
    "tenant",
    "tenant_id",
    "org_id",
    "headers",
    "ca_file",
    "cert_file",
    "key_file",
    "server_name",
    "insecure_skip_verify",
    "timeout",
    "service_label",
    "ui_url",
    "max_answer_bytes",
    "address",
    "plaintext",
    "protocol",
    "description",
];

/// Beyond it, an instant plus the timeout may not exist.
const MAX_TIMEOUT: Duration = Duration::from_secs(24 * 3600);

/// A deployment, and what is odd about its section; or all that is wrong with it.
pub(super) fn deployment(section: &Section) -> (Result<Deployment, Vec<ConfigMistake>>, Vec<ConfigMistake>) {
    let mut builder = Builder {
        deployment: Deployment::new(&section.name, section.kind, ""),
        address: None,
        plaintext: false,
        mistakes: Vec::new(),
        warnings: Vec::new(),
    };
    for entry in &section.entries {
        builder.take(entry);
    }
    builder.finish(section)
}

struct Builder {
    deployment: Deployment,
    address: Option<(String, usize)>,
    plaintext: bool,
    mistakes: Vec<ConfigMistake>,
    warnings: Vec<ConfigMistake>,
}

impl Builder {
    fn take(&mut self, entry: &Entry) {
        let key = entry.key.as_str();
        let is_empty = matches!(&entry.value, Value::Text(text) if text.is_empty());
        if is_empty && KEYS.contains(&key) {
            return;
        }
        match key {
            "url" | "ui_url" => self.url(entry),
            "token" => self.deployment.token = self.secret(entry),
            "token_file" => self.deployment.token_file = self.text(entry).map(Into::into),
            "username" => self.deployment.username = self.text(entry),
            "password" => self.deployment.password = self.secret(entry),
            "password_file" => self.deployment.password_file = self.text(entry).map(Into::into),
            "access_command" => self.access_command(entry),
            "cf_access_client_id" => self.deployment.cf_access_client_id = self.secret(entry),
            "cf_access_client_secret" => self.deployment.cf_access_client_secret = self.secret(entry),
            "tenant" | "tenant_id" | "org_id" => self.deployment.tenant = self.text(entry),
            "headers" => self.headers(entry),
            "ca_file" => self.deployment.ca_file = self.text(entry).map(Into::into),
            "cert_file" => self.deployment.cert_file = self.text(entry).map(Into::into),
            "key_file" => self.deployment.key_file = self.text(entry).map(Into::into),
            "server_name" => self.deployment.server_name = self.text(entry),
            "insecure_skip_verify" => {
                self.deployment.insecure_skip_verify = self.boolean(entry).unwrap_or_default();
            }
            "timeout" => self.timeout(entry),
            "service_label" => self.service_label(entry),
            "max_answer_bytes" => self.max_answer_bytes(entry),
            "address" => self.address = self.text(entry).map(|text| (text, entry.line)),
            "plaintext" => self.plaintext = self.boolean(entry).unwrap_or_default(),
            "protocol" => self.protocol(entry),
            "description" => {}
            "" => self.wrong(entry.line, format!("expected a table, found {}", entry.value.kind())),
            key => self.unknown(key, entry.line),
        }
    }

    fn finish(mut self, section: &Section) -> (Result<Deployment, Vec<ConfigMistake>>, Vec<ConfigMistake>) {
        self.address_as_url();
        let deployment = &self.deployment;
        if deployment.url.is_empty() && self.mistakes.is_empty() {
            self.wrong(section.line, "expected `url`, found none".to_owned());
        } else if deployment.cf_access_client_id.is_some() != deployment.cf_access_client_secret.is_some() {
            let message = "expected both `cf_access_client_id` and `cf_access_client_secret`, found one";
            self.wrong(section.line, message.to_owned());
        } else if deployment.cert_file.is_some() != deployment.key_file.is_some() {
            self.wrong(section.line, "expected both `cert_file` and `key_file`, found one".to_owned());
        }
        self.warn_of_what_does_not_count(section);
        let result = if self.mistakes.is_empty() { Ok(self.deployment) } else { Err(self.mistakes) };
        (result, self.warnings)
    }

    fn address_as_url(&mut self) {
        let Some((address, line)) = self.address.take() else { return };
        if self.deployment.kind != Kind::Parca {
            return self.wrong(line, "expected `url`, found `address`, which is for a Parca".to_owned());
        }
        if !self.deployment.url.is_empty() {
            return self.wrong(line, "expected one of `url` and `address`, found both".to_owned());
        }
        let scheme = if self.plaintext { "http" } else { "https" };
        match checked_url(&format!("{scheme}://{address}")) {
            Ok(url) => self.deployment.url = url,
            Err(_) => self.wrong(line, "`address`: expected `host:port`, found something else".to_owned()),
        }
    }

    fn warn_of_what_does_not_count(&mut self, section: &Section) {
        let deployment = &self.deployment;
        let has_token = deployment.token.is_some() || deployment.token_file.is_some();
        let message = if deployment.access_command.is_some()
            && (has_token || deployment.username.is_some() || deployment.cf_access_client_id.is_some())
        {
            "`access_command` makes the requests: token, user and Cloudflare keys are not used"
        } else if has_token && deployment.username.is_some() {
            "`token` counts, `username` does not"
        } else {
            return;
        };
        self.warnings.push(ConfigMistake::new(section.line, format!("`{}`: {message}", section.name)));
    }

    fn url(&mut self, entry: &Entry) {
        let Some(text) = self.text(entry) else { return };
        match checked_url(&text) {
            Ok(url) if entry.key == "url" => self.deployment.url = url,
            Ok(url) => self.deployment.ui_url = Some(url),
            Err(message) => self.wrong(entry.line, format!("`{}`: {message}", entry.key)),
        }
    }

    fn access_command(&mut self, entry: &Entry) {
        if self.deployment.kind == Kind::Parca {
            let message =
                "`access_command`: expected it for a Pyroscope only, as gRPC needs a connection of its own";
            return self.wrong(entry.line, message.to_owned());
        }
        self.deployment.access_command = self.text(entry).filter(|text| !text.trim().is_empty());
    }

    fn headers(&mut self, entry: &Entry) {
        match &entry.value {
            Value::Texts(pairs) => {
                let pair = |(name, value): &(String, String)| (name.clone(), Secret::new(value));
                self.deployment.headers = pairs.iter().map(pair).collect();
            }
            other => {
                let message = format!(
                    "`headers`: expected a table such as {{ X-Name = \"value\" }}, found {}",
                    other.kind()
                );
                self.wrong(entry.line, message);
            }
        }
    }

    fn timeout(&mut self, entry: &Entry) {
        let span = match &entry.value {
            Value::Text(text) => timespec::parse_span(text).map_err(|error| error.to_string()),
            Value::Integer(seconds) => Ok(Duration::from_secs(u64::try_from(*seconds).unwrap_or(0))),
            other => Err(format!("expected a duration such as \"30s\", found {}", other.kind())),
        };
        match span {
            Ok(span) if span.is_zero() || span > MAX_TIMEOUT => {
                self.wrong(entry.line, "`timeout`: expected more than nothing and at most a day".to_owned());
            }
            Ok(span) => self.deployment.timeout = Some(span),
            Err(message) => self.wrong(entry.line, format!("`timeout`: {message}")),
        }
    }

    fn max_answer_bytes(&mut self, entry: &Entry) {
        match entry.value {
            Value::Integer(bytes @ 1..=0xffff_ffff) => {
                self.deployment.max_answer_bytes = usize::try_from(bytes).ok();
            }
            _ => self
                .wrong(entry.line, "`max_answer_bytes`: expected a number from 1 to 4294967295".to_owned()),
        }
    }

    fn protocol(&mut self, entry: &Entry) {
        let Some(text) = self.text(entry) else { return };
        match text.as_str() {
            "grpc-web" => self.deployment.protocol = Protocol::GrpcWeb,
            "grpc" => self.deployment.protocol = Protocol::Grpc,
            _ => self.wrong(entry.line, "`protocol`: expected `grpc-web` or `grpc`".to_owned()),
        }
    }

    fn unknown(&mut self, key: &str, line: usize) {
        let mut message = format!("`{}`: expected a key that exists, found `{key}`", self.deployment.name);
        if let Some(nearest) = nearest(key, KEYS) {
            message.push_str(&format!("; did you mean `{nearest}`?"));
        }
        // The scripts passed it over, so it must not stop anybody.
        self.warnings.push(ConfigMistake::new(line, message));
    }

    fn text(&mut self, entry: &Entry) -> Option<String> {
        match &entry.value {
            Value::Text(text) => Some(text.clone()),
            other => {
                self.wrong(entry.line, format!("`{}`: expected a text, found {}", entry.key, other.kind()));
                None
            }
        }
    }

    fn service_label(&mut self, entry: &Entry) {
        let Some(text) = self.text(entry) else { return };
        match pql::typed_label_name(&text) {
            Ok(name) => self.deployment.service_label = Some(name),
            Err(error) => self.wrong(entry.line, format!("`{}`: {error}", entry.key)),
        }
    }

    fn secret(&mut self, entry: &Entry) -> Option<Secret> {
        self.text(entry).map(Secret::new)
    }

    fn boolean(&mut self, entry: &Entry) -> Option<bool> {
        match &entry.value {
            Value::Boolean(boolean) => Some(*boolean),
            Value::Text(text) if text == "true" => Some(true),
            Value::Text(text) if text == "false" => Some(false),
            other => {
                self.wrong(
                    entry.line,
                    format!("`{}`: expected true or false, found {}", entry.key, other.kind()),
                );
                None
            }
        }
    }

    fn wrong(&mut self, line: usize, message: String) {
        self.mistakes.push(ConfigMistake::new(line, message));
    }
}

/// The URL without slashes at its end. It is shown in messages, so nothing secret may be in it.
///
/// # Errors
/// What was expected; the text itself is not in it.
pub(super) fn checked_url(text: &str) -> Result<String, String> {
    let url = Url::parse(text.trim()).map_err(|error| format!("expected a URL: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return Err("expected `http://` or `https://` and a host".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("expected no user in the URL: `username` and `password` are for that".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("expected no `?` or `#` in the URL".to_owned());
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}
