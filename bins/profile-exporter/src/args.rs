//! What was typed.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use ops::LogFormat;

/// Queries a Parca at intervals, makes metrics of functions, and sends them by Prometheus remote write.
#[derive(Debug, Parser)]
#[command(name = "profile-exporter", version = ops::version(), max_term_width = 110, after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Path to the config file
    #[arg(
        long,
        global = true,
        env = "PROFILE_EXPORTER_CONFIG_FILE",
        default_value = "profile-exporter.yaml",
        value_name = "FILE"
    )]
    pub(crate) config_file: PathBuf,

    /// error, warn, info or debug
    #[arg(
        long,
        global = true,
        env = "PROFILE_EXPORTER_LOG_LEVEL",
        default_value = "info",
        value_name = "LEVEL"
    )]
    pub(crate) log_level: Level,

    /// text or json
    #[arg(
        long,
        global = true,
        env = "PROFILE_EXPORTER_LOG_FORMAT",
        default_value = "text",
        value_name = "FORMAT"
    )]
    pub(crate) log_format: LogFormat,

    #[command(flatten)]
    pub(crate) run: Run,

    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// How a run behaves; the flags also stand without a command, as the original has none.
#[derive(Debug, ClapArgs)]
pub(crate) struct Run {
    /// Address for /metrics, /-/healthy, /-/ready and POST /-/reload; `none` listens nowhere [default: 127.0.0.1:7172]
    #[arg(long, global = true, env = "PROFILE_EXPORTER_HTTP_ADDRESS", value_parser = http_address, value_name = "HOST:PORT")]
    pub(crate) http_address: Option<String>,

    /// How long samples that wait may take to be sent once the process is told to stop
    #[arg(long, global = true, env = "PROFILE_EXPORTER_SHUTDOWN_TIMEOUT", default_value = "25s", value_parser = span, value_name = "DURATION")]
    pub(crate) shutdown_timeout: Duration,

    /// Print the series instead of sending them; nothing is remembered
    #[arg(long, global = true)]
    pub(crate) dry_run: bool,

    /// The form of --dry-run: Prometheus' text, or one JSON object a line
    #[arg(long, global = true, default_value = "text", value_name = "FORM")]
    pub(crate) output: Form,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Query and send until told to stop; the same as no command
    Run,
    /// Read the config and say everything that is wrong with it
    CheckConfig,
    /// Print a small config to begin with
    Init,
    /// Send the newest finished window of each query, and exit
    Once(Once),
    /// Send all windows between two times, and exit
    Backfill(Backfill),
    /// List the profile types that the Parca has, as queries name them
    Types(Reach),
    /// List the label names of the Parca's profiles, or the values of one label
    Labels(Labels),
    /// Ask one that runs on this machine whether it is ready, for the health check of a container: exit 0 or 1
    Probe {
        /// Where it listens
        #[arg(
            env = "PROFILE_EXPORTER_HTTP_ADDRESS",
            default_value = "127.0.0.1:7172",
            value_name = "HOST:PORT"
        )]
        address: String,
    },
    #[command(flatten)]
    Manual(manual::Manual),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Once {
    /// How long samples may take to be sent
    #[arg(long, default_value = "1m", value_parser = span, value_name = "DURATION")]
    pub(crate) timeout: Duration,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Backfill {
    /// Where the first window may begin: 2026-11-20T00:00:00Z, now-6h, or seconds since 1970
    #[arg(long, value_parser = point, value_name = "TIME")]
    pub(crate) from: SystemTime,

    /// Where the last window may end
    #[arg(long, value_parser = point, default_value = "now", value_name = "TIME")]
    pub(crate) to: SystemTime,

    /// How long samples may wait for a receiver that takes none, and take once all windows are known
    #[arg(long, default_value = "10m", value_parser = span, value_name = "DURATION")]
    pub(crate) timeout: Duration,
}

/// Which Parca to ask.
#[derive(Debug, ClapArgs)]
pub(crate) struct Reach {
    /// Ask this Parca, over gRPC without TLS (or https://HOST:PORT), instead of the config's
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) address: Option<String>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Labels {
    /// List the values of this label
    pub(crate) name: Option<String>,

    /// Only of profiles that this selects, such as {job="api"}
    #[arg(long, value_name = "SELECTOR")]
    pub(crate) selector: Option<String>,

    #[command(flatten)]
    pub(crate) reach: Reach,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Level {
    Error,
    Warn,
    Info,
    Debug,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    Text,
    Json,
}

const AFTER_HELP: &str = "\
Examples:
  profile-exporter init > profile-exporter.yaml
  profile-exporter --config-file=profile-exporter.yaml
  profile-exporter check-config
  profile-exporter once --dry-run
  profile-exporter backfill --from=now-6h --to=now-1h
  profile-exporter types --address=localhost:7070

Exit codes:
  0 done, or stopped by Ctrl-C or SIGTERM
  1 a query or a write failed
  2 asked wrongly, or the config has mistakes or cannot be read
  3 some samples were refused by a receiver (once, backfill)
";

impl Level {
    /// What libraries say of requests at debug level is left out: headers may hold secrets.
    pub(crate) fn filter(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug,h2=info,hyper=info,hyper_util=info,rustls=info,tonic=info,tower=info",
        }
    }
}

/// `none`, or something with a port behind it; whether the host is ours shows when it is listened at.
fn http_address(text: &str) -> Result<String, String> {
    let port = text.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
    match text == "none" || port.is_some() {
        true => Ok(text.to_owned()),
        false => Err("expected host:port, :port or `none`".to_owned()),
    }
}

fn span(text: &str) -> Result<Duration, String> {
    timespec::parse_span(text).map_err(|error| error.to_string())
}

fn point(text: &str) -> Result<SystemTime, String> {
    timespec::parse_point(text, SystemTime::now()).map_err(|error| error.to_string())
}
