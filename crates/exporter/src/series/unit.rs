//! Units of values, and what they become.

use std::time::Duration;

use profile_model::{Dimension, Unit as ServerUnit};

use crate::settings::{Unit, ValueKind};

/// How values become what is sent, and what that is called.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Scale {
    /// Values are divided by it: a power of ten, where a factor below one would not be exact.
    pub(crate) divisor: f64,
    /// The unit of what is sent, for metadata.
    pub(crate) unit: String,
}

/// How many of a server's units of time a second has.
pub(crate) fn per_second(unit: &str) -> Option<f64> {
    let unit = ServerUnit::of(unit).filter(|unit| unit.dimension() == Dimension::Time)?;
    Some(1e9 / unit.in_smallest() as f64)
}

/// How many of a server's units of memory a byte has; those of pprof are powers of 1024.
pub(crate) fn per_byte(unit: &str) -> Option<f64> {
    let unit = ServerUnit::of(unit).filter(|unit| unit.dimension() == Dimension::Size)?;
    Some(1.0 / unit.in_smallest() as f64)
}

impl Scale {
    /// The scale for values in the server's unit. A unit that cannot be converted stays as it is; the
    /// config has been checked against that.
    pub(crate) fn new(kind: ValueKind, server_unit: &str, wanted: Option<Unit>, window: Duration) -> Self {
        let wanted = wanted.and_then(|unit| match unit {
            Unit::Seconds => Some((per_second(server_unit)?, "seconds")),
            Unit::Bytes => Some((per_byte(server_unit)?, "bytes")),
        });
        let (divisor, unit) = wanted.unwrap_or((1.0, server_unit));
        match kind {
            ValueKind::Ratio => Self { divisor: 1.0, unit: "ratio".to_owned() },
            ValueKind::WindowSum => Self { divisor, unit: unit.to_owned() },
            ValueKind::PerSecond => match per_second(server_unit) {
                Some(units) => Self { divisor: units * window.as_secs_f64(), unit: "cores".to_owned() },
                None => Self { divisor: divisor * window.as_secs_f64(), unit: format!("{unit}_per_second") },
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_converted_as_asked() {
        let check = |kind, server, wanted, expect: (f64, &str)| {
            let scale = Scale::new(kind, server, wanted, Duration::from_secs(20));
            assert_eq!((scale.divisor, scale.unit.as_str()), expect);
        };
        check(ValueKind::WindowSum, "nanoseconds", None, (1.0, "nanoseconds"));
        check(ValueKind::WindowSum, "nanoseconds", Some(Unit::Seconds), (1e9, "seconds"));
        check(ValueKind::WindowSum, "kilobytes", Some(Unit::Bytes), (1.0 / 1024.0, "bytes"));
        check(ValueKind::WindowSum, "count", Some(Unit::Bytes), (1.0, "count"));
        check(ValueKind::PerSecond, "nanoseconds", None, (20e9, "cores"));
        check(ValueKind::PerSecond, "bytes", None, (20.0, "bytes_per_second"));
        check(ValueKind::Ratio, "nanoseconds", Some(Unit::Seconds), (1.0, "ratio"));
    }
}
