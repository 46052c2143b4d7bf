//! `once` and `backfill`: some windows, then the end.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use exporter::{OnceOutcome, OnceQuery, Settings, WindowError, Windows};
use ops::eprint_line;
use remote_write::Counts;
use tokio_util::sync::CancellationToken;

use crate::args::{Backfill, Form, Once};
use crate::printer::Printing;
use crate::{Error, Exit, advice, check, run};

pub(crate) async fn once(file: PathBuf, once: Once, shown: Option<Form>) -> Result<Exit, Error> {
    let Some(settings) = check::settings(&file)? else { return Ok(Exit::Mistakes) };
    single(settings, Windows::Newest, shown, once.timeout).await
}

/// What is old was old when it was asked for: no age limit, no spool that a running exporter may hold.
pub(crate) async fn backfill(file: PathBuf, backfill: Backfill, shown: Option<Form>) -> Result<Exit, Error> {
    let Some(mut settings) = check::settings(&file)? else { return Ok(Exit::Mistakes) };
    if backfill.from >= backfill.to {
        eprint_line("error: expected --from before --to");
        return Ok(Exit::Mistakes);
    }
    if backfill.to > SystemTime::now() {
        eprint_line("error: expected --to in the past, found a time to come");
        eprint_line("hint: leave --to away: the newest window that is over is the last one then");
        return Ok(Exit::Mistakes);
    }
    for remote in &mut settings.remotes {
        remote.write.queue.sample_age_limit = Duration::ZERO;
        remote.write.spool = None;
    }
    let (start_ms, end_ms) = (millis(backfill.from), millis(backfill.to));
    if !announced(&settings, start_ms, end_ms) {
        return Ok(Exit::Mistakes);
    }
    if shown.is_none() {
        tracing::info!(
            "a receiver must take samples out of order: in Prometheus, `out_of_order_time_window`"
        );
    }
    single(settings, Windows::Within { start_ms, end_ms }, shown, backfill.timeout).await
}

/// Windows that nobody asks for on purpose.
const MOST_WINDOWS: u64 = 1_000_000;

/// Says how much there is to do; false if it is too much.
fn announced(settings: &Settings, start_ms: i64, end_ms: i64) -> bool {
    let mut all = 0;
    for query in &settings.queries {
        let newest = query.schedule.newest_due(SystemTime::now()).end_ms;
        let windows = query.schedule.count_within(start_ms, end_ms.min(newest));
        let query_name = &query.name;
        tracing::info!(query_name, windows, "windows to ask for");
        all += windows;
    }
    if all > MOST_WINDOWS {
        eprint_line(&format!("error: expected at most {MOST_WINDOWS} windows, found {all}"));
        eprint_line("hint: choose a shorter span, or several one after the other");
        return false;
    }
    true
}

fn millis(time: SystemTime) -> i64 {
    profile_model::Timestamp::from(time).saturating_millis()
}

async fn single(
    settings: Settings,
    windows: Windows,
    shown: Option<Form>,
    deadline: Duration,
) -> Result<Exit, Error> {
    let stop = CancellationToken::new();
    ops::stop_on_signals(stop.clone())?;
    let context = run::context();
    let (shown, printing) = match shown {
        None => (None, None),
        Some(form) => {
            let (shown, printing) = Printing::start(form, stop.clone());
            (Some(shown), Some(printing))
        }
    };
    let outcome = exporter::once(&settings, &context, windows, shown, deadline, &stop).await?;
    if let Some(printing) = printing {
        printing.finished().await?;
    }
    Ok(said(&outcome))
}

fn said(outcome: &OnceOutcome) -> Exit {
    let mut exit = Exit::Done;
    for query in &outcome.queries {
        exit = exit.worst(of_query(query));
    }
    if let Some(why) = &outcome.refused {
        eprint_line(&format!("error: stopped, as the receivers refuse everything: {why}"));
    }
    for (remote, counts) in &outcome.receivers {
        exit = exit.worst(of_receiver(remote, counts));
    }
    exit
}

fn of_query(query: &OnceQuery) -> Exit {
    let (query_name, windows, series) = (&query.name, query.handed.windows, query.handed.series);
    let (empty, early) = (query.empty, query.early);
    for error in &query.errors {
        eprint_line(&format!("{}\n  in query `{query_name}`", words(error)));
    }
    if windows + empty + early > 0 {
        tracing::info!(query_name, windows, empty, series, "asked");
    } else if query.errors.is_empty() {
        tracing::warn!(query_name, "no window to send: none is whole in that span, or it was sent before");
    }
    if early > 0 {
        let hint = "profiles come late, and nothing is known of a window before something newer came: \
                    try again in a minute; if it stays so, compare the clocks";
        tracing::warn!(query_name, hint, "the Parca has no profiles from after the window yet");
    }
    if query.found == 0 && empty > 0 {
        let why = query.why_empty.as_deref().unwrap_or("nothing is wrong with the query");
        tracing::warn!(query_name, why, "the Parca has no profiles for the query in that time");
    }
    if query.no_function_matches {
        tracing::warn!(query_name, "no function matches: only the root has a series");
    }
    if query.errors.is_empty() { Exit::Done } else { Exit::Failed }
}

fn of_receiver(remote: &str, counts: &Counts) -> Exit {
    let (sent, failed, pending) = (counts.sent, counts.failed, counts.pending);
    let dropped = counts.too_old + counts.overflowed;
    if sent + failed + pending + dropped > 0 {
        tracing::info!(remote, sent, failed, pending, dropped, "sent");
    }
    let why = counts.last_error.as_deref().unwrap_or("no time was left");
    if pending > 0 {
        let pending = words::counted(pending, "sample was", "samples were");
        eprint_line(&format!("error: {pending} not sent to `{remote}`: {why}"));
        return Exit::Failed;
    }
    if failed + dropped > 0 {
        let refused = words::counted(failed + dropped, "sample was", "samples were");
        eprint_line(&format!("error: {refused} refused by `{remote}`: {why}"));
        return Exit::Refused;
    }
    Exit::Done
}

impl Exit {
    /// The worse of two outcomes: a failure before a refusal before none.
    fn worst(self, other: Self) -> Self {
        match (self, other) {
            (Self::Done, other) => other,
            (Self::Refused, Self::Failed) => Self::Failed,
            (own, _) => own,
        }
    }
}

/// The failure with the advice of whoever failed.
fn words(error: &WindowError) -> String {
    let words = ops::describe(error);
    match advice::of(error) {
        Some(hint) => format!("{words}\n  hint: {hint}"),
        None => words,
    }
}
