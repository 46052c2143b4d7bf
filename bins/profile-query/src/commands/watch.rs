use std::time::Duration;

use query::times::{self, Window};
use tokio_util::sync::CancellationToken;

use super::top::Plan;
use crate::args::{Time, Watch};
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::source::Source;
use crate::{context, output, selection};

const DEFAULT_RANGE: &str = "1m";
/// A shorter time would be a load test.
const LEAST_EVERY: Duration = Duration::from_secs(1);
/// Where the cursor goes to, and what is cleared.
const CLEAR: &[u8] = b"\x1b[H\x1b[2J";

pub(super) async fn run(context: &Context, args: Watch) -> Result<(), Failure> {
    let every =
        times::parse_span(&args.every).map_err(|error| Failure::usage(format!("--every: {error}")))?;
    if every < LEAST_EVERY {
        return Err(Failure::usage("--every: expected a second or more"));
    }
    let time = Time {
        range: args.top.which.time.range.clone(),
        start: args.top.which.time.start.clone(),
        end: args.top.which.time.end.clone(),
    };
    if time.end.is_some() {
        return Err(Failure::usage("--end: expected none, as what is watched ends now"));
    }
    let plan = Plan::of(context, args.top, DEFAULT_RANGE)?;
    let stop = CancellationToken::new();
    ops::stop_on_signals(stop.clone()).map_err(Failure::run)?;
    tokio::select! {
        () = stop.cancelled() => Ok(()),
        result = look(context, plan, &time, every, args.count) => result,
    }
}

/// Looks again and again, so many times or for ever.
async fn look(
    context: &Context,
    mut plan: Plan,
    time: &Time,
    every: Duration,
    count: Option<u64>,
) -> Result<(), Failure> {
    let mut left = count.unwrap_or(u64::MAX);
    while left > 0 {
        let is_seen = show(context, &plan).await?;
        left -= 1;
        if left == 0 || !is_seen {
            break;
        }
        tokio::time::sleep(every).await;
        if let Source::Server { ask, .. } = &mut plan.source {
            ask.range = window(time)?.range;
        }
    }
    Ok(())
}

fn window(time: &Time) -> Result<Window, Failure> {
    selection::window(time, DEFAULT_RANGE, context::now())
}

/// One look, and whether somebody still reads. That a server fails or has nothing is shown and may
/// change; what was asked wrongly does not.
async fn show(context: &Context, plan: &Plan) -> Result<bool, Failure> {
    match plan.fetch(context).await {
        Ok(shown) => output::try_data(|out| {
            if output::is_terminal() {
                out.write_all(CLEAR)?;
            }
            plan.write(&shown, out)?;
            if !output::is_terminal() {
                writeln!(out)?;
            }
            Ok(())
        }),
        Err(failure) if matches!(failure.exit(), Exit::Failed | Exit::NoData) => {
            output::words(&if context.json() { failure.json() } else { failure.text() });
            Ok(true)
        }
        Err(failure) => Err(failure),
    }
}
