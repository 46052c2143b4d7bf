//! When a profile is due: at a phase of its own in the interval, that stays the same over restarts.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// The first time, at most an interval from now. Phases are those of the wall clock, so that they stay over a
/// restart; afterwards only the monotonic clock counts.
pub(super) fn first(identity: u64, interval: Duration, wall: SystemTime, now: Instant) -> Instant {
    let interval = interval.as_nanos().max(1);
    let since = wall.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos();
    let phase = u128::from(spread(identity)) % interval;
    let wait = (interval + phase - since % interval) % interval;
    now + Duration::from_nanos(u64::try_from(wait).unwrap_or_default())
}

/// The time after `due`, where a scrape has just ended at `now`: the next one of the row, or at once if that has
/// passed. Of those that passed altogether, none is made up for.
pub(super) fn next(due: Instant, interval: Duration, now: Instant) -> (Instant, u64) {
    let next = due + interval;
    let late = now.saturating_duration_since(next);
    let missed = late.as_nanos() / interval.as_nanos().max(1);
    let missed = u32::try_from(missed).unwrap_or(u32::MAX);
    (next + interval * missed, u64::from(missed))
}

/// Hashes of like targets are made unlike.
fn spread(hash: u64) -> u64 {
    let mixed = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed ^ (mixed >> 27)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn phases_stay_and_are_spread() {
        let (wall, now) = (SystemTime::UNIX_EPOCH + Duration::from_millis(1_800_000_003_250), Instant::now());
        let at = |identity, wall| first(identity, 10 * SECOND, wall, now) - now;
        let phase = |wait: Duration, wall: SystemTime| {
            (wall + wait).duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis() % 10_000
        };
        let later = wall + Duration::from_millis(7_777);
        assert_eq!(phase(at(7, wall), wall), phase(at(7, later), later));
        let tenths: std::collections::BTreeSet<u64> = (0..100).map(|id| at(id, wall).as_secs()).collect();
        assert_eq!(tenths.len(), 10, "hundred targets come in every second of ten");
        assert!((0..100).all(|id| at(id, wall) < 10 * SECOND));
    }

    #[test]
    fn a_scrape_that_ran_into_the_next_interval_loses_none() {
        let due = Instant::now();
        let check = |ended: Duration, wait: Duration, missed| {
            assert_eq!(next(due, 10 * SECOND, due + ended), (due + wait, missed), "{ended:?}");
        };
        check(SECOND, 10 * SECOND, 0);
        check(10 * SECOND + SECOND / 10, 10 * SECOND, 0);
        check(19 * SECOND, 10 * SECOND, 0);
        check(20 * SECOND, 20 * SECOND, 1);
        check(45 * SECOND, 40 * SECOND, 3);
    }
}
