//! Durations as Go prints them: dashboards select by `range="15m0s"`.

use std::time::Duration;

/// Go's `Duration.String()`.
pub fn go_duration(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    match nanos {
        0 => "0s".to_owned(),
        1..1_000 => format!("{nanos}ns"),
        1_000..1_000_000 => format!("{}µs", fraction(nanos, 1_000)),
        1_000_000..1_000_000_000 => format!("{}ms", fraction(nanos, 1_000_000)),
        _ => {
            let seconds = duration.as_secs();
            let (hours, minutes) = (seconds / 3600, seconds % 3600 / 60);
            let rest = fraction(nanos - u128::from(seconds - seconds % 60) * 1_000_000_000, 1_000_000_000);
            match (hours, minutes) {
                (0, 0) => format!("{rest}s"),
                (0, _) => format!("{minutes}m{rest}s"),
                _ => format!("{hours}h{minutes}m{rest}s"),
            }
        }
    }
}

fn fraction(value: u128, unit: u128) -> String {
    let digits = unit.ilog10() as usize;
    let text = format!("{}.{:0digits$}", value / unit, value % unit);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_go_prints_them() {
        let check = |nanos: u64, expect: &str| assert_eq!(go_duration(Duration::from_nanos(nanos)), expect);
        check(0, "0s");
        check(1, "1ns");
        check(1_100, "1.1µs");
        check(2_200_000, "2.2ms");
        check(3_300_000_000, "3.3s");
        check(60_000_000_000, "1m0s");
        check(245_000_000_000, "4m5s");
        check(245_001_000_000, "4m5.001s");
        check(900_000_000_000, "15m0s");
        check(168 * 3_600_000_000_000, "168h0m0s");
        check(5_025_001_000_000, "1h23m45.001s");
    }
}
