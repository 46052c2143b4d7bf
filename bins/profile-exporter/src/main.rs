//! `profile-exporter`: arguments and a config to a run, a run to an exit code.

mod advice;
mod args;
mod check;
mod list;
mod printer;
mod run;
mod serve;
mod single;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use ops::{console, eprint_line};

use args::{Args, Command};

/// Each thread keeps memory to itself.
const BLOCKING_THREADS: usize = 4;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// How it ended; see `--help`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Done = 0,
    Failed = 1,
    Mistakes = 2,
    Refused = 3,
}

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return console::usage(&error.render().to_string(), error.use_stderr()),
    };
    if let Err(error) = ops::init_logs(args.log_level.filter(), args.log_format) {
        eprint_line(&ops::describe(&error));
        return ExitCode::from(Exit::Mistakes as u8);
    }
    match dispatch(args) {
        Ok(exit) => exit,
        Err(error) => console::fail(error.as_ref()),
    }
}

fn dispatch(args: Args) -> Result<ExitCode, Error> {
    let file = args.config_file;
    let shown = args.run.dry_run.then_some(args.run.output);
    let exit = match args.command {
        None | Some(Command::Run) => with_runtime(run::run(file, args.run)),
        Some(Command::CheckConfig) => check::check(&file),
        Some(Command::Init) => {
            console::print(include_str!("../init.yaml"))?;
            Ok(Exit::Done)
        }
        Some(Command::Once(once)) => with_runtime(single::once(file, once, shown)),
        Some(Command::Backfill(backfill)) => with_runtime(single::backfill(file, backfill, shown)),
        Some(Command::Types(reach)) => with_runtime(list::types(file, reach)),
        Some(Command::Labels(labels)) => with_runtime(list::labels(file, labels)),
        Some(Command::Probe { address }) => {
            ops::probe(&address, "/-/ready")?;
            Ok(Exit::Done)
        }
        Some(Command::Manual(asked)) => return Ok(console::asked(asked.text(Args::command()))),
    };
    exit.map(|exit| ExitCode::from(exit as u8))
}

fn with_runtime(work: impl Future<Output = Result<Exit, Error>>) -> Result<Exit, Error> {
    // Answers are decoded on threads of their own, few of which are ever busy.
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(2).max_blocking_threads(BLOCKING_THREADS).enable_all().build()?;
    let ended = runtime.block_on(work);
    // Reading a large answer cannot be interrupted; nobody waits for it any more.
    runtime.shutdown_background();
    ended
}
