//! The commands, one module each: from words to one call and its output.

mod config;
mod diff;
mod export;
mod flamegraph;
mod gateway;
mod labels;
mod link;
mod list;
mod manual;
mod peek;
mod profiles;
mod query;
mod series;
mod services;
mod serving;
mod stats;
mod top;
mod ui;
mod upload;
mod watch;

use std::future::Future;

use crate::args::Command;
use crate::context::Context;
use crate::failure::Failure;

/// Does what was asked. The runtime is started only by those that ask a server.
pub(crate) fn run(context: &Context, command: Command) -> Result<(), Failure> {
    match command {
        Command::Config(args) => config::run(context, args),
        Command::Manual(asked) => manual::run(asked),
        Command::Link(args) => link::run(context, args),
        Command::Services(args) => wait_for(services::run(context, args)),
        Command::Profiles(args) => wait_for(profiles::run(context, args)),
        Command::Labels(args) => wait_for(labels::run(context, args)),
        Command::Series(args) => wait_for(series::run(context, args)),
        Command::Stats(args) => wait_for(stats::run(context, args)),
        Command::Flamegraph(args) => wait_for(flamegraph::run(context, args)),
        Command::Peek(args) => wait_for(peek::run(context, args)),
        Command::Top(args) => wait_for(top::run(context, args)),
        Command::Diff(args) => wait_for(diff::run(context, *args)),
        Command::Query(args) => wait_for(query::run(context, args)),
        Command::Export(args) => wait_for(export::run(context, args)),
        Command::Upload(args) => wait_for(upload::run(context, args)),
        Command::Watch(args) => wait_for(watch::run(context, args)),
        Command::Gateway(args) => wait_for(gateway::run(context, args)),
        Command::Ui(args) => wait_for(ui::run(context, args)),
    }
}

fn wait_for(command: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::run)?;
    runtime.block_on(command)
}
