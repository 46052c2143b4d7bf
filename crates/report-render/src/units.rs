//! Values as people read them; whoever shows one keeps the exact value beside it.

use std::fmt;

use profile_model::{Dimension, Unit};

/// A value with its unit as people read it: `1.5 s`, `3.25 MiB`, `12,345 samples`.
///
/// Three significant digits; times and sizes change to the unit that fits.
///
/// ```
/// use report_render::Human;
///
/// assert_eq!(Human::new(1_500_000_000, "nanoseconds").to_string(), "1.5 s");
/// assert_eq!(Human::new(-3_407_872, "bytes").to_string(), "-3.25 MiB");
/// assert_eq!(Human::new(12_345, "count").to_string(), "12,345");
/// assert_eq!(Human::fraction(0.3, "seconds"), "300 ms");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Human<'a> {
    /// The exact value.
    pub value: i128,
    /// The unit, in any way of writing that [`Unit::of`] knows, or a name such as `samples`.
    pub unit: &'a str,
}

/// A share as people read it: `12.3 %`. Nothing divided by nothing is nothing: `0 %`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Percent {
    /// The part.
    pub part: i128,
    /// The whole.
    pub whole: i128,
}

/// From here on a time is told in minutes: two of them, as below `90 s` says more than `1.5 min`.
const MINUTES_FROM: f64 = 120e9;

impl<'a> Human<'a> {
    /// A value with its unit.
    pub fn new(value: impl Into<i128>, unit: &'a str) -> Self {
        Self { value: value.into(), unit }
    }

    /// The exact value with its unit: `1500000000 nanoseconds`; only the number if it is a count.
    pub fn exact(&self) -> impl fmt::Display + 'a {
        Exact(*self)
    }

    /// A value that may lie between whole numbers, such as a rate or a mean, as people read it: `0.25`, `300 ms`.
    pub fn fraction(value: f64, unit: &str) -> String {
        match Unit::of(unit).filter(|unit| unit.dimension() != Dimension::Count) {
            Some(unit) => {
                Scaled { value: value * unit.in_smallest() as f64, dimension: unit.dimension() }.to_string()
            }
            // A cast from floats saturates.
            None if value.abs() >= 100.0 || value.fract() == 0.0 => {
                Human::new(value.round() as i64, unit).to_string()
            }
            None => with_name(&trimmed(value, 2), unit),
        }
    }
}

impl Percent {
    /// The share of a whole.
    pub fn new(part: impl Into<i128>, whole: impl Into<i128>) -> Self {
        Self { part: part.into(), whole: whole.into() }
    }

    /// The share, where 1 is the whole.
    pub fn share(self) -> f64 {
        if self.whole == 0 { 0.0 } else { self.part as f64 / self.whole as f64 }
    }
}

impl fmt::Display for Human<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Unit::of(self.unit).filter(|unit| unit.dimension() != Dimension::Count) {
            Some(unit) => {
                Scaled { value: self.value as f64 * unit.in_smallest() as f64, dimension: unit.dimension() }
                    .fmt(f)
            }
            None => f.write_str(&with_name(&grouped(self.value), self.unit)),
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
        f.write_str(&with_name(&self.0.value.to_string(), self.0.unit))
    }
}

/// A count has no name behind the number.
fn with_name(number: &str, unit: &str) -> String {
    match unit {
        "" | "count" => number.to_owned(),
        unit => format!("{number} {}", words::safe(unit)),
    }
}

/// A value in the smallest unit of its dimension, in the unit that fits.
struct Scaled {
    value: f64,
    dimension: Dimension,
}

impl fmt::Display for Scaled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let least = |unit: Unit| match unit.symbol() {
            "min" => MINUTES_FROM,
            _ => unit.in_smallest() as f64,
        };
        let mut units = Unit::all(self.dimension).rev();
        let smallest = Unit::all(self.dimension).next().expect("each dimension has units");
        let unit = units.find(|unit| self.value.abs() >= least(*unit)).unwrap_or(smallest);
        let value = self.value / unit.in_smallest() as f64;
        let digits = match value.abs() {
            size if size >= 99.95 => 0,
            size if size >= 9.995 => 1,
            _ => 2,
        };
        write!(f, "{} {}", trimmed(value, digits), unit.symbol())
    }
}

/// A number with so many digits behind the point at most, and no zeros at its end.
fn trimmed(value: f64, digits: usize) -> String {
    let number = format!("{value:.digits$}");
    if digits == 0 { number } else { number.trim_end_matches('0').trim_end_matches('.').to_owned() }
}

/// The number with a comma between groups of three digits.
fn grouped(value: i128) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut grouped = String::from(if value < 0 { "-" } else { "" });
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: i64, unit: &str, human: &str, exact: &str) {
        let value = Human::new(value, unit);
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
        check(5, "minutes", "5 min", "5 minutes");
        check(3, "gigabytes", "3 GiB", "3 gigabytes");
        check(7, "sec", "7 s", "7 sec");
    }

    #[test]
    fn rates_keep_their_fractions() {
        let check = |value: f64, unit: &str, expect: &str| assert_eq!(Human::fraction(value, unit), expect);
        check(0.3, "seconds", "300 ms");
        check(0.0004, "ms", "400 ns");
        check(0.25, "count", "0.25");
        check(0.25, "samples", "0.25 samples");
        check(1234.5, "count", "1,235");
        check(-1.5, "bytes", "-1.5 B");
        check(0.0, "ns", "0 ns");
        check(2.0, "count", "2");
    }

    #[test]
    fn shares_never_show_a_part_as_nothing() {
        let check =
            |part: i64, whole: i64, expect: &str| assert_eq!(Percent::new(part, whole).to_string(), expect);
        check(0, 0, "0 %");
        check(5, 0, "0 %");
        check(1, 3, "33.3 %");
        check(1, 1000, "0.10 %");
        check(1, 1_000_000, "< 0.01 %");
        check(-1, 1_000_000, "> -0.01 %");
        check(i64::MAX, i64::MAX, "100.0 %");
    }
}
