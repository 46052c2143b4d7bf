//! What was typed.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use ingest::send::{OnUnknown, SampleLabels};
use ops::LogFormat;

/// Scrapes and pushes profiles into a Parca or a Pyroscope, and converts them from other forms.
#[derive(Debug, Parser)]
#[command(name = "parca-ingest", version = ops::version(), max_term_width = 110, after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// error, warn, info or debug
    #[arg(long, global = true, env = "PARCA_INGEST_LOG_LEVEL", default_value = "info", value_name = "LEVEL")]
    pub(crate) log_level: String,

    /// text or json
    #[arg(
        long,
        global = true,
        env = "PARCA_INGEST_LOG_FORMAT",
        default_value = "text",
        value_name = "FORMAT"
    )]
    pub(crate) log_format: LogFormat,

    #[command(subcommand)]
    pub(crate) command: Command,
}

const AFTER_HELP: &str = "\
Examples:
  parca-ingest scrape --config-path parca.yaml --store-address localhost:7070 --insecure
  parca-ingest push cpu.pb.gz --store-address localhost:7070 --insecure --label job=api
  parca-ingest run --store-address localhost:7070 --insecure -- make test
  parca-ingest convert perf.data -o perf.pb.gz

Exit codes: 0 done; 1 it failed while running; 2 it was asked wrongly, or the config has mistakes;
`run` ends with the code of its command.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Collect profiles from the targets of a parca.yaml, and send them to stores, until told to stop
    Scrape(Box<Scrape>),
    /// Send profiles from files, from stdin (`-`) or from a folder that is watched
    Push(Box<Push>),
    /// Profile a command with perf, and send the profile with the command's exit code and duration
    Run(Box<Run>),
    /// Write a profile in another form: perf.data, perf script, JFR, folded stacks, speedscope and older forms to pprof, or pprof to folded stacks
    Convert(Convert),
    /// Ask a `scrape` that runs on this machine whether it is ready, for the health check of a container: exit 0 or 1
    Probe {
        /// Where it listens
        #[arg(env = "PARCA_INGEST_HTTP_ADDRESS", default_value = "127.0.0.1:7073", value_name = "HOST:PORT")]
        address: String,
    },
    #[command(flatten)]
    Manual(manual::Manual),
}

impl Command {
    /// The stores that it needs.
    pub(crate) fn stores(&self) -> Option<&Stores> {
        match self {
            Self::Scrape(args) => (!args.check).then_some(&args.stores),
            Self::Push(args) => Some(&args.stores),
            Self::Run(args) => Some(&args.stores),
            Self::Convert(_) | Self::Probe { .. } | Self::Manual(_) => None,
        }
    }
}

/// Where profiles go.
#[derive(Clone, Debug, ClapArgs)]
pub(crate) struct Stores {
    /// A store: HOST:PORT by gRPC as Parca has it, http(s)://HOST:PORT by gRPC-Web, or pyroscope+http(s)://HOST:PORT; more than one may be given
    #[arg(long, env = "PARCA_INGEST_STORE_ADDRESS", value_delimiter = ',', value_name = "ADDRESS")]
    pub(crate) store_address: Vec<String>,

    /// Do not use TLS for HOST:PORT addresses
    #[arg(long)]
    pub(crate) insecure: bool,

    /// Accept any certificate; anybody in between can then read the token
    #[arg(long)]
    pub(crate) insecure_skip_verify: bool,

    /// Trust only the authorities in this PEM file
    #[arg(long, value_name = "FILE")]
    pub(crate) tls_ca_file: Option<PathBuf>,

    /// Our certificate, as a PEM file
    #[arg(long, requires = "tls_key_file", value_name = "FILE")]
    pub(crate) tls_cert_file: Option<PathBuf>,

    /// Our private key, as a PEM file
    #[arg(long, requires = "tls_cert_file", value_name = "FILE")]
    pub(crate) tls_key_file: Option<PathBuf>,

    /// The name to ask for and to verify instead of the address's host
    #[arg(long, value_name = "NAME")]
    pub(crate) tls_server_name: Option<String>,

    /// Bearer token; better in the variable than on the command line
    #[arg(long, env = "PARCA_BEARER_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    pub(crate) bearer_token: Option<String>,

    /// A file with the bearer token, read again when it changes
    #[arg(long, conflicts_with = "bearer_token", value_name = "FILE")]
    pub(crate) bearer_token_file: Option<PathBuf>,

    /// A header of each request; `;` between several
    #[arg(long, value_parser = pair, value_delimiter = ';', value_name = "NAME=VALUE")]
    pub(crate) grpc_headers: Vec<(String, String)>,

    /// A label of every series, in place of the one that is there; `;` between several
    #[arg(long, value_parser = label, value_delimiter = ';', value_name = "NAME=VALUE")]
    pub(crate) external_label: Vec<(String, String)>,

    /// Labels of samples, which a Parca does not keep: drop, keep (each with a text makes series), or a list of names
    #[arg(long, default_value = "drop", value_parser = sample_labels, value_name = "drop|keep|NAMES")]
    pub(crate) sample_labels: SampleLabels,

    /// The most series that one profile becomes by labels of its samples
    #[arg(long, default_value_t = 100, value_name = "N")]
    pub(crate) sample_labels_limit: usize,

    /// A folder where profiles wait on disk until they are stored; without it they wait in memory
    #[arg(long, value_name = "FOLDER")]
    pub(crate) spool: Option<PathBuf>,

    /// The most bytes in the spool of a store; beyond, new profiles are refused
    #[arg(long, default_value = "2GiB", value_parser = bytes, value_name = "SIZE")]
    pub(crate) spool_size: u64,

    /// The most bytes that wait in memory for a store
    #[arg(long, default_value = "64MiB", value_parser = bytes, value_name = "SIZE")]
    pub(crate) queue_size: u64,

    /// How long a request to a store may take
    #[arg(long, default_value = "30s", value_parser = span, value_name = "DURATION")]
    pub(crate) store_timeout: Duration,

    /// What is done when nobody knows whether a request was stored: ask the store, send again, or give up
    #[arg(long, default_value = "verify", value_name = "verify|retry|drop")]
    pub(crate) on_unknown: Unknown,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Unknown {
    Verify,
    Retry,
    Drop,
}

impl From<Unknown> for OnUnknown {
    fn from(unknown: Unknown) -> Self {
        match unknown {
            Unknown::Verify => Self::Verify,
            Unknown::Retry => Self::Retry,
            Unknown::Drop => Self::Drop,
        }
    }
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Scrape {
    /// The config: jobs with their targets
    #[arg(long, env = "PARCA_INGEST_CONFIG_PATH", default_value = "parca.yaml", value_name = "FILE")]
    pub(crate) config_path: PathBuf,

    /// Read the config, say everything that is wrong with it or odd, and exit
    #[arg(long)]
    pub(crate) check: bool,

    #[command(flatten)]
    pub(crate) stores: Stores,

    /// Address for /targets (a page) and /targets.json, /metrics, /-/healthy, /-/ready and POST /-/reload; `none` listens nowhere
    #[arg(
        long,
        env = "PARCA_INGEST_HTTP_ADDRESS",
        default_value = "127.0.0.1:7073",
        value_name = "HOST:PORT"
    )]
    pub(crate) http_address: String,

    /// The longest answer of a target, before it is decompressed
    #[arg(long, default_value = "64MiB", value_parser = bytes, value_name = "SIZE")]
    pub(crate) max_profile_bytes: u64,

    /// How long profiles that wait may take to be sent once the process is told to stop
    #[arg(long, default_value = "10s", value_parser = span, value_name = "DURATION")]
    pub(crate) shutdown_timeout: Duration,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Push {
    /// Files, `-` for stdin
    #[arg(required_unless_present = "watch", value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    /// Send every file that is put into this folder, until told to stop; what was sent moves into its folder `done`
    #[arg(long, conflicts_with = "files", value_name = "FOLDER")]
    pub(crate) watch: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) profile: ProfileArgs,

    #[command(flatten)]
    pub(crate) reading: Reading,

    #[command(flatten)]
    pub(crate) stores: Stores,
}

/// What a profile is called.
#[derive(Clone, Debug, ClapArgs)]
pub(crate) struct ProfileArgs {
    /// A label of the series; may be given more than once
    #[arg(long, short = 'l', value_parser = label, value_name = "NAME=VALUE")]
    pub(crate) label: Vec<(String, String)>,

    /// `__name__` of the series [default: what was measured, such as process_cpu or memory]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,

    /// When the profile began: 2026-11-20T00:00:00Z, now-1h, or seconds since 1970 [default: as the file says, or its time of change]
    #[arg(long, value_parser = point, value_name = "TIME")]
    pub(crate) time: Option<SystemTime>,

    /// How long profiles may take to be sent
    #[arg(long, default_value = "1m", value_parser = span, value_name = "DURATION")]
    pub(crate) send_timeout: Duration,
}

/// How forms are read that do not say what their numbers mean.
#[derive(Clone, Debug, ClapArgs)]
pub(crate) struct Reading {
    /// What the numbers of folded stacks count, such as cpu/nanoseconds [default: samples/count]
    #[arg(long, value_name = "TYPE/UNIT")]
    pub(crate) sample_type: Option<String>,

    /// What happens between two samples, such as cpu/nanoseconds [default: the sample type]
    #[arg(long, value_name = "TYPE/UNIT")]
    pub(crate) period_type: Option<String>,

    /// How much of it happens between two samples
    #[arg(long, value_name = "N")]
    pub(crate) period: Option<i64>,

    /// How long the profile took; a profile with a duration has values per second
    #[arg(long, value_parser = span, value_name = "DURATION")]
    pub(crate) duration: Option<Duration>,

    /// Keep addresses of perf.data as they are, without names
    #[arg(long)]
    pub(crate) no_symbols: bool,

    /// A folder that is put before the paths of binaries when names are looked for
    #[arg(long, value_name = "FOLDER")]
    pub(crate) symbol_root: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) profile: ProfileArgs,

    /// Samples per second
    #[arg(long, short = 'F', default_value_t = 99, value_parser = clap::value_parser!(u32).range(1..=10_000), value_name = "HZ")]
    pub(crate) frequency: u32,

    #[command(flatten)]
    pub(crate) stores: Stores,

    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub(crate) command: Vec<String>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Convert {
    /// What is read; `-` is stdin
    #[arg(value_name = "IN")]
    pub(crate) input: PathBuf,

    /// What is written; `-` is stdout. Its ending chooses the form: .folded or .txt are folded stacks, .json is pprof as JSON, all others are pprof (compressed if it ends in .gz)
    #[arg(long, short = 'o', value_name = "OUT")]
    pub(crate) output: PathBuf,

    /// When the profile began: 2026-11-20T00:00:00Z, now-1h, or seconds since 1970
    #[arg(long, value_parser = point, value_name = "TIME")]
    pub(crate) time: Option<SystemTime>,

    #[command(flatten)]
    pub(crate) reading: Reading,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let wrong = || format!("expected NAME=VALUE, found `{text}`");
    let (name, value) = text.split_once('=').ok_or_else(wrong)?;
    let (name, value) = (name.trim(), value.trim().trim_matches('"'));
    let is_name = !name.is_empty() && !name.contains(['{', '}', '"', ',', ' ']);
    if is_name { Ok((name.to_owned(), value.to_owned())) } else { Err(wrong()) }
}

fn label(text: &str) -> Result<(String, String), String> {
    let (name, value) = pair(text)?;
    let name = pql::typed_label_name(&name).map_err(|error| format!("expected NAME=VALUE: {error}"))?;
    Ok((name, value))
}

/// What becomes of the labels of samples.
fn sample_labels(text: &str) -> Result<SampleLabels, pql::LabelNameError> {
    match text {
        "drop" => Ok(SampleLabels::Drop),
        "keep" => Ok(SampleLabels::Keep),
        names => {
            let names = names.split(',').map(|name| pql::listed_label_name(name, ','));
            names.collect::<Result<_, _>>().map(SampleLabels::Only)
        }
    }
}

fn span(text: &str) -> Result<Duration, String> {
    timespec::parse_span(text).map_err(|error| error.to_string())
}

fn point(text: &str) -> Result<SystemTime, String> {
    timespec::parse_point(text, SystemTime::now()).map_err(|error| error.to_string())
}

fn bytes(text: &str) -> Result<u64, String> {
    words::parse_bytes(text).ok_or_else(|| format!("expected a size such as `64MiB`, found `{text}`"))
}
