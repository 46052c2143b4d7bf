//! The engine's own CPU time per call, with a workload that does nothing: `cargo bench -p parca-tools-load-engine`.
//! What counts is CPU, not wall time: it holds on a box that is busy with other things.
#![allow(clippy::print_stdout)]

use std::time::Instant;

use load_engine::{CallContext, Lane, Outcome, Pace, Plan, SeriesKey, Summary, Tick, Verdict, Workload, run};
use tokio_util::sync::CancellationToken;

struct Nothing {
    key: SeriesKey,
}

impl Workload for Nothing {
    type Lane = ();
    type Call = ();

    fn calls(&self, _: &Tick) -> Vec<()> {
        vec![()]
    }

    fn series(&self, (): &()) -> SeriesKey {
        self.key.clone()
    }

    async fn call(&self, (): &(), _: &CallContext<'_>) -> Outcome {
        let sent = Instant::now();
        Outcome { first_byte: Some(sent), ..Outcome::new("ok", Verdict::Success, sent, Instant::now()) }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // cargo test runs benches too, with `--test`: then only prove that they work.
    let scale = if std::env::args().any(|arg| arg == "--bench") { 1 } else { 100 };
    println!("lane                     calls   CPU us/call   lag p50   lag p99   valid");
    bench("closed, 64 users", Pace::closed(64), 2_000_000 / scale)?;
    for rate in [1_000_u32, 5_000, 20_000, 100_000, 400_000] {
        bench(&format!("rate {rate}/s"), Pace::rate(f64::from(rate)), u64::from(rate) * 4 / scale)?;
    }
    Ok(())
}

fn bench(name: &str, pace: Pace, calls: u64) -> Result<(), Box<dyn std::error::Error>> {
    let mut lane = Lane::new(name, pace);
    lane.max_ticks = Some(calls);
    let make = |_| Nothing { key: SeriesKey::new("nothing", [("range", "15m0s"), ("labels", "all")]) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let summary = runtime.block_on(run(Plan::new([lane]), make, CancellationToken::new()))?;
    report(name, &summary);
    Ok(())
}

fn report(name: &str, summary: &Summary) {
    let lane = &summary.totals.lanes()[0];
    let cpu = summary.workers[0].cpu.unwrap_or_default();
    let per_call = cpu.as_secs_f64() * 1e6 / lane.counts.calls.max(1) as f64;
    let lag = |quantile| lane.lag.quantile(quantile).map_or("-".to_owned(), |lag| format!("{lag:.1?}"));
    println!(
        "{name:<20} {:>9} {per_call:>13.2} {:>9} {:>9} {:>7?}",
        lane.counts.calls,
        lag(0.5),
        lag(0.99),
        summary.validity.valid
    );
}
