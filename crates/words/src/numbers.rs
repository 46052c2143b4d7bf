use std::time::Duration;

/// A span with three digits and the unit that fits: `1.23ms`, `45s`.
pub fn span(span: Duration) -> String {
    let nanos = span.as_secs_f64() * 1e9;
    let (value, unit) = match nanos {
        n if n < 1e3 => (n, "ns"),
        n if n < 1e6 => (n / 1e3, "us"),
        n if n < 1e9 => (n / 1e6, "ms"),
        n => (n / 1e9, "s"),
    };
    format!("{}{unit}", three_digits(value))
}

/// A number of at least 0 with three digits, or all of those before the point.
pub fn three_digits(value: f64) -> String {
    match value {
        v if v.fract() == 0.0 && v < 1000.0 => format!("{v}"),
        v if v < 9.995 => format!("{v:.2}"),
        v if v < 99.95 => format!("{v:.1}"),
        v => format!("{v:.0}"),
    }
}

/// A count with what is counted, one of it or many: `1 segment`, `2 segments`.
pub fn counted(count: impl Into<u128>, one: &str, many: &str) -> String {
    let count = count.into();
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_not_many() {
        let check = |count: u64, expect: &str| assert_eq!(counted(count, "query", "queries"), expect);
        check(0, "0 queries");
        check(1, "1 query");
        check(2, "2 queries");
    }

    #[test]
    fn spans_have_three_digits_and_a_unit() {
        let check = |nanos: u64, expect: &str| assert_eq!(span(Duration::from_nanos(nanos)), expect);
        check(0, "0ns");
        check(999, "999ns");
        check(1_234, "1.23us");
        check(12_345_678, "12.3ms");
        check(9_999_000, "10.0ms");
        check(150_000_000_000, "150s");
    }
}
