//! `parca-embedded`: arguments to a server, a signal to a stop, an error to an exit code.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use ops::{LogFormat, describe, init_logs, stop_on_signals};
use parca_embedded::{Settings, start};
use tokio_util::sync::CancellationToken;

/// A Parca-compatible server in one process: write profiles to it, query them, over gRPC or gRPC-Web.
#[derive(Debug, Parser)]
#[command(name = "parca-embedded", version, max_term_width = 110, after_help = AFTER_HELP)]
struct Args {
    /// Address to listen on; port 0 takes a free one, which the log names
    #[arg(
        long,
        env = "PARCA_EMBEDDED_HTTP_ADDRESS",
        default_value = "127.0.0.1:7070",
        value_name = "HOST:PORT"
    )]
    http_address: String,

    /// Memory for profiles, as 512MiB; beyond it the oldest are dropped
    #[arg(long, env = "PARCA_EMBEDDED_STORAGE_ACTIVE_MEMORY", default_value = "512MiB", value_parser = bytes, value_name = "BYTES")]
    storage_active_memory: usize,

    /// How long each of the server's own CPU profiles is; 0s takes none
    #[arg(long, env = "PARCA_EMBEDDED_SELF_PROFILE_INTERVAL", default_value = "10s", value_parser = humantime::parse_duration, value_name = "DURATION")]
    self_profile_interval: Duration,

    /// error, warn, info, debug, trace, or a filter such as info,hyper=debug
    #[arg(long, env = "PARCA_EMBEDDED_LOG_LEVEL", default_value = "info", value_name = "LEVEL")]
    log_level: String,

    /// text or json
    #[arg(long, env = "PARCA_EMBEDDED_LOG_FORMAT", default_value = "text", value_name = "FORMAT")]
    log_format: LogFormat,
}

const AFTER_HELP: &str = "\
Examples:
  parca-embedded
  parca-embedded --http-address=:7070 --storage-active-memory=2GiB

Exit codes: 0 stopped by Ctrl-C or SIGTERM, 1 it could not run, 2 asked wrongly
";

fn main() -> ExitCode {
    let args = Args::parse();
    if let Err(words) = init_logs(&args.log_level, args.log_format) {
        return fail(&words, 2);
    }
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&describe(&error), 1),
    };
    match runtime.block_on(run(args)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&describe(error.as_ref()), 1),
    }
}

async fn run(args: Args) -> Result<(), Box<dyn std::error::Error>> {
    let stop = CancellationToken::new();
    stop_on_signals(stop.clone())?;
    let mut settings = Settings::default();
    settings.memory_limit_bytes = args.storage_active_memory;
    settings.self_profile_every = Some(args.self_profile_interval).filter(|every| !every.is_zero());
    let server = start(&args.http_address, settings, stop).await?;
    tracing::info!(url = %format_args!("http://{}", server.address()), "serving");
    server.finished().await;
    Ok(())
}

#[expect(clippy::print_stderr, reason = "the last words of the process")]
fn fail(words: &str, code: u8) -> ExitCode {
    let words = if words.starts_with("error: ") { words.to_owned() } else { format!("error: {words}") };
    eprintln!("{words}");
    ExitCode::from(code)
}

/// A number of bytes with an optional unit, decimal (`MB`) or binary (`MiB`).
fn bytes(text: &str) -> Result<usize, String> {
    let wrong = || format!("expected bytes such as 536870912 or 512MiB, found `{text}`");
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let number: usize = text[..digits].parse().map_err(|_| wrong())?;
    let factor = match text[digits..].trim() {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        _ => return Err(wrong()),
    };
    number
        .checked_mul(factor)
        .filter(|bytes| *bytes >= 1 << 20)
        .ok_or_else(|| format!("{}: at least 1MiB", wrong()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_with_and_without_units() {
        let check = |text: &str, expect: Option<usize>| assert_eq!(bytes(text).ok(), expect, "{text}");
        check("536870912", Some(512 << 20));
        check("512MiB", Some(512 << 20));
        check("2 GB", Some(2_000_000_000));
        check("1", None);
        check("MiB", None);
        check("5 parsecs", None);
        check("99999999999999999999", None);
    }
}
