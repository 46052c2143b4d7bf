//! `profile-query`: asks a Pyroscope or a Parca, from a terminal, a script or CI.

mod args;
mod commands;
mod context;
mod failure;
mod forms;
mod input;
mod json_text;
mod output;
mod progress;
mod selection;
mod source;

use std::process::ExitCode;

use args::{Stop, Typed};
use context::Context;
use failure::{Exit, Failure};

fn main() -> ExitCode {
    // Found out without the parser, as it may be the one that fails.
    let json = std::env::args_os().any(|arg| arg == "--json");
    let typed = match args::read(std::env::args_os()) {
        Ok(typed) => typed,
        Err(Stop::Asked(text)) => {
            let shown = output::data(|out| out.write_all(text.as_bytes()));
            return shown.map_or_else(|failure| fail(&failure, json), |()| ExitCode::SUCCESS);
        }
        Err(Stop::Mistake(text)) if json => return fail(&Failure::usage(first_line(&text)), true),
        Err(Stop::Mistake(text)) => {
            output::words(text.trim_end());
            return ExitCode::from(Exit::Usage as u8);
        }
    };
    match run(typed) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => fail(&failure, json),
    }
}

fn run(typed: Typed) -> Result<(), Failure> {
    let Typed { server, command } = typed;
    if server.verbose {
        let filter = "query=debug,pyroscope_client=debug,parca_client=debug";
        let format = if server.json { ops::LogFormat::Json } else { ops::LogFormat::Text };
        ops::init_logs(filter, format).map_err(Failure::run)?;
    }
    commands::run(&Context::new(server)?, command)
}

fn fail(failure: &Failure, json: bool) -> ExitCode {
    output::words(&if json { failure.json() } else { failure.text() });
    ExitCode::from(failure.exit() as u8)
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned()
}
