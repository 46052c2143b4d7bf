//! How it goes, while it goes: a table that is redrawn on a terminal, a line now and then elsewhere.

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::{Duration, Instant};

use load_engine::{Hub, Snapshot};
use ops::console;
use tokio_util::sync::CancellationToken;

use crate::table;

const REDRAW: Duration = Duration::from_secs(1);
const LINES: Duration = Duration::from_secs(10);
/// A terminal that does not say how wide it is.
const USUAL_WIDTH: usize = 80;

/// Shows progress on stderr until `stop`.
pub(crate) async fn show(hub: Arc<Hub>, stop: CancellationToken) {
    let is_terminal = std::io::stderr().is_terminal();
    let mut lines_due = Instant::now() + LINES;
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(REDRAW) => {}
        }
        // Asked for every second even where nothing is drawn: it bounds what the workers hold.
        let recent = hub.interval();
        let totals = hub.totals();
        if is_terminal {
            let width = console::stderr_width().unwrap_or(USUAL_WIDTH);
            ops::draw_footer(table::live(&totals, &recent, width));
        } else if Instant::now() >= lines_due {
            lines_due += LINES;
            log(&totals);
        }
    }
    ops::end_footer();
}

fn log(totals: &Snapshot) {
    for lane in totals.lanes() {
        let response = lane.response();
        tracing::info!(
            lane = lane.name.as_ref(),
            calls = lane.counts.calls,
            missed = lane.counts.missed,
            failed = lane.counts.failed,
            p50 = response.quantile(0.5).map(words::span),
            p99 = response.quantile(0.99).map(words::span),
            received = words::bytes(lane.bytes_in()),
            "progress"
        );
    }
}
