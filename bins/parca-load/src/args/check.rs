//! From words to meaning; collects every mistake.

use std::path::PathBuf;
use std::time::Duration;

use parca_client::{Client, HttpVersion, Protocol, Secret, Settings as ClientSettings, Token};
use parca_workload::{Lane, Mode, Settings as WorkloadSettings};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::names::Names;
use super::typed::{Typed, VAULT_JWT_FILE, VAULT_ROLE, VAULT_TOKEN_PATH};

/// A command line that makes sense.
pub(crate) struct Config {
    pub(crate) target: Target,
    /// Stops the embedded server, after the run.
    pub(crate) embedded_stop: CancellationToken,
    /// What is spoken, as it was typed.
    pub(crate) protocol: &'static str,
    pub(crate) client: ClientSettings,
    pub(crate) vault: Option<VaultConfig>,
    pub(crate) workload: WorkloadSettings,
    /// Own HTTP address.
    pub(crate) address: Option<String>,
    pub(crate) duration: Option<Duration>,
    pub(crate) once: bool,
    pub(crate) grace: Duration,
    pub(crate) limits: Limits,
    pub(crate) summary_json: Option<PathBuf>,
}

/// What a run must keep to pass.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Limits {
    /// The most calls that may fail, as a share of 0 to 1.
    pub(crate) error_rate: Option<f64>,
    /// The longest 99th percentile of a lane's response times.
    pub(crate) p99: Option<Duration>,
}

/// Whom to query.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// The server at the client settings' URL.
    Url,
    /// One that this process starts.
    Embedded,
}

/// Where the token is to be had.
#[derive(Clone, Debug)]
pub(crate) struct VaultConfig {
    pub(crate) url: Url,
    pub(crate) token_path: String,
    pub(crate) role: String,
    pub(crate) jwt_file: PathBuf,
}

pub(super) fn check(typed: &Typed, names: &Names, mistakes: &mut Vec<String>) -> Option<Config> {
    mistakes.extend(typed.stray.iter().map(|word| format!("expected a flag, found `{word}`")));
    let mut checker = Checker { names, mistakes };
    let client = checker.client(typed);
    let workload = checker.workload(typed);
    let duration = typed.duration.as_deref().and_then(|text| checker.duration("duration", text));
    let grace = checker.duration("grace", &typed.grace);
    let address = checker.address(&typed.addr);
    let vault = checker.vault(typed);
    let limits = checker.limits(typed);
    if typed.once && duration.is_some() {
        checker.mistake("once", "expected this or -duration, found both");
    }
    Some(Config {
        target: if typed.embedded { Target::Embedded } else { Target::Url },
        embedded_stop: CancellationToken::new(),
        protocol: protocol(&typed.protocol).ok()?.0,
        client: client?,
        vault,
        workload: workload?,
        address,
        duration,
        once: typed.once,
        grace: grace?,
        limits,
        summary_json: typed.summary_json.as_ref().map(PathBuf::from),
    })
}

struct Checker<'a> {
    names: &'a Names,
    mistakes: &'a mut Vec<String>,
}

impl Checker<'_> {
    fn mistake(&mut self, flag: &str, words: impl std::fmt::Display) {
        self.mistakes.push(format!("{}: {words}", self.names.name(flag)));
    }

    fn take<T>(&mut self, flag: &str, result: Result<T, String>) -> Option<T> {
        result.map_err(|words| self.mistake(flag, words)).ok()
    }

    /// A duration above zero.
    fn duration(&mut self, flag: &str, text: &str) -> Option<Duration> {
        let parsed = timespec::parse_span(text).map_err(|error| error.to_string()).and_then(|duration| {
            if duration.is_zero() {
                Err(format!("expected more than zero, found `{text}`"))
            } else {
                Ok(duration)
            }
        });
        self.take(flag, parsed)
    }

    fn limits(&mut self, typed: &Typed) -> Limits {
        let error_rate = typed.max_error_rate.as_deref();
        Limits {
            error_rate: error_rate.and_then(|text| self.take("max-error-rate", share(text))),
            p99: typed.max_p99.as_deref().and_then(|text| self.duration("max-p99", text)),
        }
    }

    fn count(&mut self, flag: &str, text: &str, most: usize) -> Option<usize> {
        let parsed = text.parse().ok().filter(|count| (1..=most).contains(count));
        self.take(flag, parsed.ok_or_else(|| format!("expected 1 to {most}, found `{text}`")))
    }

    /// Nothing for `none`. The host may be a name, so whether it is ours shows only later.
    fn address(&mut self, text: &str) -> Option<String> {
        if text == "none" {
            return None;
        }
        let port = text.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
        if port.is_none() {
            self.mistake("addr", format!("expected host:port or `none`, found `{text}`"));
        }
        Some(text.to_owned())
    }

    fn vault(&mut self, typed: &Typed) -> Option<VaultConfig> {
        if typed.vault_url.is_empty() {
            for (flag, value, default) in [
                ("vault-role", &typed.vault_role, VAULT_ROLE),
                ("vault-token-path", &typed.vault_token_path, VAULT_TOKEN_PATH),
                ("vault-jwt-file", &typed.vault_jwt_file, VAULT_JWT_FILE),
            ] {
                if value != default {
                    self.mistake(flag, "expected -vault-url beside this, found none");
                }
            }
            return None;
        }
        Some(VaultConfig {
            url: self.take("vault-url", vault_url(&typed.vault_url))?,
            token_path: typed.vault_token_path.clone(),
            role: typed.vault_role.clone(),
            jwt_file: PathBuf::from(&typed.vault_jwt_file),
        })
    }

    fn client(&mut self, typed: &Typed) -> Option<ClientSettings> {
        let mut settings = ClientSettings::new(typed.url.clone());
        settings.user_agent = concat!("parca-load/", env!("CARGO_PKG_VERSION")).to_owned();
        settings.protocol =
            self.take("protocol", protocol(&typed.protocol)).map_or(settings.protocol, |(_, known)| known);
        settings.timeout = self.duration("client-timeout", &typed.client_timeout).unwrap_or(settings.timeout);
        settings.max_connections =
            self.count("connections", &typed.connections, 10_000).unwrap_or(settings.max_connections);
        settings.headers = self.headers(&typed.headers);
        settings.token = self.token(typed);
        settings.tls.ca_file = typed.tls_ca.as_ref().map(PathBuf::from);
        settings.tls.cert_file = typed.tls_cert.as_ref().map(PathBuf::from);
        settings.tls.key_file = typed.tls_key.as_ref().map(PathBuf::from);
        settings.tls.insecure_skip_verify = typed.tls_insecure_skip_verify;
        if let Err(error) = Client::new(&settings) {
            for mistake in error.mistakes() {
                self.mistake(&flag_of(mistake.field, typed), &mistake.message);
            }
        }
        Some(settings)
    }

    fn headers(&mut self, text: &str) -> Vec<(String, String)> {
        let pairs = text.split(',').map(str::trim).filter(|pair| !pair.is_empty());
        let mut headers = Vec::new();
        for (index, pair) in pairs.enumerate() {
            // The value may be a secret: it is not shown.
            match pair.split_once('=').map(|(name, value)| (name.trim(), value.trim())) {
                Some((name, value)) if !name.is_empty() => headers.push((name.to_owned(), value.to_owned())),
                _ => self.mistake("headers", format!("expected name=value as pair {}", index + 1)),
            }
        }
        headers
    }

    fn token(&mut self, typed: &Typed) -> Token {
        let sources = [
            ("token", !typed.token.is_empty()),
            ("token-file", typed.token_file.is_some()),
            ("vault-url", !typed.vault_url.is_empty()),
        ];
        let given: Vec<&str> = sources.iter().filter(|(_, given)| *given).map(|(flag, _)| *flag).collect();
        // As in the original, Vault overrides -token.
        if given.len() > 1 && given != ["token", "vault-url"] {
            self.mistake(
                given[0],
                format!("expected one source of the token, found also -{}", given[1..].join(", -")),
            );
        }
        match &typed.token_file {
            Some(file) => Token::File(PathBuf::from(file)),
            None if typed.token.is_empty() => Token::None,
            None => Token::Value(Secret::new(typed.token.clone())),
        }
    }

    fn workload(&mut self, typed: &Typed) -> Option<WorkloadSettings> {
        let mode = self.take("mode", mode(&typed.mode)).unwrap_or(Mode::Lanes);
        let mut settings = WorkloadSettings::new(mode);
        settings.await_first_round = typed.once;
        if let Some(text) = &typed.query_range {
            settings.ranges = self.ranges(text);
        }
        if let Some(seed) = &typed.seed {
            let parsed = seed.parse().map_err(|_| format!("expected a whole number, found `{seed}`"));
            settings.seed = self.take("seed", parsed).unwrap_or_default();
        }
        settings.types = self.types(&typed.types);
        settings.selectors = self.selectors(&typed.labels);
        settings.values_for_labels = self.label_names("values-for-labels", &typed.values_for_labels);
        settings.max_in_flight = self.count("max-in-flight", &typed.max_in_flight, 1_000_000).unwrap_or(1);
        if let Some(text) = &typed.lanes {
            settings.lanes = self.lanes(text);
        }
        self.intervals(typed, &mut settings);
        self.plan(&settings);
        Some(settings)
    }

    /// What the engine would refuse, such as an interval below a millisecond.
    fn plan(&mut self, settings: &WorkloadSettings) {
        if let Err(invalid) = settings.plan().check()
            && !settings.lanes.is_empty()
        {
            self.mistakes.extend(invalid.faults.iter().map(ToString::to_string));
        }
    }

    fn ranges(&mut self, text: &str) -> Vec<Duration> {
        let ranges = list(text, &[';', ',']);
        if ranges.is_empty() {
            self.mistake("query-range", "expected at least one duration");
        }
        ranges.iter().filter_map(|range| self.duration("query-range", range)).collect()
    }

    fn types(&mut self, text: &str) -> Vec<pql::ProfileType> {
        let types = list(text, &[';']);
        types
            .iter()
            .filter_map(|id| self.take("types", id.parse().map_err(|e: pql::ProfileTypeError| e.to_string())))
            .collect()
    }

    fn label_names(&mut self, flag: &str, text: &str) -> Vec<String> {
        let name = |name: &String| pql::listed_label_name(name, ';').map_err(|error| error.to_string());
        list(text, &[';']).iter().filter_map(|text| self.take(flag, name(text))).collect()
    }

    fn selectors(&mut self, text: &str) -> Vec<String> {
        let selectors: Vec<String> =
            list(text, &[';']).into_iter().map(|s| if s == "all" { String::new() } else { s }).collect();
        for selector in selectors.iter().filter(|selector| !selector.is_empty()) {
            if let Err(words) = behind_a_type(selector) {
                let expected = format!("expected a selector such as {{job=\"a\"}}, found `{selector}`");
                self.mistake("labels", expected + &words);
            }
        }
        if selectors.is_empty() { vec![String::new()] } else { selectors }
    }

    fn lanes(&mut self, text: &str) -> Vec<Lane> {
        let lanes = list(text, &[',', ';']);
        if lanes.is_empty() {
            self.mistake("lanes", "expected at least one lane");
        }
        lanes.iter().filter_map(|name| self.take("lanes", name.parse())).collect()
    }

    fn intervals(&mut self, typed: &Typed, settings: &mut WorkloadSettings) {
        if let Some(every) =
            typed.query_interval.as_deref().and_then(|text| self.duration("query-interval", text))
        {
            settings.set_all_intervals(every);
        }
        let each = [
            (Lane::Labels, "labels-interval", &typed.labels_interval),
            (Lane::Values, "values-interval", &typed.values_interval),
            (Lane::ProfileTypes, "profile-types-interval", &typed.profile_types_interval),
            (Lane::QueryRange, "query-range-interval", &typed.query_range_interval),
            (Lane::QuerySingle, "query-single-interval", &typed.query_single_interval),
            (Lane::QueryMerge, "query-merge-interval", &typed.query_merge_interval),
        ];
        for (lane, flag, text) in each {
            if let Some(every) = text.as_deref().and_then(|text| self.duration(flag, text)) {
                settings.set_interval(lane, every);
            }
        }
    }
}

/// `1%` or `0.01`.
fn share(text: &str) -> Result<f64, String> {
    let (digits, of) = text.strip_suffix('%').map_or((text, 1.0), |digits| (digits, 100.0));
    let share = digits.trim().parse::<f64>().ok().map(|number| number / of);
    share
        .filter(|share| (0.0..=1.0).contains(share))
        .ok_or_else(|| format!("expected a share such as 1% or 0.01, found `{}`", words::short(text, 64)))
}

/// An address to log: without credentials, and not shown where it has some.
fn vault_url(text: &str) -> Result<Url, String> {
    let url: Url = text.parse().map_err(|error| format!("expected a URL, found `{text}`: {error}"))?;
    match url.scheme() {
        "http" | "https" if url.username().is_empty() && url.password().is_none() => Ok(url),
        "http" | "https" => Err("expected a URL without credentials".to_owned()),
        other => Err(format!("expected `http://` or `https://`, found the scheme `{other}`")),
    }
}

/// What to say behind the selector, if it does not belong behind a type; the server would only say
/// that it failed.
fn behind_a_type(selector: &str) -> Result<(), String> {
    if !selector.starts_with('{') {
        return Err(String::new());
    }
    // First alone, so that positions are those of what was typed.
    selector.parse::<pql::Selector>().map_err(|error| format!(": {error}"))?;
    format!("a:b:c:d:e{selector}").parse::<pql::Query>().map_err(|error| format!(": {error}"))?;
    Ok(())
}

fn list(text: &str, separators: &[char]) -> Vec<String> {
    text.split(separators).map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

fn protocol(name: &str) -> Result<(&'static str, Protocol), String> {
    match name {
        "grpc-web" => Ok(("grpc-web", Protocol::GrpcWeb(HttpVersion::Http1))),
        "grpc-web-h2" => Ok(("grpc-web-h2", Protocol::GrpcWeb(HttpVersion::Http2))),
        "grpc" => Ok(("grpc", Protocol::Grpc)),
        other => Err(format!("expected grpc-web, grpc-web-h2 or grpc, found `{other}`")),
    }
}

fn mode(name: &str) -> Result<Mode, String> {
    match name {
        "lanes" => Ok(Mode::Lanes),
        "upstream" => Ok(Mode::Upstream),
        other => Err(format!("expected lanes or upstream, found `{other}`")),
    }
}

/// The flag that sets a field of the client's settings.
fn flag_of(field: &str, typed: &Typed) -> String {
    match field {
        "token" if typed.token_file.is_some() => "token-file".to_owned(),
        "timeout" => "client-timeout".to_owned(),
        "max_connections" => "connections".to_owned(),
        "tls.ca_file" => "tls-ca".to_owned(),
        "tls.cert_file" => "tls-cert".to_owned(),
        "tls.key_file" => "tls-key".to_owned(),
        other => other.replace(['.', '_'], "-"),
    }
}
