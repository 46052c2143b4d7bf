//! `once` and `backfill`: some windows, then the end.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use exporter::{Once as Outcome, Settings, Stats, Which, WindowError};
use ops::Readiness;
use tokio_util::sync::CancellationToken;

use crate::args::{Backfill, Form, Once};
use crate::{Error, Exit, check, complain, printer, run};

pub(crate) async fn once(file: PathBuf, once: Once, shown: Option<Form>) -> Result<Exit, Error> {
    let Some(settings) = check::settings(&file)? else { return Ok(Exit::Mistakes) };
    single(settings, Which::Newest, shown, once.timeout).await
}

/// What is old was old when it was asked for: no age limit, no spool that a running exporter may hold.
pub(crate) async fn backfill(file: PathBuf, backfill: Backfill, shown: Option<Form>) -> Result<Exit, Error> {
    let Some(mut settings) = check::settings(&file)? else { return Ok(Exit::Mistakes) };
    if backfill.from >= backfill.to {
        complain("error: expected --from before --to");
        return Ok(Exit::Mistakes);
    }
    for remote in &mut settings.remotes {
        remote.write.queue.sample_age_limit = Duration::ZERO;
        remote.write.spool = None;
    }
    let which = Which::Within { start_ms: millis(backfill.from), end_ms: millis(backfill.to) };
    if shown.is_none() {
        tracing::info!(
            "a receiver must take samples out of order: in Prometheus, `out_of_order_time_window`"
        );
    }
    single(settings, which, shown, backfill.timeout).await
}

fn millis(time: SystemTime) -> i64 {
    profile_model::Timestamp::from(time).saturating_millis()
}

async fn single(
    settings: Settings,
    which: Which,
    shown: Option<Form>,
    deadline: Duration,
) -> Result<Exit, Error> {
    let stop = CancellationToken::new();
    ops::stop_on_signals(stop.clone())?;
    let around = run::around(Stats::default(), Readiness::new());
    let (shown, printing) = match shown {
        None => (None, None),
        Some(form) => {
            let (shown, printing) = printer::start(form);
            (Some(shown), Some(printing))
        }
    };
    let outcome = exporter::once(&settings, &around, which, shown, deadline, &stop).await?;
    if let Some(printing) = printing {
        printing.await?;
    }
    Ok(said(&outcome))
}

fn said(outcome: &Outcome) -> Exit {
    let mut exit = Exit::Done;
    for query in &outcome.queries {
        let (query_name, windows, series) = (&query.name, query.sent.windows, query.sent.series);
        let empty = query.empty;
        tracing::info!(query_name, windows, empty, series, "asked");
        if windows == 0 && query.errors.is_empty() {
            tracing::warn!(
                query_name,
                "no window to send: none is whole in that span, or it was sent before"
            );
        } else if empty == windows && windows > 0 {
            let hint = "does `profile-exporter types` have the query's type, with or without `:delta`?";
            tracing::warn!(query_name, hint, "the Parca has no profiles for the query in that time");
        }
        for error in &query.errors {
            complain(&format!("{}\n  in query `{query_name}`", words(error)));
            exit = Exit::Failed;
        }
    }
    for (remote, counts) in &outcome.receivers {
        let (sent, failed, pending) = (counts.sent, counts.failed, counts.pending);
        let dropped = counts.too_old + counts.overflowed;
        tracing::info!(remote, sent, failed, pending, dropped, "sent");
        let why = counts.last_error.as_deref().unwrap_or("no time was left");
        if pending > 0 {
            complain(&format!("error: {pending} samples were not sent to `{remote}`: {why}"));
            exit = Exit::Failed;
        } else if failed + dropped > 0 {
            complain(&format!("error: {} samples were refused by `{remote}`: {why}", failed + dropped));
            exit = if exit == Exit::Done { Exit::Refused } else { exit };
        }
    }
    exit
}

/// The failure with the advice of whoever failed.
fn words(error: &WindowError) -> String {
    let mut words = ops::describe(error);
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(one) = cause {
        if let Some(hint) = one.downcast_ref::<parca_client::Error>().and_then(parca_client::Error::hint) {
            words.push_str("\n  hint: ");
            words.push_str(hint);
        }
        cause = one.source();
    }
    words
}
