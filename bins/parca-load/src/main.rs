//! `parca-load`: arguments to a run, a run to a summary, the summary to an exit code.

mod args;
mod families;
mod progress;
mod reach;
mod run;
mod summary;
mod table;
mod vault;

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
    if let Err(words) = ops::init_logs(&config.log_level, config.log_format) {
        complain(&format!("error: {words}"));
        return ExitCode::from(2);
    }
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

/// Data.
#[expect(clippy::print_stdout, reason = "only this prints data")]
pub(crate) fn print(text: &str) {
    print!("{text}");
}

/// Words.
#[expect(clippy::print_stderr, reason = "only this prints words")]
pub(crate) fn complain(line: &str) {
    eprintln!("{line}");
}
