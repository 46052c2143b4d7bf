use std::io::{self, Write};

use serde::Serialize;

use super::{Change, Diff, Pair, Row, Verdict};

#[derive(Serialize)]
struct Document<'a> {
    #[serde(rename = "type")]
    value_type: &'a str,
    unit: &'a str,
    normalised: &'static str,
    total: Values,
    whole: Wholes,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    no_base: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<Seconds>,
    functions: Vec<Function<'a>>,
    conditions: Vec<Condition<'a>>,
}

#[derive(Serialize)]
struct Wholes {
    base: i128,
    compared: i128,
}

#[derive(Serialize)]
struct Seconds {
    base: f64,
    compared: f64,
}

#[derive(Serialize)]
struct Function<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    file: &'a str,
    presence: &'static str,
    flat: Values,
    cumulative: Values,
}

#[derive(Serialize)]
struct Values {
    base: i64,
    compared: i64,
    /// Points, unit per second, or unit.
    change: f64,
    /// Nothing where the base is nothing.
    relative_percent: Option<f64>,
}

#[derive(Serialize)]
struct Condition<'a> {
    condition: &'a str,
    met: bool,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    functions: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    unchecked: &'a Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    skipped: &'a Option<String>,
}

/// Writes a comparison and what conditions say about it as one object: `type`, `unit`, `normalised`
/// (`share`, `second`, `none`), `total`, `whole` (what shares are of), `seconds` where they are known, `functions` in their order, and
/// `conditions`. Values are exact; `change` is in percentage points, in the unit per second, or in the unit.
///
/// # Errors
/// If `out` fails.
pub fn json(diff: &Diff, verdicts: &[Verdict], out: &mut impl Write) -> io::Result<()> {
    let document = Document {
        value_type: &diff.value_type.name,
        unit: &diff.value_type.unit,
        normalised: diff.normalise().as_str(),
        total: values(&diff.total()),
        whole: Wholes { base: diff.wholes()[0], compared: diff.wholes()[1] },
        no_base: diff.has_no_base,
        seconds: diff.seconds().map(|[base, compared]| Seconds { base, compared }),
        functions: diff.rows.iter().map(function).collect(),
        conditions: verdicts.iter().map(condition).collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &document).map_err(io::Error::from)?;
    out.write_all(b"\n")
}

fn function(row: &Row) -> Function<'_> {
    Function {
        name: &row.name,
        file: &row.file,
        presence: row.presence().as_str(),
        flat: values(&row.flat),
        cumulative: values(&row.cumulative),
    }
}

fn values(pair: &Pair) -> Values {
    let change = match pair.change() {
        Change::Points(change) | Change::PerSecond(change) => change,
        Change::Value(change) => change as f64,
    };
    let relative = pair.relative();
    Values {
        base: pair.base,
        compared: pair.compared,
        change,
        relative_percent: relative.is_finite().then_some(relative),
    }
}

fn condition(verdict: &Verdict) -> Condition<'_> {
    Condition {
        condition: &verdict.condition,
        met: verdict.is_met(),
        functions: &verdict.functions,
        unchecked: &verdict.unchecked,
        skipped: &verdict.skipped,
    }
}
