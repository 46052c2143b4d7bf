//! The one table of units: how they are written, what they measure, and how large they are.

/// What a unit measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dimension {
    /// Time; the smallest unit is the nanosecond.
    Time,
    /// Size in memory; the smallest unit is the byte.
    Size,
    /// A number of things; there is one unit.
    Count,
}

/// A unit of values that is known, whichever way it is written: `ns`, `nanosecond` and `nanoseconds` are one.
///
/// ```
/// use profile_model::{Dimension, Unit};
///
/// let ms = Unit::of("milliseconds").expect("it is in the table");
/// assert_eq!((ms, ms.dimension()), (Unit::of("ms").unwrap(), Dimension::Time));
/// assert_eq!(ms.in_smallest(), 1_000_000);
/// assert_eq!(Unit::of("widgets"), None);
/// ```
///
/// The ways are those of Google's pprof (its `measurement` package takes singular, plural and short forms and
/// counts kilobytes by 1024) and those that Parca, Pyroscope and people's limits have beside them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Unit(u8);

struct Entry {
    dimension: Dimension,
    /// How the unit is written in pprof.
    name: &'static str,
    /// How it is shown behind a number.
    symbol: &'static str,
    /// How many of the smallest unit of its dimension it is.
    size: i64,
    /// The other ways, in lower case.
    also: &'static [&'static str],
}

const fn entry(
    dimension: Dimension,
    name: &'static str,
    symbol: &'static str,
    size: i64,
    also: &'static [&'static str],
) -> Entry {
    Entry { dimension, name, symbol, size, also }
}

/// By dimension and size.
const TABLE: [Entry; 14] = [
    entry(Dimension::Count, "count", "", 1, &["", "counts"]),
    entry(Dimension::Time, "nanoseconds", "ns", 1, &["nanosecond", "nsec", "nanos"]),
    entry(Dimension::Time, "microseconds", "µs", 1000, &["microsecond", "us", "usec", "μs", "micros"]),
    entry(Dimension::Time, "milliseconds", "ms", 1_000_000, &["millisecond", "msec", "millis"]),
    entry(Dimension::Time, "seconds", "s", 1_000_000_000, &["second", "sec", "secs"]),
    entry(Dimension::Time, "minutes", "min", 60_000_000_000, &["minute", "mins"]),
    entry(Dimension::Time, "hours", "h", 3_600_000_000_000, &["hour", "hr", "hrs"]),
    entry(Dimension::Time, "days", "d", 86_400_000_000_000, &["day"]),
    entry(Dimension::Size, "bytes", "B", 1, &["byte", "b"]),
    entry(
        Dimension::Size,
        "kilobytes",
        "KiB",
        1 << 10,
        &["kilobyte", "kib", "kb", "kbyte", "kbytes", "kibibytes"],
    ),
    entry(
        Dimension::Size,
        "megabytes",
        "MiB",
        1 << 20,
        &["megabyte", "mib", "mb", "mbyte", "mbytes", "mebibytes"],
    ),
    entry(
        Dimension::Size,
        "gigabytes",
        "GiB",
        1 << 30,
        &["gigabyte", "gib", "gb", "gbyte", "gbytes", "gibibytes"],
    ),
    entry(
        Dimension::Size,
        "terabytes",
        "TiB",
        1 << 40,
        &["terabyte", "tib", "tb", "tbyte", "tbytes", "tebibytes"],
    ),
    entry(
        Dimension::Size,
        "petabytes",
        "PiB",
        1 << 50,
        &["petabyte", "pib", "pb", "pbyte", "pbytes", "pebibytes"],
    ),
];

impl Unit {
    /// The unit that is written so; case does not count. Nothing for units that are only names, such as
    /// `samples` and `objects`.
    pub fn of(text: &str) -> Option<Self> {
        let lower = text.trim().to_lowercase();
        let is_it = |entry: &Entry| {
            entry.name == lower
                || entry.symbol.to_lowercase() == lower
                || entry.also.contains(&lower.as_str())
        };
        TABLE.iter().position(is_it).map(|at| Self(at as u8))
    }

    /// All units of a dimension, the smallest first.
    pub fn all(dimension: Dimension) -> impl DoubleEndedIterator<Item = Self> {
        (0..TABLE.len() as u8).map(Self).filter(move |unit| unit.dimension() == dimension)
    }

    /// What it measures.
    pub fn dimension(self) -> Dimension {
        self.entry().dimension
    }

    /// The unit as pprof writes it: `nanoseconds`.
    pub fn name(self) -> &'static str {
        self.entry().name
    }

    /// The unit as it stands behind a number: `ns`; nothing for a count.
    pub fn symbol(self) -> &'static str {
        self.entry().symbol
    }

    /// How many of the smallest unit of its dimension it is.
    pub fn in_smallest(self) -> i64 {
        self.entry().size
    }

    /// The unit in which values of both can be compared, and what values of each are multiplied by for that:
    /// the finer one of the two. Nothing where they measure different things.
    pub fn common(self, other: Self) -> Option<(Self, [i64; 2])> {
        if self.dimension() != other.dimension() {
            return None;
        }
        let finer = if self.in_smallest() <= other.in_smallest() { self } else { other };
        let factor = |unit: Self| unit.in_smallest() / finer.in_smallest();
        Some((finer, [factor(self), factor(other)]))
    }

    fn entry(self) -> &'static Entry {
        &TABLE[usize::from(self.0)]
    }
}

/// The factors that make values of two units comparable, and the name of the unit that they have then. Units that
/// are only names are comparable with themselves.
pub fn comparable(a: &str, b: &str) -> Option<(String, [i64; 2])> {
    match (Unit::of(a), Unit::of(b)) {
        (Some(a_unit), Some(b_unit)) => {
            let (finer, factors) = a_unit.common(b_unit)?;
            let name = if a == b { a.to_owned() } else { finer.name().to_owned() };
            Some((name, factors))
        }
        _ => (a == b).then(|| (a.to_owned(), [1, 1])),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_way_of_writing_is_one_unit() {
        let check = |ways: &[&str], name: &str| {
            for way in ways {
                assert_eq!(Unit::of(way).unwrap().name(), name, "{way}");
            }
        };
        check(&["", "count", "Count"], "count");
        check(&["ns", "nanosecond", "nanoseconds", "nanos"], "nanoseconds");
        check(&["us", "µs", "μs", "microseconds"], "microseconds");
        check(&["ms", "Milliseconds"], "milliseconds");
        check(&["s", "sec", "seconds"], "seconds");
        check(&["min", "minutes"], "minutes");
        check(&["h", "hrs", "hours"], "hours");
        check(&["B", "b", "bytes", "byte"], "bytes");
        check(&["kB", "KiB", "kilobytes"], "kilobytes");
        check(&["GiB", "gb"], "gigabytes");
        for other in ["samples", "objects", "m", "x"] {
            assert_eq!(Unit::of(other), None, "{other}");
        }
    }

    #[test]
    fn no_way_of_writing_is_two_units() {
        let mut owners = std::collections::HashMap::new();
        for (at, entry) in TABLE.iter().enumerate() {
            for way in [entry.name, entry.symbol].iter().chain(entry.also) {
                let owner = *owners.entry(way.to_lowercase()).or_insert(at);
                assert!(owner == at, "{way} is of two units");
            }
        }
    }

    #[test]
    fn values_are_compared_in_the_finer_unit() {
        let check = |a: &str, b: &str, expect: Option<(&str, [i64; 2])>| {
            assert_eq!(comparable(a, b), expect.map(|(unit, factors)| (unit.to_owned(), factors)), "{a} {b}");
        };
        check("ns", "nanoseconds", Some(("nanoseconds", [1, 1])));
        check("ms", "ns", Some(("nanoseconds", [1_000_000, 1])));
        check("us", "us", Some(("us", [1, 1])));
        check("minutes", "s", Some(("seconds", [60, 1])));
        check("samples", "samples", Some(("samples", [1, 1])));
        check("samples", "count", None);
        check("bytes", "ns", None);
    }
}
