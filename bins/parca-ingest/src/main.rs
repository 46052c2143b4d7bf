//! `parca-ingest`: arguments to a command, a command to an exit code.

mod args;
mod check;
mod command;
mod convert;
mod families;
mod forms;
mod padata;
mod push;
mod scrape;
mod stores;
mod watch;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use ops::{console, eprint_line};

use args::{Args, Command};

type Error = Box<dyn std::error::Error + Send + Sync>;

/// How it ended; see `--help`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Done,
    Failed,
    Mistakes,
    /// The exit code of the command which was profiled.
    Of(u8),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Mistakes => 2,
            Exit::Of(code) => code,
        })
    }
}

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return console::usage(&error.render().to_string(), error.use_stderr()),
    };
    if let Err(error) = ops::init_logs(&args.log_level, args.log_format) {
        eprint_line(&ops::describe(&error));
        return Exit::Mistakes.into();
    }
    match dispatch(args.command) {
        Ok(exit) => exit,
        Err(error) => console::fail(error.as_ref()),
    }
}

const NO_STORE: &str = "error: expected a store, found none\nhint: --store-address HOST:PORT, or the variable PARCA_INGEST_STORE_ADDRESS";

fn dispatch(command: Command) -> Result<ExitCode, Error> {
    if command.stores().is_some_and(|stores| stores.store_address.is_empty()) {
        eprint_line(NO_STORE);
        return Ok(Exit::Mistakes.into());
    }
    let exit = match command {
        Command::Scrape(args) if args.check => check::check(&args),
        Command::Scrape(args) => with_runtime(scrape::run(*args)),
        Command::Push(args) => match args.watch.clone() {
            Some(folder) => with_runtime(async move { watch::run(&folder, &args).await }),
            None => with_runtime(push::run(*args)),
        },
        Command::Run(args) => with_runtime(command::run(*args)),
        Command::Convert(args) => convert::run(&args),
        Command::Probe { address } => {
            ops::probe(&address, "/-/ready")?;
            Ok(Exit::Done)
        }
        Command::Manual(asked) => return Ok(console::asked(asked.text(Args::command()))),
    };
    exit.map(ExitCode::from)
}

fn with_runtime(work: impl Future<Output = Result<Exit, Error>>) -> Result<Exit, Error> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let ended = runtime.block_on(work);
    runtime.shutdown_background();
    ended
}
