//! `parca-load`: arguments to a run, a run to a summary, the summary to an exit code.

mod args;
mod families;
mod limits;
mod output;
mod progress;
mod reach;
mod run;
mod summary;
mod table;
mod ui;
mod vault;

use std::process::ExitCode;

use args::Stop;
use ops::{console, eprint_line};

fn main() -> ExitCode {
    let config = match args::read(std::env::args_os()) {
        Ok(config) => config,
        Err(Stop::Asked(text)) => return ended(console::print(text)),
        Err(Stop::Probe(address)) => {
            return ops::probe(&address, "/readyz")
                .map_or_else(|error| console::fail(&error), |()| ExitCode::SUCCESS);
        }
        Err(Stop::Mistakes(mistakes)) => {
            for mistake in mistakes {
                eprint_line(&format!("error: {mistake}"));
            }
            eprint_line("hint: parca-load -h lists the flags");
            return ExitCode::from(2);
        }
    };
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return console::fail(&error),
    };
    match runtime.block_on(run::run(config)) {
        Ok(run::Ended::Well) => ExitCode::SUCCESS,
        Ok(run::Ended::Badly(reasons)) => {
            reasons.iter().for_each(|reason| eprint_line(&format!("error: {reason}")));
            ExitCode::FAILURE
        }
        Err(error) => console::fail(error.as_ref()),
    }
}

fn ended(printed: Result<(), console::PrintError>) -> ExitCode {
    match printed {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => console::fail(&error),
    }
}
