//! Sampler reports as one profile.

use std::time::SystemTime;

use pprof::{Frames, Report, Symbol};
use profile_model::{Function, Line, Location, LocationId, Profile, Sample, Symbols, ValueType};

pub(crate) fn fold<'a>(
    reports: impl Iterator<Item = &'a Report>,
    started: SystemTime,
    frequency: u32,
) -> Profile {
    let period = i64::from(1_000_000_000 / frequency);
    let mut profile =
        Profile::new(vec![ValueType::new("samples", "count"), ValueType::new("cpu", "nanoseconds")]);
    profile.period_type = Some(ValueType::new("cpu", "nanoseconds"));
    profile.period = period;
    profile.time_nanos = nanos(started);
    profile.duration_nanos = now_nanos().saturating_sub(nanos(started)).max(1);
    for report in reports {
        for (frames, count) in &report.data {
            let count = i64::try_from(*count).unwrap_or(i64::MAX);
            let stack = stack(&mut profile.symbols, frames);
            let stack = profile.symbols.intern_stack(&stack);
            let values = [count, count.saturating_mul(period)];
            profile.samples.push(Sample { stack, values: &values, labels: &[] });
        }
    }
    profile
}

/// Leaf first, as the unwinder gives it; without the frames of the unwinder itself, which it leaves
/// there if they were not inlined.
fn stack(symbols: &mut Symbols, frames: &Frames) -> Vec<LocationId> {
    let frames = frames.frames.iter().skip_while(|inlined| inlined.iter().all(is_unwinder));
    frames.map(|inlined| location(symbols, inlined)).collect()
}

fn is_unwinder(symbol: &Symbol) -> bool {
    let name = symbol.name();
    ["backtrace::", "pprof::", "<pprof::"].iter().any(|prefix| name.starts_with(prefix))
}

fn location(symbols: &mut Symbols, innermost_first: &[Symbol]) -> LocationId {
    let lines: Vec<Line> = innermost_first.iter().map(|symbol| line(symbols, symbol)).collect();
    symbols.intern_location(Location { mapping: None, address: 0, is_folded: false, lines: &lines })
}

fn line(symbols: &mut Symbols, symbol: &Symbol) -> Line {
    let filename = symbol.filename.as_ref().map(|path| path.to_string_lossy().into_owned());
    let function = Function {
        name: symbols.intern_string(&symbol.name()),
        system_name: symbols.intern_string(&symbol.sys_name()),
        filename: symbols.intern_string(filename.as_deref().unwrap_or_default()),
        start_line: 0,
    };
    let function = symbols.intern_function(function);
    Line { function: Some(function), line: symbol.lineno.map_or(0, i64::from), column: 0 }
}

fn nanos(time: SystemTime) -> i64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

pub(crate) fn now_nanos() -> i64 {
    nanos(SystemTime::now())
}
