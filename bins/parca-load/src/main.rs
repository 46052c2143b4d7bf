//! `parca-load`: arguments to a run, a run to a summary, the summary to an exit code.

mod args;
mod families;
mod gateway;
mod parcaquery;
mod progress;
mod reach;
mod run;
mod summary;
mod table;
mod ui;
mod vault;

use std::io::Write;
use std::process::ExitCode;

use args::Stop;

fn main() -> ExitCode {
    let config = match args::read(std::env::args_os()) {
        Ok(config) => config,
        Err(Stop::Asked(text)) => {
            print(&text);
            return ExitCode::SUCCESS;
        }
        Err(Stop::Mistakes(mistakes)) => {
            for mistake in mistakes {
                complain(&format!("error: {mistake}"));
            }
            complain("hint: parca-load -h lists the flags");
            return ExitCode::from(2);
        }
    };
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error),
    };
    match runtime.block_on(run::run(config)) {
        Ok(run::Ended::Well) => ExitCode::SUCCESS,
        Ok(run::Ended::CallsFailed) => ExitCode::FAILURE,
        Err(error) => fail(error.as_ref()),
    }
}

fn fail(error: &(dyn std::error::Error + 'static)) -> ExitCode {
    complain(&ops::describe(error));
    ExitCode::FAILURE
}

/// Data. A reader that is gone, as in `parca-load -h | head -1`, is no error.
pub(crate) fn print(text: &str) {
    let _gone = std::io::stdout().write_all(text.as_bytes());
}

/// Words.
pub(crate) fn complain(line: &str) {
    let _gone = writeln!(std::io::stderr(), "{line}");
}
