//! The flags, as they are typed: words, not yet what they mean.

use clap::Parser;

pub(super) const ADDR: &str = "127.0.0.1:7171";
pub(super) const VAULT_TOKEN_PATH: &str = "parca-load/token";
pub(super) const VAULT_ROLE: &str = "parca-load";
pub(super) const VAULT_JWT_FILE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/// Keeps querying a Parca as its users do, measures it, and shows what it measured.
///
/// Flags take one dash or two. Each can also be set as a variable: PARCA_LOAD_URL for -url.
#[derive(Debug, Parser)]
#[command(name = "parca-load", version = ops::version(), max_term_width = 110, args_override_self = true, after_help = AFTER_HELP)]
pub(crate) struct Typed {
    /// Parca to query
    #[arg(long, env = "PARCA_LOAD_URL", default_value = "http://localhost:7070", value_name = "URL")]
    pub(crate) url: String,

    /// Own address: a page at /, /parcaquery, /metrics, /healthz, /readyz, /debug/pprof/profile; `none` serves nothing
    #[arg(long, env = "PARCA_LOAD_ADDR", default_value = ADDR, value_name = "HOST:PORT")]
    pub(crate) addr: String,

    /// Start a Parca inside this process, on a free port, that profiles this process; -url is not used
    #[arg(long, env = "PARCA_LOAD_EMBEDDED", value_parser = boolish)]
    pub(crate) embedded: bool,

    /// What to speak: grpc-web (HTTP/1.1), grpc-web-h2, grpc
    #[arg(
        long,
        env = "PARCA_LOAD_PROTOCOL",
        default_value = "grpc-web",
        value_name = "NAME",
        help_heading = "Connection"
    )]
    pub(crate) protocol: String,

    /// Bearer token; seen by whoever lists processes, so -token-file is better
    #[arg(
        long,
        env = "PARCA_LOAD_TOKEN",
        hide_env_values = true,
        default_value = "",
        hide_default_value = true,
        value_name = "TOKEN",
        help_heading = "Connection"
    )]
    pub(crate) token: String,

    /// File with the bearer token; read again when it changes
    #[arg(long, env = "PARCA_LOAD_TOKEN_FILE", value_name = "FILE", help_heading = "Connection")]
    pub(crate) token_file: Option<String>,

    /// Headers of every call, as k=v,k2=v2
    #[arg(
        long,
        env = "PARCA_LOAD_HEADERS",
        hide_env_values = true,
        default_value = "",
        hide_default_value = true,
        value_name = "PAIRS",
        help_heading = "Connection"
    )]
    pub(crate) headers: String,

    /// How long a call may take, whole body included
    #[arg(
        long,
        env = "PARCA_LOAD_CLIENT_TIMEOUT",
        default_value = "10s",
        value_name = "DURATION",
        help_heading = "Connection"
    )]
    pub(crate) client_timeout: String,

    /// PEM file of the authorities to trust instead of the system's
    #[arg(long, env = "PARCA_LOAD_TLS_CA", value_name = "FILE", help_heading = "Connection")]
    pub(crate) tls_ca: Option<String>,

    /// PEM file of the client certificate
    #[arg(long, env = "PARCA_LOAD_TLS_CERT", value_name = "FILE", help_heading = "Connection")]
    pub(crate) tls_cert: Option<String>,

    /// PEM file of the client certificate's key
    #[arg(long, env = "PARCA_LOAD_TLS_KEY", value_name = "FILE", help_heading = "Connection")]
    pub(crate) tls_key: Option<String>,

    /// Take any server certificate
    #[arg(
        long,
        env = "PARCA_LOAD_TLS_INSECURE_SKIP_VERIFY",
        value_parser = boolish,
        help_heading = "Connection"
    )]
    pub(crate) tls_insecure_skip_verify: bool,

    /// Most connections at a time
    #[arg(
        long,
        env = "PARCA_LOAD_CONNECTIONS",
        default_value = "64",
        value_name = "N",
        help_heading = "Connection"
    )]
    pub(crate) connections: String,

    /// Vault to get the token from, by Kubernetes auth and KV v2 (mount `secret`, key `token`)
    #[arg(
        long,
        env = "PARCA_LOAD_VAULT_URL",
        default_value = "",
        hide_default_value = true,
        value_name = "URL",
        help_heading = "Vault"
    )]
    pub(crate) vault_url: String,

    /// Path of the secret
    #[arg(
        long,
        env = "PARCA_LOAD_VAULT_TOKEN_PATH",
        default_value = VAULT_TOKEN_PATH,
        value_name = "PATH",
        help_heading = "Vault"
    )]
    pub(crate) vault_token_path: String,

    /// Role to log in with
    #[arg(
        long,
        env = "PARCA_LOAD_VAULT_ROLE",
        default_value = VAULT_ROLE,
        value_name = "ROLE",
        help_heading = "Vault"
    )]
    pub(crate) vault_role: String,

    /// File with the service account's token
    #[arg(
        long,
        env = "PARCA_LOAD_VAULT_JWT_FILE",
        default_value = VAULT_JWT_FILE,
        value_name = "FILE",
        help_heading = "Vault"
    )]
    pub(crate) vault_jwt_file: String,

    /// lanes: random choices as the README says; upstream: the deterministic cross product of today's original
    #[arg(
        long,
        env = "PARCA_LOAD_MODE",
        default_value = "lanes",
        value_name = "MODE",
        help_heading = "Load"
    )]
    pub(crate) mode: String,

    /// Makes the random choices repeatable
    #[arg(long, env = "PARCA_LOAD_SEED", value_name = "N", help_heading = "Load")]
    pub(crate) seed: Option<String>,

    /// Spans for Labels, ProfileTypes, QueryRange and merge Query, separated by `;` or `,`
    /// [default: 15m;168h, with -mode upstream 15m;12h;168h]
    #[arg(long, env = "PARCA_LOAD_QUERY_RANGE", value_name = "DURATIONS", help_heading = "Load")]
    pub(crate) query_range: Option<String>,

    /// Profile types to query, separated by `;` [default: those the server has]
    #[arg(
        long,
        env = "PARCA_LOAD_TYPES",
        default_value = "",
        hide_default_value = true,
        value_name = "TYPES",
        help_heading = "Load"
    )]
    pub(crate) types: String,

    /// Selectors to put behind each type, as {job="a"}, separated by `;`; `all` is none
    #[arg(
        long,
        env = "PARCA_LOAD_LABELS",
        default_value = "all",
        value_name = "SELECTORS",
        help_heading = "Load"
    )]
    pub(crate) labels: String,

    /// Labels to ask the values of, separated by `;` [default: with -mode lanes a random one of those the server has]
    #[arg(
        long,
        env = "PARCA_LOAD_VALUES_FOR_LABELS",
        default_value = "",
        hide_default_value = true,
        value_name = "LABELS",
        help_heading = "Load"
    )]
    pub(crate) values_for_labels: String,

    /// Which lanes to run, separated by `,`: labels, values, profile-types, query-range, query-single, query-merge
    #[arg(long, env = "PARCA_LOAD_LANES", value_name = "LANES", help_heading = "Load")]
    pub(crate) lanes: Option<String>,

    /// Pace of every lane; also how long Labels, Values and ProfileTypes are retried
    /// [default: each lane its own, with -mode upstream 5s]
    #[arg(long, env = "PARCA_LOAD_QUERY_INTERVAL", value_name = "DURATION", help_heading = "Pace")]
    pub(crate) query_interval: Option<String>,

    /// Pace of Labels [default: 5s]
    #[arg(long, env = "PARCA_LOAD_LABELS_INTERVAL", value_name = "DURATION", help_heading = "Pace")]
    pub(crate) labels_interval: Option<String>,

    /// Pace of Values [default: 5s]
    #[arg(long, env = "PARCA_LOAD_VALUES_INTERVAL", value_name = "DURATION", help_heading = "Pace")]
    pub(crate) values_interval: Option<String>,

    /// Pace of ProfileTypes [default: 10s]
    #[arg(long, env = "PARCA_LOAD_PROFILE_TYPES_INTERVAL", value_name = "DURATION", help_heading = "Pace")]
    pub(crate) profile_types_interval: Option<String>,

    /// Pace of QueryRange [default: 15s]
    #[arg(long, env = "PARCA_LOAD_QUERY_RANGE_INTERVAL", value_name = "DURATION", help_heading = "Pace")]
    pub(crate) query_range_interval: Option<String>,

    /// Pace of Query for single profiles [default: 10s]
    #[arg(long, env = "PARCA_LOAD_QUERY_SINGLE_INTERVAL", value_name = "DURATION", help_heading = "Pace")]
    pub(crate) query_single_interval: Option<String>,

    /// Pace of Query for merged profiles [default: 15s]
    #[arg(long, env = "PARCA_LOAD_QUERY_MERGE_INTERVAL", value_name = "DURATION", help_heading = "Pace")]
    pub(crate) query_merge_interval: Option<String>,

    /// Rounds of one lane that may run at a time; a round due beyond it is counted as missed
    #[arg(
        long,
        env = "PARCA_LOAD_MAX_IN_FLIGHT",
        default_value = "1",
        value_name = "N",
        help_heading = "Pace"
    )]
    pub(crate) max_in_flight: String,

    /// Stop after this time [default: never]
    #[arg(long, env = "PARCA_LOAD_DURATION", value_name = "DURATION", help_heading = "Run")]
    pub(crate) duration: Option<String>,

    /// One round of every lane, then stop; exit 1 if any call failed
    #[arg(long, env = "PARCA_LOAD_ONCE", value_parser = boolish, help_heading = "Run")]
    pub(crate) once: bool,

    /// Exit 1 if a larger share of the calls fails, such as 1% or 0.01
    #[arg(long, env = "PARCA_LOAD_MAX_ERROR_RATE", value_name = "SHARE", help_heading = "Run")]
    pub(crate) max_error_rate: Option<String>,

    /// Exit 1 if the 99th percentile of a lane's response times is longer
    #[arg(long, env = "PARCA_LOAD_MAX_P99", value_name = "DURATION", help_heading = "Run")]
    pub(crate) max_p99: Option<String>,

    /// How long calls under way may go on after a stop; then they are cut off, which is no error
    #[arg(
        long,
        env = "PARCA_LOAD_GRACE",
        default_value = "5s",
        value_name = "DURATION",
        help_heading = "Run"
    )]
    pub(crate) grace: String,

    /// Write the summary to this file as JSON, too; `-` is stdout
    #[arg(long, env = "PARCA_LOAD_SUMMARY_JSON", value_name = "FILE", help_heading = "Run")]
    pub(crate) summary_json: Option<String>,

    /// error, warn, info, debug, trace, or a filter such as info,hyper=debug
    #[arg(
        long,
        env = "PARCA_LOAD_LOG_LEVEL",
        default_value = "info",
        value_name = "LEVEL",
        help_heading = "Run"
    )]
    pub(crate) log_level: String,

    /// text or json
    #[arg(
        long,
        env = "PARCA_LOAD_LOG_FORMAT",
        default_value = "text",
        value_name = "FORMAT",
        help_heading = "Run"
    )]
    pub(crate) log_format: String,

    /// Words that belong to no flag; taken only to be complained about with the other mistakes
    #[arg(hide = true)]
    pub(crate) stray: Vec<String>,
}

const AFTER_HELP: &str = "\
Examples:
  parca-load -embedded -duration 30s          try it without a Parca
  parca-load -url http://localhost:7070       keep querying, until Ctrl-C
  parca-load -url http://localhost:7070 -once a smoke test for CI
  parca-load -url http://localhost:7070 -duration 5m -max-error-rate 1% -max-p99 2s
  parca-load completions bash                 completions for a shell; `parca-load man` is the man page
  parca-load probe                            is one that runs here ready? exit 0 or 1

Exit codes:
  0  done, also after Ctrl-C or SIGTERM
  1  it could not run, nothing was measured, a limit was exceeded, or with -once a call failed
  2  asked wrongly: every mistake is listed
";

/// A flag as a variable: `PARCA_LOAD_ONCE=true`. An empty variable is as good as none.
fn boolish(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "y" | "on" | "t" => Ok(true),
        "" | "0" | "false" | "no" | "n" | "off" | "f" => Ok(false),
        _ => Err("expected `true` or `false`".to_owned()),
    }
}
