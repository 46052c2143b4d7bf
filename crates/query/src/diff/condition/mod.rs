//! What a build should fail for: `cum>5pp`, `flat(main\..*)>10%`, `total>=2s`.

mod parse;

pub use parse::ConditionError;

use std::fmt;

use profile_model::Unit;
use re2::Regex;

use super::{Change, Diff, Normalise, Pair};

/// A limit on changes.
///
/// ```text
/// condition = metric [ "(" regex ")" ] op number [ unit ]
/// metric    = "flat" | "cum" | "total"
/// op        = ">" | ">=" | "<" | "<="
/// unit      = "pp" | "%" | any unit of time or size: "ns", "us", "ms", "s", "min", "h", "d", "B", "KiB", "MiB", ...
/// ```
/// `pp` are percentage points of the whole. `%` is relative to the base, normalised as the comparison
/// is. Another unit, or none, is a change of the value itself; with a comparison per second, of the
/// value per second. `<` is for what should not shrink: `cum(cache.Get)<-5pp`. The expression has to match
/// somewhere in a function's name.
///
/// `total` does not know `pp`, as totals have no share; with `%` they are compared per second where the
/// windows have a length.
#[derive(Clone, Debug)]
pub struct Condition {
    metric: Metric,
    functions: Option<Regex>,
    op: Op,
    threshold: Threshold,
}

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Metric {
    /// What each function did itself.
    Flat,
    /// What each function did and had done for it.
    Cumulative,
    /// The sum of all values.
    Total,
}

/// How much is too much.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Threshold {
    /// Percentage points of the total.
    Points(f64),
    /// Percent of the base.
    Percent(f64),
    /// A value with its unit.
    Value(f64, Option<Unit>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    Above,
    AtLeast,
    Below,
    AtMost,
}

/// What a condition says about a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verdict {
    /// The condition as it reads.
    pub condition: String,
    /// Functions beyond it, in the order of the rows; `total` for the total.
    pub functions: Vec<String>,
    /// Why it could not be checked.
    pub unchecked: Option<String>,
    /// Why it was not checked although it could be: there is nothing to compare with yet, and that is allowed.
    pub skipped: Option<String>,
    /// Whether it could not be checked because its expression matches no function on either side.
    pub is_about_nothing: bool,
}

impl Verdict {
    /// Whether a build should go on.
    pub fn is_met(&self) -> bool {
        self.functions.is_empty() && self.unchecked.is_none()
    }
}

impl Condition {
    /// Looks at the rows of a comparison. Functions whose share is below `min_percent` on both sides do
    /// not count against `%`: there twice of next to nothing is noise. See [`check`](Self::check) for the
    /// usual limit.
    pub fn check_above(&self, diff: &Diff, min_percent: f64) -> Verdict {
        let mut verdict = Verdict {
            condition: self.to_string(),
            functions: Vec::new(),
            unchecked: self.cannot(diff),
            skipped: diff.has_no_base.then(|| "there is no baseline yet".to_owned()),
            is_about_nothing: false,
        };
        if verdict.skipped.is_none() && verdict.unchecked.is_none() {
            verdict.unchecked = self.matches_nothing(diff);
            verdict.is_about_nothing = verdict.unchecked.is_some();
        }
        if verdict.unchecked.is_some() || verdict.skipped.is_some() {
            return verdict;
        }
        if self.metric == Metric::Total {
            if self.is_beyond(total(diff, self.threshold), diff) {
                verdict.functions.push("total".to_owned());
            }
            return verdict;
        }
        for row in &diff.rows {
            let pair = if self.metric == Metric::Flat { row.flat } else { row.cumulative };
            let is_noise =
                matches!(self.threshold, Threshold::Percent(_)) && row.largest_share() < min_percent;
            let is_meant = self.functions.as_ref().is_none_or(|functions| functions.is_match(&row.name));
            if is_meant && !is_noise && self.is_beyond(measure(&pair, self.threshold), diff) {
                verdict.functions.push(row.name.clone());
            }
        }
        verdict
    }

    /// As [`check_above`](Self::check_above) with half a percent.
    pub fn check(&self, diff: &Diff) -> Verdict {
        self.check_above(diff, 0.5)
    }

    /// Why the limit cannot be compared with the values.
    fn cannot(&self, diff: &Diff) -> Option<String> {
        let Threshold::Value(_, Some(unit)) = self.threshold else { return None };
        let found = &diff.value_type.unit;
        let fits = Unit::of(found).is_some_and(|of| of.common(unit).is_some());
        (!fits).then(|| format!("expected a limit in {found}, found one in {}", unit.name()))
    }

    /// Why a passed check would say nothing: no function is called so on either side.
    fn matches_nothing(&self, diff: &Diff) -> Option<String> {
        let functions = self.functions.as_ref()?;
        let has_match = diff.rows.iter().any(|row| functions.is_match(&row.name));
        let names = diff.rows.iter().map(|row| row.name.as_str());
        let near = words::nearest(functions.as_str(), names).map(|name| format!("; did you mean `{name}`?"));
        (!has_match)
            .then(|| format!("no function on either side matches `{functions}`{}", near.unwrap_or_default()))
    }

    fn is_beyond(&self, change: f64, diff: &Diff) -> bool {
        let limit = match self.threshold {
            Threshold::Points(limit) | Threshold::Percent(limit) | Threshold::Value(limit, None) => limit,
            Threshold::Value(limit, Some(unit)) => {
                let of = Unit::of(&diff.value_type.unit).map_or(1, Unit::in_smallest);
                limit * unit.in_smallest() as f64 / of as f64
            }
        };
        // 5 points that come as 5.0000000000000001 are 5 points.
        let near = (change - limit).abs() <= limit.abs().max(1.0) * 1e-12;
        match self.op {
            Op::Above => change > limit && !near,
            Op::AtLeast => change >= limit || near,
            Op::Below => change < limit && !near,
            Op::AtMost => change <= limit || near,
        }
    }
}

fn measure(pair: &Pair, threshold: Threshold) -> f64 {
    match threshold {
        Threshold::Points(_) => pair.points(),
        Threshold::Percent(_) => pair.relative(),
        Threshold::Value(..) => match pair.change() {
            Change::PerSecond(change) => change,
            Change::Value(change) => change as f64,
            Change::Points(_) => (i128::from(pair.compared) - i128::from(pair.base)) as f64,
        },
    }
}

/// All totals are the same share.
fn total(diff: &Diff, threshold: Threshold) -> f64 {
    let mut pair = diff.total();
    if pair.scale.normalise == Normalise::Share {
        pair.scale.normalise =
            if diff.seconds().is_some() { Normalise::PerSecond } else { Normalise::Nothing };
        if matches!(threshold, Threshold::Value(..)) {
            pair.scale.normalise = Normalise::Nothing;
        }
    }
    measure(&pair, threshold)
}

/// The unit as it is typed.
fn ascii_symbol(unit: Unit) -> &'static str {
    match unit.symbol() {
        "µs" => "us",
        symbol => symbol,
    }
}

impl PartialEq for Condition {
    fn eq(&self, other: &Self) -> bool {
        let regex = |condition: &Self| condition.functions.as_ref().map(|regex| regex.as_str().to_owned());
        self.metric == other.metric
            && self.op == other.op
            && self.threshold == other.threshold
            && regex(self) == regex(other)
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.metric {
            Metric::Flat => "flat",
            Metric::Cumulative => "cum",
            Metric::Total => "total",
        })?;
        if let Some(functions) = &self.functions {
            write!(f, "({functions})")?;
        }
        f.write_str(match self.op {
            Op::Above => ">",
            Op::AtLeast => ">=",
            Op::Below => "<",
            Op::AtMost => "<=",
        })?;
        match self.threshold {
            Threshold::Points(number) => write!(f, "{number}pp"),
            Threshold::Percent(number) => write!(f, "{number}%"),
            Threshold::Value(number, unit) => write!(f, "{number}{}", unit.map_or("", ascii_symbol)),
        }
    }
}
