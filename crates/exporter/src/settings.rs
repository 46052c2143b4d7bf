//! What a config says, checked: the values that everything else here works with.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use http_config::HttpClientConfig;
use parca_client::Token;
use relabel::Labels;

use crate::matcher::Matcher;

/// A whole config.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// Where profiles are asked for.
    pub parca: parca_client::Settings,
    /// Where samples go; at least one, names differ.
    pub remotes: Vec<Remote>,
    /// What is asked; at least one, names differ.
    pub queries: Vec<Arc<QuerySettings>>,
    /// Where finished windows are remembered and unsent samples wait; none: only in memory.
    pub spool_dir: Option<PathBuf>,
    /// Series of all queries together in their newest windows. Default 100,000.
    pub max_series: usize,
    /// Queries under way at once. Default 4.
    pub max_concurrent_queries: usize,
    /// Whether a series that ends is marked as ended. Default true.
    pub stale_markers: bool,
    /// Whether all series are marked as ended when the process is told to stop. Default true.
    pub stale_on_shutdown: bool,
}

/// One receiver.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Remote {
    /// The endpoint, with scheme; a user and password in it are allowed and never shown.
    pub url: Uri,
    /// How to talk to it.
    pub http: HttpClientConfig,
    /// Protocol, name, rules, queue, timeout.
    pub write: remote_write::Settings,
}

/// One query and what is made of it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct QuerySettings {
    /// Label `query_name` of its series.
    pub name: String,
    /// What is asked.
    pub query: pql::Query,
    /// The query as it was written: label `query` of its series, if `query_label`.
    pub query_text: String,
    /// When, and about which times.
    pub schedule: Schedule,
    /// The deadline of one query.
    pub timeout: Duration,
    /// What becomes of a window for which a Parca that was there has nothing. Default: a root of zero.
    pub empty_windows: EmptyWindows,
    /// How far back windows that were missed are still asked for; zero: never.
    pub catch_up: Duration,
    /// Which functions get series.
    pub functions: Functions,
    /// Profile labels that series are told apart by.
    pub group_by: Vec<GroupLabel>,
    /// What a value says.
    pub value: ValueKind,
    /// An earlier time to compare with.
    pub compare: Option<Compare>,
    /// Names of the metrics.
    pub metrics: Metrics,
    /// Labels that every series of the query gets.
    pub labels: Labels,
    /// Whether series have the label `query`. Default true, as in the original.
    pub query_label: bool,
    /// The longest value of a label in bytes; longer ones are cut and end in a hash. Default 1024.
    pub max_label_value_bytes: usize,
}

/// When a query runs, and what it asks about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// From the end of one window to the end of the next. Above zero.
    pub interval: Duration,
    /// How long a window is. Above zero.
    pub window: Duration,
    /// How long after its end a window is asked about: profiles come late. Default 30 s.
    pub delay: Duration,
}

/// Which functions get series.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Functions {
    /// A function that one of them matches is exported; none of them: no function is.
    pub matchers: Vec<Matcher>,
    /// What becomes of frames that no function is known for.
    pub unsymbolized: Unsymbolized,
    /// Only the largest.
    pub top: Option<Top>,
    /// Functions whose cumulative value (as it is sent, without its sign) is below are left out. Default 0.
    pub min_value: f64,
    /// Functions whose cumulative share of the root, 0 to 1, is below are left out. Default 0.
    pub min_ratio: f64,
    /// Series of one window; those with the smallest values are left out. Default 20,000.
    pub max_series: usize,
}

/// What becomes of frames that no function is known for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Unsymbolized {
    /// Frames without a function are in the root only.
    #[default]
    Drop,
    /// One function `[unsymbolized]`.
    Aggregate,
    /// One function `[unsymbolized] <file name of the binary>` per binary.
    PerBinary,
}

/// Only the largest functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Top {
    /// How many, for each group of `group_by`. Above zero.
    pub n: usize,
    /// By which value.
    pub by: Rank,
    /// Whether the rest is summed into a function `[other]`.
    pub other: bool,
}

/// By which value functions are ranked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Rank {
    /// What they did themselves.
    Flat,
    /// With all that they called.
    #[default]
    Cumulative,
}

/// A profile label that becomes a label of series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupLabel {
    /// The profile's label.
    pub label: String,
    /// The series' label: the same with what Prometheus does not allow replaced by `_`.
    pub name: String,
}

/// What a value says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ValueKind {
    /// The sum over the window; for types that are no deltas (memory in use, goroutines) the mean of the snapshots.
    #[default]
    WindowSum,
    /// The window's sum divided by its length: CPU nanoseconds become cores. For delta types only.
    PerSecond,
    /// The share of the root, 0 to 1.
    Ratio,
}

/// What becomes of a window for which the Parca has nothing, though it has profiles from before and after
/// it. Types that are no deltas never have a zero, and windows of the past are gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum EmptyWindows {
    /// The root is sent as 0, as the original does.
    #[default]
    Zero,
    /// Nothing is sent.
    Gap,
}

/// An earlier time to compare with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compare {
    /// How much earlier. Above zero.
    pub offset: Duration,
    /// The offset as it was written: label `offset`.
    pub text: String,
}

/// The names of metrics. `None`: not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metrics {
    /// The value of the root.
    pub root: Option<Metric>,
    /// A function's cumulative value.
    pub cumulative: Option<Metric>,
    /// A function's flat value.
    pub flat: Option<Metric>,
    /// The unit that values are converted to, such as `seconds`; none: that of the server.
    pub unit: Option<Unit>,
}

/// One metric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metric {
    /// The metric's name; those of a comparison are this with `_difference` and `_ratio` behind it.
    pub name: String,
    /// A sentence for people.
    pub help: String,
}

/// A unit that values can be converted to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// From nanoseconds, microseconds, milliseconds.
    Seconds,
    /// From kilobytes, megabytes and the like.
    Bytes,
}

impl Default for Metrics {
    /// The original's three.
    fn default() -> Self {
        let metric = |name: &str, help: &str| {
            Some(Metric { name: format!("profile_exporter_{name}_value"), help: help.to_owned() })
        };
        Self {
            root: metric("root_cumulative", "The value of all stacks of the query's window."),
            cumulative: metric("cumulative", "The value of a function and of all that it called."),
            flat: metric("flat", "The value of a function itself."),
            unit: None,
        }
    }
}

impl Default for Functions {
    fn default() -> Self {
        Self {
            matchers: Vec::new(),
            unsymbolized: Unsymbolized::default(),
            top: None,
            min_value: 0.0,
            min_ratio: 0.0,
            max_series: 20_000,
        }
    }
}

impl QuerySettings {
    /// A query with the original's semantics: windows of one length, one after the other.
    pub fn new(name: impl Into<String>, query: pql::Query, interval: Duration) -> Self {
        Self {
            name: name.into(),
            query_text: query.to_string(),
            query,
            schedule: Schedule { interval, window: interval, delay: Schedule::DELAY },
            timeout: Self::timeout_for(interval),
            empty_windows: EmptyWindows::default(),
            catch_up: Self::CATCH_UP,
            functions: Functions::default(),
            group_by: Vec::new(),
            value: ValueKind::default(),
            compare: None,
            metrics: Metrics::default(),
            labels: Labels::default(),
            query_label: true,
            max_label_value_bytes: Self::MAX_LABEL_VALUE_BYTES,
        }
    }

    /// The default of `catch_up`: receivers refuse older samples.
    pub const CATCH_UP: Duration = Duration::from_secs(3600);
    /// The default of `max_label_value_bytes`, which fits every receiver known.
    pub const MAX_LABEL_VALUE_BYTES: usize = 1024;

    /// The default deadline of a query that runs at this interval: no less than 1 s, no more than 30 s.
    pub fn timeout_for(interval: Duration) -> Duration {
        interval.clamp(Duration::from_secs(1), Duration::from_secs(30))
    }
}

impl Schedule {
    /// The default of `delay`: a CPU profile carries its start as its time and is uploaded after its end.
    pub const DELAY: Duration = Duration::from_secs(30);
}

impl Settings {
    /// The default of `max_series`.
    pub const MAX_SERIES: usize = 100_000;
    /// The default of `max_concurrent_queries`.
    pub const MAX_CONCURRENT_QUERIES: usize = 4;

    /// Settings with defaults for all but the essential.
    pub fn new(
        parca: parca_client::Settings,
        remotes: Vec<Remote>,
        queries: Vec<Arc<QuerySettings>>,
    ) -> Self {
        Self {
            parca,
            remotes,
            queries,
            spool_dir: None,
            max_series: Self::MAX_SERIES,
            max_concurrent_queries: Self::MAX_CONCURRENT_QUERIES,
            stale_markers: true,
            stale_on_shutdown: true,
        }
    }
}

impl Remote {
    /// A receiver with the defaults, under this name.
    pub fn new(name: impl Into<String>, url: Uri, http: HttpClientConfig) -> Self {
        Self { url, http, write: remote_write::Settings::new(name) }
    }
}

/// What a reload keeps is what says the same, whether it came from a file or from code.
impl Settings {
    /// Whether something changed that every query depends on.
    pub(crate) fn differs_for_all_queries(&self, other: &Self) -> bool {
        let parts = |settings: &Self| {
            (
                settings.spool_dir.clone(),
                settings.max_series,
                settings.max_concurrent_queries,
                settings.stale_markers,
            )
        };
        parts(self) != parts(other) || !same_parca(&self.parca, &other.parca)
    }
}

impl Remote {
    /// Whether a receiver with other settings is the same one, to be treated in the same way.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.url == other.url && self.http == other.http && self.write.is_same(&other.write)
    }
}

/// Whether a client with other settings does the same.
pub(crate) fn same_parca(one: &parca_client::Settings, other: &parca_client::Settings) -> bool {
    one.url == other.url
        && one.protocol == other.protocol
        && one.headers == other.headers
        && same_token(&one.token, &other.token)
        && one.tls == other.tls
        && (one.timeout, one.gzip) == (other.timeout, other.gzip)
        && (one.max_message_bytes, one.max_connections) == (other.max_message_bytes, other.max_connections)
        && one.user_agent == other.user_agent
}

fn same_token(one: &Token, other: &Token) -> bool {
    match (one, other) {
        (Token::None, Token::None) => true,
        (Token::Value(one), Token::Value(other)) => one == other,
        (Token::File(one), Token::File(other)) => one == other,
        // One that somebody else keeps fresh cannot be compared: a new client costs little.
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Settings that were made in code, or changed in code, used to keep the client of the old address.
    #[test]
    fn whatever_differs_is_seen_wherever_it_was_set() {
        let parca = || {
            let mut parca = parca_client::Settings::new("http://a:7070");
            parca.token = Token::Value("secret".into());
            parca
        };
        assert!(same_parca(&parca(), &parca()));
        type Change = fn(&mut parca_client::Settings);
        let changes: [Change; 8] = [
            |parca| "http://b:7070".clone_into(&mut parca.url),
            |parca| parca.protocol = parca_client::Protocol::Grpc,
            |parca| parca.headers.push(("a".to_owned(), "b".to_owned())),
            |parca| parca.token = Token::Value("other".into()),
            |parca| parca.token = Token::None,
            |parca| parca.tls.insecure_skip_verify = true,
            |parca| parca.tls.key = Some("key".into()),
            |parca| parca.max_message_bytes += 1,
        ];
        for (at, change) in changes.iter().enumerate() {
            let mut changed = parca();
            change(&mut changed);
            assert!(!same_parca(&parca(), &changed), "change {at}");
        }
        let remote = || {
            let url = Uri::from_static("http://a/api/v1/write");
            Remote::new("r", url, HttpClientConfig::default())
        };
        let mut changed = remote();
        assert!(remote().is_same(&changed));
        changed.url = Uri::from_static("http://b/api/v1/write");
        assert!(!remote().is_same(&changed));
        let mut changed = remote();
        changed.write.queue.capacity += 1;
        assert!(!remote().is_same(&changed));
    }
}
