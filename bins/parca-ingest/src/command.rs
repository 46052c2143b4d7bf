//! `run`: a command under perf, and its profile to stores.

use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant, SystemTime};

use ingest::send::Stores;
use ops::{Hint, eprint_line};
use profile_codec::detect::Form;
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};

use crate::args::{ProfileArgs, Reading, Run};
use crate::{Error, Exit, forms, push, stores};

/// What was run, and how it ended.
struct Ended {
    code: u8,
    started: SystemTime,
    took: Duration,
}

/// What shells end with where there is no such command.
const NOT_FOUND: u8 = 127;

pub(crate) async fn run(args: Run) -> Result<Exit, Error> {
    // perf would say so, and leave a recording of nothing.
    if !is_there(&args.command[0]) {
        eprint_line(&format!("error: start `{}`: there is no such program", args.command[0]));
        return Ok(Exit::Of(NOT_FOUND));
    }
    let sinks = Stores::start(stores::settings(&args.stores))?;
    let folder = Folder::make()?;
    let recording = folder.0.join("perf.data");
    let ended = record(&args, &recording).await?;
    if let Err(error) = send(&args, &recording, &ended, &sinks).await {
        eprint_line(&ops::describe(error.as_ref()));
        return Ok(if ended.code == 0 { Exit::Failed } else { Exit::Of(ended.code) });
    }
    Ok(Exit::Of(ended.code))
}

/// Whether a program can be found, as a path or in PATH.
fn is_there(program: &str) -> bool {
    if program.contains('/') {
        return Path::new(program).exists();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).exists())
}

/// A folder of our own, which goes when we go.
struct Folder(PathBuf);

impl Folder {
    fn make() -> Result<Self, Error> {
        let name =
            format!("parca-ingest-{}-{}", std::process::id(), since_epoch(SystemTime::now()).as_nanos());
        let path = std::env::temp_dir().join(name);
        let made = std::fs::DirBuilder::new().mode(0o700).create(&path);
        made.map_err(|error| format!("make `{}`: {error}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left lies in the folder for temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn since_epoch(time: SystemTime) -> Duration {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

async fn record(args: &Run, recording: &Path) -> Result<Ended, Error> {
    let mut perf = Command::new("perf");
    perf.args(["record", "-q", "-g", "-F"]).arg(args.frequency.to_string());
    // Where there is no hardware to count cycles, as in most virtual machines, perf takes the clock by itself.
    perf.arg("-o").arg(recording).arg("--").args(&args.command);
    perf.stdin(Stdio::inherit());
    let (started, begun) = (SystemTime::now(), Instant::now());
    let status = until_its_end(&mut perf).await.map_err(|error| {
        let hint = match error.kind() {
            std::io::ErrorKind::NotFound => {
                "install perf: `apt-get install linux-perf`, or linux-tools of your distribution"
            }
            _ => "check that perf may be started",
        };
        Hint::new(Failed(error), hint)
    })?;
    // perf ends as its command does; a signal is 128 and its number, as shells have it.
    let signal = std::os::unix::process::ExitStatusExt::signal(&status);
    let code = status.code().or(signal.map(|signal| 128 + signal)).unwrap_or(1);
    Ok(Ended { code: u8::try_from(code).unwrap_or(1), started, took: begun.elapsed() })
}

/// Runs perf to its end, which a signal asks for: perf then ends its command and writes what it has, and that is sent. So
/// Ctrl-C ends the profile of a program that has no end.
async fn until_its_end(perf: &mut Command) -> std::io::Result<ExitStatus> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let mut child = perf.spawn()?;
    loop {
        let asked = tokio::select! {
            status = child.wait() => return status,
            _ = interrupt.recv() => Signal::INT,
            _ = terminate.recv() => Signal::TERM,
        };
        pass_on(&child, asked);
    }
}

/// A terminal has sent it already; to be asked twice is the same to perf.
fn pass_on(child: &Child, asked: Signal) {
    let id = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
    if let Some(id) = id {
        // Fails only where it has ended meanwhile.
        let _ = kill_process(id, asked);
    }
}

#[derive(Debug, thiserror::Error)]
#[error("start perf")]
struct Failed(#[source] std::io::Error);

async fn send(args: &Run, recording: &Path, ended: &Ended, sinks: &Stores) -> Result<(), Error> {
    if !recording.exists() {
        return Err(Box::from("perf left no recording: may it profile here? see `perf_event_paranoid`"));
    }
    let input = forms::input(recording)?;
    let reading = Reading {
        sample_type: None,
        period_type: None,
        period: None,
        duration: Some(ended.took),
        no_symbols: false,
        symbol_root: None,
    };
    let time = args.profile.time.unwrap_or(ended.started);
    let options = forms::options(&reading, Some(time), &input)?;
    let read = forms::read(&input, &options)?;
    let profile = named(args, ended);
    let count = read.profiles.len();
    let query = read.profiles.first().map(|one| query(one, &profile)).unwrap_or_default();
    for mut one in read.profiles {
        one.comments.push(format!("command:{}", args.command.join(" ")));
        one.comments.push(format!("exit code:{}, duration:{}", ended.code, words::span(ended.took)));
        push::take(one, Form::PerfData, &profile, sinks).await?;
    }
    push::finish(sinks, count, &args.profile).await?;
    eprint_line(&format!("exit code {}, {}", ended.code, words::span(ended.took)));
    let stores = args.stores.store_address.iter().filter(|address| !address.starts_with("pyroscope+"));
    stores.for_each(|address| eprint_line(&link(address, args.stores.insecure, &query)));
    Ok(())
}

/// The labels that were given, and those of the command where they were not.
fn named(args: &Run, ended: &Ended) -> ProfileArgs {
    let mut profile = args.profile.clone();
    let program = Path::new(&args.command[0]).file_name().unwrap_or_default().to_string_lossy().into_owned();
    for (name, value) in [("job", program), ("exit_code", ended.code.to_string())] {
        if !profile.label.iter().any(|(known, _)| known == name) {
            profile.label.push((name.to_owned(), value));
        }
    }
    profile
}

/// Where a store shows the profile.
fn link(address: &str, is_insecure: bool, query: &str) -> String {
    let url = match (address.contains("://"), is_insecure) {
        (true, _) => address.to_owned(),
        (false, true) => format!("http://{address}"),
        (false, false) => format!("https://{address}"),
    };
    format!("{}/?expression_a={}", url.trim_end_matches('/'), push::encoded(query))
}

/// The query that shows the profile.
fn query(profile: &profile_model::Profile, args: &ProfileArgs) -> String {
    let name = args.name.clone().unwrap_or_else(|| ingest::forms::name_of(profile, Form::PerfData));
    let nothing = profile_model::ValueType::default();
    let (sample, period) =
        (profile.sample_types.get(1).unwrap_or(&nothing), profile.period_type.as_ref().unwrap_or(&nothing));
    let labels: Vec<String> = args.label.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
    format!(
        "{name}:{}:{}:{}:{}:delta{{{}}}",
        sample.name,
        sample.unit,
        period.name,
        period.unit,
        labels.join(",")
    )
}
