//! Values as people read them; whoever shows one keeps the exact value beside it.

use std::fmt;

/// A value with its unit as people read it: `1.5 s`, `3.25 MiB`, `12,345 samples`.
///
/// Three significant digits; times and sizes change to the unit that fits.
///
/// ```
/// use report_render::Human;
///
/// assert_eq!(Human { value: 1_500_000_000, unit: "nanoseconds" }.to_string(), "1.5 s");
/// assert_eq!(Human { value: -3_407_872, unit: "bytes" }.to_string(), "-3.25 MiB");
/// assert_eq!(Human { value: 12_345, unit: "count" }.to_string(), "12,345");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Human<'a> {
    /// The exact value.
    pub value: i64,
    /// The unit, by its name in pprof: `nanoseconds`, `bytes`, `count` and the like.
    pub unit: &'a str,
}

/// A share as people read it: `12.3 %`. Nothing divided by nothing is nothing: `0 %`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Percent {
    /// The part.
    pub part: i64,
    /// The whole.
    pub whole: i64,
}

/// Names of a unit and of its multiples, each with its size in the smallest one.
type Scale = &'static [(&'static str, f64)];

const TIME: Scale =
    &[("ns", 1.0), ("µs", 1e3), ("ms", 1e6), ("s", 1e9), ("min", 60e9), ("h", 3_600e9), ("d", 86_400e9)];
const SIZE: Scale = &[
    ("B", 1.0),
    ("KiB", 1024.0),
    ("MiB", 1_048_576.0),
    ("GiB", 1_073_741_824.0),
    ("TiB", 1_099_511_627_776.0),
    ("PiB", 1_125_899_906_842_624.0),
];

/// From here on a time is told in minutes: two of them, as below `90 s` says more than `1.5 min`.
const MINUTES_FROM: f64 = 120e9;

impl Human<'_> {
    /// The exact value with its unit: `1500000000 nanoseconds`; only the number if it is a count.
    pub fn exact(&self) -> impl fmt::Display + '_ {
        Exact(*self)
    }
}

impl Percent {
    /// The share, where 1 is the whole.
    pub fn share(self) -> f64 {
        if self.whole == 0 { 0.0 } else { self.part as f64 / self.whole as f64 }
    }
}

impl fmt::Display for Human<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match scale(self.unit) {
            Some((scale, factor)) => write_scaled(f, scale, self.value as f64 * factor),
            None => {
                write_grouped(f, self.value)?;
                match self.unit {
                    "" | "count" => Ok(()),
                    unit => write!(f, " {unit}"),
                }
            }
        }
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = self.share() * 100.0;
        match percent.abs() {
            0.0 => f.write_str("0 %"),
            size if size < 0.01 => write!(f, "{}0.01 %", if percent < 0.0 { "> -" } else { "< " }),
            size if size < 1.0 => write!(f, "{percent:.2} %"),
            _ => write!(f, "{percent:.1} %"),
        }
    }
}

struct Exact<'a>(Human<'a>);

impl fmt::Display for Exact<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.unit {
            "" | "count" => write!(f, "{}", self.0.value),
            unit => write!(f, "{} {unit}", self.0.value),
        }
    }
}

/// The scale of a unit and its size in the smallest of it.
fn scale(unit: &str) -> Option<(Scale, f64)> {
    Some(match unit {
        "nanoseconds" | "nanosecond" | "ns" => (TIME, 1.0),
        "microseconds" | "microsecond" | "us" | "µs" => (TIME, 1e3),
        "milliseconds" | "millisecond" | "ms" => (TIME, 1e6),
        "seconds" | "second" | "s" => (TIME, 1e9),
        "bytes" | "byte" | "B" => (SIZE, 1.0),
        "kilobytes" | "kib" | "KiB" => (SIZE, 1024.0),
        "megabytes" | "mib" | "MiB" => (SIZE, 1_048_576.0),
        _ => return None,
    })
}

fn write_scaled(f: &mut fmt::Formatter<'_>, scale: Scale, value: f64) -> fmt::Result {
    let fits = |(name, size): &&(&str, f64)| {
        value.abs() >= size.max(if *name == "min" { MINUTES_FROM } else { 0.0 })
    };
    let (name, size) = scale.iter().rev().find(fits).unwrap_or(&scale[0]);
    let value = value / size;
    let digits = match value.abs() {
        size if size >= 99.95 => 0,
        size if size >= 9.995 => 1,
        _ => 2,
    };
    let number = format!("{value:.digits$}");
    let number = if digits > 0 { number.trim_end_matches('0').trim_end_matches('.') } else { &number };
    write!(f, "{number} {name}")
}

/// The number with a comma between groups of three digits.
fn write_grouped(f: &mut fmt::Formatter<'_>, value: i64) -> fmt::Result {
    let digits = value.unsigned_abs().to_string();
    if value < 0 {
        f.write_str("-")?;
    }
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            f.write_str(",")?;
        }
        write!(f, "{digit}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: i64, unit: &str, human: &str, exact: &str) {
        let value = Human { value, unit };
        assert_eq!((value.to_string().as_str(), value.exact().to_string().as_str()), (human, exact));
    }

    #[test]
    fn values_have_the_unit_that_fits_and_keep_the_exact_one() {
        check(0, "nanoseconds", "0 ns", "0 nanoseconds");
        check(999, "nanoseconds", "999 ns", "999 nanoseconds");
        check(1_234_567, "nanoseconds", "1.23 ms", "1234567 nanoseconds");
        check(12_345, "us", "12.3 ms", "12345 us");
        check(90_000_000_000, "nanoseconds", "90 s", "90000000000 nanoseconds");
        check(150, "seconds", "2.5 min", "150 seconds");
        check(i64::MAX, "nanoseconds", "106752 d", "9223372036854775807 nanoseconds");
        check(1023, "bytes", "1023 B", "1023 bytes");
        check(1 << 20, "bytes", "1 MiB", "1048576 bytes");
        check(i64::MIN, "bytes", "-8192 PiB", "-9223372036854775808 bytes");
        check(-1234, "count", "-1,234", "-1234");
        check(1_000_000, "samples", "1,000,000 samples", "1000000 samples");
    }

    #[test]
    fn shares_never_show_a_part_as_nothing() {
        let check = |part, whole, expect: &str| assert_eq!(Percent { part, whole }.to_string(), expect);
        check(0, 0, "0 %");
        check(5, 0, "0 %");
        check(1, 3, "33.3 %");
        check(1, 1000, "0.10 %");
        check(1, 1_000_000, "< 0.01 %");
        check(-1, 1_000_000, "> -0.01 %");
        check(i64::MAX, i64::MAX, "100.0 %");
    }
}
