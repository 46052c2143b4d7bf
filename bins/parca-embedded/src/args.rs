//! What was typed.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};
use ops::LogFormat;
use parca_embedded::{CopyTo, CorsOrigin, PathPrefix};

/// A Parca-compatible server in one process: write profiles to it, query them, over gRPC or gRPC-Web.
#[derive(Debug, Parser)]
#[command(name = "parca-embedded", version = ops::version(), max_term_width = 110, after_help = AFTER_HELP)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    #[command(flatten)]
    pub(crate) serve: Serve,
}

/// What is done instead of serving.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Read every byte of a data folder, without a server: what is in it, damaged, of no use. Changes nothing
    Check {
        /// The data folder
        dir: PathBuf,
    },
    /// Write what a query selects in a data folder as one gzipped pprof, without a server
    Export(Export),
    /// Ask one that runs on this machine whether it is ready, for the health check of a container: exit 0 or 1
    Probe {
        /// Where it listens
        #[arg(
            env = "PARCA_EMBEDDED_HTTP_ADDRESS",
            default_value = "127.0.0.1:7070",
            value_name = "HOST:PORT"
        )]
        address: String,
    },
    #[command(flatten)]
    Manual(manual::Manual),
}

/// What is exported.
#[derive(Debug, clap::Args)]
pub(crate) struct Export {
    /// The data folder
    pub(crate) dir: PathBuf,
    /// A profile type with label matchers; without one, the types that are there are listed
    pub(crate) query: Option<String>,
    /// First instant, as 2026-11-28T10:00:00Z, 1795000000 or now-1h; default: the first profile
    #[arg(long, value_name = "TIME")]
    pub(crate) start: Option<String>,
    /// End, itself not included; default: behind the last profile
    #[arg(long, value_name = "TIME")]
    pub(crate) end: Option<String>,
    /// File to write; default: stdout
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// How to serve.
#[derive(Debug, clap::Args)]
pub(crate) struct Serve {
    /// Address to listen on; port 0 takes a free one, which the log names
    #[arg(
        long,
        env = "PARCA_EMBEDDED_HTTP_ADDRESS",
        default_value = "127.0.0.1:7070",
        value_name = "HOST:PORT"
    )]
    pub(crate) http_address: String,

    /// Memory for profiles, as 512MiB; beyond it the oldest are dropped, or with --data-dir moved to disk
    #[arg(long, env = "PARCA_EMBEDDED_STORAGE_ACTIVE_MEMORY", default_value = "512MiB", value_parser = memory, value_name = "BYTES")]
    pub(crate) storage_active_memory: usize,

    /// Folder to keep profiles in; without one they are gone when the process ends
    #[arg(long, env = "PARCA_EMBEDDED_DATA_DIR", value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,

    /// How long profiles are kept on disk, as 30d; default: as long as there is room
    #[arg(long, env = "PARCA_EMBEDDED_RETENTION", value_parser = span, value_name = "DURATION", requires = "data_dir")]
    pub(crate) retention: Option<Duration>,

    /// How much disk they may take, as 50GiB; beyond it the oldest go
    #[arg(long, env = "PARCA_EMBEDDED_RETENTION_SIZE", value_parser = size, value_name = "BYTES", requires = "data_dir")]
    pub(crate) retention_size: Option<u64>,

    /// Writes are refused while the disk has less room, so that sealing has some
    #[arg(long, env = "PARCA_EMBEDDED_STORAGE_MIN_FREE", default_value = "64MiB", value_parser = size, value_name = "BYTES")]
    pub(crate) storage_min_free: u64,

    /// Where sealed blocks are copied to: file:///folder; with the feature `cloud` s3://bucket/prefix, gs://bucket/prefix
    #[arg(long, env = "PARCA_EMBEDDED_COPY_TO", value_name = "URL", requires = "data_dir")]
    pub(crate) copy_to: Option<CopyTo>,

    /// Log after which memory is sealed to blocks
    #[arg(long, env = "PARCA_EMBEDDED_SEAL_SIZE", default_value = "64MiB", value_parser = size, value_name = "BYTES", hide_short_help = true)]
    pub(crate) seal_size: u64,

    /// How long a profile is in the log at most before it is sealed
    #[arg(long, env = "PARCA_EMBEDDED_SEAL_AFTER", default_value = "1h", value_parser = span, value_name = "DURATION", hide_short_help = true)]
    pub(crate) seal_after: Duration,

    /// A parca.yaml whose targets are scraped into the server's own store; see docs/ingestion.md
    #[arg(long, env = "PARCA_EMBEDDED_CONFIG_PATH", value_name = "FILE")]
    pub(crate) config_path: Option<PathBuf>,

    /// Who may read and write: lines of NAME read|write|both SHA256 [TENANT]; read again when it changes
    #[arg(long, env = "PARCA_EMBEDDED_AUTH_FILE", value_name = "FILE")]
    pub(crate) auth_file: Option<PathBuf>,

    /// Certificate chain as PEM: TLS instead of plain connections; read again when it changes
    #[arg(long, env = "PARCA_EMBEDDED_TLS_CERT_FILE", value_name = "FILE", requires = "tls_key_file")]
    pub(crate) tls_cert_file: Option<PathBuf>,

    /// The certificate's key
    #[arg(long, env = "PARCA_EMBEDDED_TLS_KEY_FILE", value_name = "FILE", requires = "tls_cert_file")]
    pub(crate) tls_key_file: Option<PathBuf>,

    /// Authorities of clients as PEM: a client needs a certificate of one of them
    #[arg(long, env = "PARCA_EMBEDDED_TLS_CLIENT_CA_FILE", value_name = "FILE", requires = "tls_cert_file")]
    pub(crate) tls_client_ca_file: Option<PathBuf>,

    /// Path below which plain HTTP is served, as /profiles; native gRPC never has one
    #[arg(
        long,
        env = "PARCA_EMBEDDED_PATH_PREFIX",
        default_value = "",
        value_name = "PATH",
        hide_default_value = true
    )]
    pub(crate) path_prefix: PathPrefix,

    /// Origins of pages that may call from a browser, or *
    #[arg(
        long,
        env = "PARCA_EMBEDDED_CORS_ALLOWED_ORIGINS",
        value_name = "ORIGIN,...",
        value_delimiter = ','
    )]
    pub(crate) cors_allowed_origins: Vec<CorsOrigin>,

    /// Questions that are answered at once; others wait [default: twice the processors]
    #[arg(long, env = "PARCA_EMBEDDED_QUERY_CONCURRENCY", value_name = "N", hide_short_help = true)]
    pub(crate) query_concurrency: Option<std::num::NonZero<usize>>,

    /// How long a question may take, waiting included
    #[arg(long, env = "PARCA_EMBEDDED_QUERY_TIMEOUT", default_value = "60s", value_parser = span, value_name = "DURATION", hide_short_help = true)]
    pub(crate) query_timeout: Duration,

    /// The longest answer, before it is compressed
    #[arg(long, env = "PARCA_EMBEDDED_QUERY_ANSWER_SIZE", default_value = "64MiB", value_parser = memory, value_name = "BYTES", hide_short_help = true)]
    pub(crate) query_answer_size: usize,

    /// How long a client may take for the head of a request, be silent in the middle of a body, or take nothing of an answer
    #[arg(long, env = "PARCA_EMBEDDED_SLOW_CLIENT_TIMEOUT", default_value = "30s", value_parser = span, value_name = "DURATION", hide_short_help = true)]
    pub(crate) slow_client_timeout: Duration,

    /// Requests that may be read at once, all of them together; at least what one may have, 64MiB
    #[arg(long, env = "PARCA_EMBEDDED_REQUEST_MEMORY", default_value = "256MiB", value_parser = memory, value_name = "BYTES", hide_short_help = true)]
    pub(crate) request_memory: usize,

    /// Labels that clients of Pyroscope see as service_name: the first that a profile has [default: service_name, service.name, job, comm]
    #[arg(
        long,
        env = "PARCA_EMBEDDED_SERVICE_LABELS",
        value_name = "LABEL,...",
        value_delimiter = ',',
        value_parser = label_name,
        hide_short_help = true
    )]
    pub(crate) service_labels: Vec<String>,

    /// What samples of spans that SDKs of Pyroscope push may take in memory, for each tenant, the oldest dropped first; 0 keeps none
    #[arg(long, env = "PARCA_EMBEDDED_SPAN_MEMORY", default_value = "64MiB", value_parser = memory_or_none, value_name = "BYTES", hide_short_help = true)]
    pub(crate) span_memory: usize,

    /// How long each of the server's own CPU profiles is; 0s takes none
    #[arg(long, env = "PARCA_EMBEDDED_SELF_PROFILE_INTERVAL", default_value = "10s", value_parser = humantime::parse_duration, value_name = "DURATION")]
    pub(crate) self_profile_interval: Duration,

    /// error, warn, info, debug, trace, or a filter such as info,hyper=debug
    #[arg(long, env = "PARCA_EMBEDDED_LOG_LEVEL", default_value = "info", value_name = "LEVEL")]
    pub(crate) log_level: String,

    /// text or json
    #[arg(long, env = "PARCA_EMBEDDED_LOG_FORMAT", default_value = "text", value_name = "FORMAT")]
    pub(crate) log_format: LogFormat,
}

const AFTER_HELP: &str = "\
Examples:
  parca-embedded
  parca-embedded --http-address=:7070 --data-dir=/var/lib/parca-embedded --retention=30d --retention-size=50GiB
  parca-embedded --config-path=parca.yaml
  parca-embedded --http-address=:7070 --auth-file=access --tls-cert-file=cert.pem --tls-key-file=key.pem
  parca-embedded check /var/lib/parca-embedded
  parca-embedded export /var/lib/parca-embedded 'process_cpu:cpu:nanoseconds:cpu:nanoseconds:delta{job=\"api\"}' -o cpu.pb.gz

Exit codes: 0 stopped by Ctrl-C or SIGTERM, or done; 1 it could not run, or check found damage, or export found
nothing; 2 asked wrongly
";

fn size(text: &str) -> Result<u64, String> {
    words::parse_bytes(text)
        .ok_or_else(|| format!("expected bytes such as 536870912 or 512MiB, found `{text}`"))
}

/// At least 1 MiB: less than that holds no profile, and no answer.
fn memory(text: &str) -> Result<usize, String> {
    let bytes = size(text)?;
    let enough = usize::try_from(bytes).ok().filter(|bytes| *bytes >= 1 << 20);
    enough.ok_or_else(|| format!("expected bytes such as 536870912 or 512MiB, found `{text}`: at least 1MiB"))
}

fn memory_or_none(text: &str) -> Result<usize, String> {
    if size(text) == Ok(0) { Ok(0) } else { memory(text) }
}

fn label_name(text: &str) -> Result<String, pql::LabelNameError> {
    pql::listed_label_name(text, ',')
}

fn span(text: &str) -> Result<Duration, String> {
    match timespec::parse_span(text) {
        Ok(span) if span.is_zero() => Err(format!("expected a duration above zero, found `{text}`")),
        span => span.map_err(|error| error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_with_and_without_units() {
        let check = |text: &str, expect: Option<usize>| assert_eq!(memory(text).ok(), expect, "{text}");
        check("536870912", Some(512 << 20));
        check("512MiB", Some(512 << 20));
        check("2 GB", Some(2_000_000_000));
        check("1", None);
        check("MiB", None);
        check("5 parsecs", None);
        check("99999999999999999999", None);
    }

    #[test]
    fn the_flags_are_sound() {
        use clap::CommandFactory;
        Args::command().debug_assert();
    }
}
