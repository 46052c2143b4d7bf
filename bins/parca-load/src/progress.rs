//! How it goes, while it goes: a table that is redrawn on a terminal, a line now and then elsewhere.

use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use load_engine::Hub;
use tokio_util::sync::CancellationToken;

use crate::table;

const REDRAW: Duration = Duration::from_secs(1);
const LINES: Duration = Duration::from_secs(10);

/// Shows progress on stderr until `stop`.
pub(crate) async fn show(hub: Arc<Hub>, stop: CancellationToken) {
    let mut screen = std::io::stderr().is_terminal().then(Screen::default);
    let mut lines_due = Instant::now() + LINES;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(REDRAW) => {}
        }
        // Asked for every second even where nothing is drawn: it bounds what the workers hold.
        let recent = hub.interval();
        let totals = hub.totals();
        match &mut screen {
            Some(screen) => screen.draw(&table::live(&totals, &recent)),
            None if Instant::now() >= lines_due => {
                lines_due += LINES;
                for lane in totals.lanes() {
                    tracing::info!(
                        lane = lane.name.as_ref(),
                        calls = lane.counts.calls,
                        missed = lane.counts.missed,
                        failed = lane.counts.failed,
                        p50 = lane.response().quantile(0.5).map(table::duration),
                        p99 = lane.response().quantile(0.99).map(table::duration),
                        received = table::bytes(table::received(lane)),
                        "progress"
                    );
                }
            }
            None => {}
        }
    }
}

/// Draws over what it drew before.
#[derive(Default)]
struct Screen {
    lines: usize,
}

impl Screen {
    fn draw(&mut self, lines: &[String]) {
        let mut frame = String::new();
        if self.lines > 0 {
            frame.push_str(&format!("\x1b[{}A", self.lines));
        }
        for line in lines {
            frame.push_str("\x1b[2K");
            frame.push_str(line);
            frame.push('\n');
        }
        self.lines = lines.len();
        // A terminal that is gone is no reason to stop measuring.
        let _gone = std::io::stderr().write_all(frame.as_bytes());
    }
}
