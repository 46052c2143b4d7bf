//! How the recording was made, which it says in events of its own.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use super::chunk::Chunk;
use super::error::Result;
use super::metadata::Types;
use super::pools::Pools;

pub(super) const EVENT: &str = "jdk.ActiveSetting";
const EXECUTION: &str = "jdk.ExecutionSample";

/// What is of use of a chunk's settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Settings {
    /// What async-profiler samples.
    pub(super) event: Option<String>,
    /// async-profiler's distance between two samples; of time only if the event is one of time.
    interval: Option<i64>,
    /// async-profiler's distance between two samples of the clock on the wall, where it samples something else, too.
    wall: Option<i64>,
    /// The JDK's distance between two samples of a thread.
    period: Option<i64>,
}

/// As Pyroscope takes it where nobody says.
const USUAL_PERIOD: i64 = 10_000_000;
/// The longest value that is looked at.
const MAX_VALUE: usize = 256;

impl Settings {
    pub(super) fn read<'a>(chunk: &Chunk<'a>, types: &Types, pools: &mut Pools<'_, 'a>) -> Result<Self> {
        let at = chunk.events.at();
        let mut layouts = HashMap::new();
        for (id, _) in types.named(EVENT) {
            layouts.insert(id, pools.layout(id, at, ["id", "name", "value"])?);
        }
        let executions: HashSet<u64> = types.named(EXECUTION).map(|(id, _)| id).collect();
        let mut settings = Self::default();
        chunk.each_event(|mut event| {
            let Some(layout) = layouts.get(&event.type_id) else { return Ok(()) };
            let [id, name, value] = layout.read(&mut event.body)?;
            let (name, value) = (pools.text(name.text()), pools.text(value.text()));
            if value.max_bytes() > MAX_VALUE {
                return Ok(());
            }
            let is_execution = id.number().is_some_and(|id| executions.contains(&id));
            match () {
                () if name.is("event") => settings.event = Some(value.chars().into_owned()),
                () if name.is("interval") => settings.interval = nanoseconds(&value.chars()),
                () if name.is("wall") => settings.wall = nanoseconds(&value.chars()),
                () if name.is("period") && is_execution => settings.period = span(&value.chars()),
                () => {}
            }
            Ok(())
        })?;
        settings.event = settings.event.filter(|event| !event.is_empty());
        Ok(settings)
    }

    /// Whether samples of threads are of the clock on the wall.
    pub(super) fn is_wall(&self) -> bool {
        self.event.as_deref() == Some("wall")
    }

    /// How many nanoseconds a sample of a thread stands for.
    pub(super) fn period(&self, given: Option<Duration>) -> i64 {
        let is_time = self.event.as_deref().is_none_or(|event| TIMES.contains(&event));
        let given = given.map(|given| i64::try_from(given.as_nanos()).unwrap_or(i64::MAX).max(1));
        given.or(self.period).or(self.interval.filter(|_| is_time)).unwrap_or(USUAL_PERIOD)
    }

    /// How many nanoseconds a sample of the clock on the wall stands for.
    pub(super) fn wall_period(&self, given: Option<Duration>) -> i64 {
        self.wall.unwrap_or_else(|| self.period(given))
    }
}

/// The events of async-profiler whose interval is a time.
const TIMES: [&str; 5] = ["cpu", "itimer", "ctimer", "wall", "cpu-clock"];

/// A number of nanoseconds above 0.
fn nanoseconds(text: &str) -> Option<i64> {
    text.parse().ok().filter(|value| *value > 0)
}

/// `20 ms`, as the JDK writes spans of time.
fn span(text: &str) -> Option<i64> {
    let (number, unit) = text.split_once(' ')?;
    let factor = match unit {
        "ns" => 1,
        "us" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        _ => return None,
    };
    nanoseconds(number).map(|number| number.saturating_mul(factor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_as_the_jdk_writes_them() {
        for (text, expect) in [
            ("20 ms", Some(20_000_000)),
            ("1 s", Some(1_000_000_000)),
            ("500 us", Some(500_000)),
            ("7 ns", Some(7)),
            ("2 m", Some(120_000_000_000)),
            ("everyChunk", None),
            ("0 ms", None),
            ("-1 ms", None),
            ("9223372036854775807 s", Some(i64::MAX)),
            ("1 fortnight", None),
        ] {
            assert_eq!(span(text), expect, "{text}");
        }
    }

    #[test]
    fn a_period_is_the_callers_or_the_recordings_or_the_usual_one() {
        let of = |event: Option<&str>, interval, wall, period| {
            let settings = Settings { event: event.map(str::to_owned), interval, wall, period };
            let given = Some(Duration::from_millis(1));
            [
                settings.period(None),
                settings.period(given),
                settings.wall_period(None),
                settings.wall_period(given),
            ]
        };
        let usual = USUAL_PERIOD;
        assert_eq!(of(None, None, None, None), [usual, 1_000_000, usual, 1_000_000]);
        assert_eq!(of(None, None, None, Some(7)), [7, 1_000_000, 7, 1_000_000]);
        assert_eq!(of(Some("itimer"), Some(5), Some(9), None), [5, 1_000_000, 9, 9]);
        assert_eq!(of(Some("wall"), Some(5), None, None), [5, 1_000_000, 5, 1_000_000]);
        // An interval of cache misses is no time.
        assert_eq!(of(Some("cache-misses"), Some(5), None, None), [usual, 1_000_000, usual, 1_000_000]);
    }
}
