use std::collections::HashMap;

use profile_model::{ValueType, comparable};
use report_render::Selection;
use report_render::top::{Top, TopOptions, TopRow};

use super::row::{Normalise, Pair, Row, Scale};

/// One side of a comparison: what each function did, without the stacks that say so.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Side {
    /// What the values count and in which unit.
    pub value_type: ValueType,
    /// The sum of the values that are compared, after filters.
    pub total: i128,
    /// What shares are of: the sum of the sizes of all values, signs aside, before filters.
    pub whole: i128,
    /// How long was measured, in seconds, if that is known.
    pub seconds: Option<f64>,
    functions: Vec<Function>,
}

#[derive(Clone, Debug, PartialEq)]
struct Function {
    name: String,
    file: String,
    flat: i64,
    cumulative: i64,
}

/// What to compare by, and in which order.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct DiffOptions {
    /// What makes the sides comparable.
    pub normalise: Normalise,
    /// What ranks the rows.
    pub sort: Sort,
}

/// What ranks the rows; the largest change first, whether up or down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Sort {
    /// What functions did themselves: callers of what got slower come after it.
    #[default]
    Flat,
    /// What they did and had done for them.
    Cumulative,
}

/// Two profiles function by function.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Diff {
    /// What the values count and in which unit.
    pub value_type: ValueType,
    /// The functions of both sides, ranked.
    pub rows: Vec<Row>,
    /// Whether there is nothing to compare with, and that was allowed: the first run of a gate.
    pub has_no_base: bool,
    pub(super) totals: [i128; 2],
    pub(super) scale: Scale,
}

/// Why two profiles cannot be compared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DiffError {
    /// The values measure different things.
    #[error("expected the same dimension on both sides, found `{base}` and `{compared}`")]
    Units {
        /// The type of the side that is compared with.
        base: String,
        /// The type of the side that is looked at.
        compared: String,
    },
    /// Nobody knows how long was measured.
    #[error("expected windows with a length to compare per second, found none")]
    NoLength,
}

impl Side {
    /// A side of which the length is not known.
    ///
    /// A function that is several times in a stack counts once for it.
    pub fn of(selection: &Selection<'_>) -> Self {
        let top = Top::of(selection, &TopOptions::default());
        let function = |row: &TopRow<'_>| Function {
            name: row.name.to_string(),
            file: row.file.to_owned(),
            flat: row.flat,
            cumulative: row.cumulative,
        };
        Self {
            value_type: top.value_type.clone(),
            total: selection.total(),
            whole: selection.whole(),
            seconds: None,
            functions: top.rows.iter().map(function).collect(),
        }
    }

    /// With the length of its window, in seconds.
    #[must_use]
    pub fn lasting(mut self, seconds: f64) -> Self {
        self.seconds = (seconds > 0.0).then_some(seconds);
        self
    }
}

impl Diff {
    /// Compares a side with the one before it. Functions are the same that have the same name. Where the units differ
    /// and measure the same, both sides are told in the finer one.
    ///
    /// # Errors
    /// The units measure different things, or a length is missing where values are compared per second.
    pub fn between(base: &Side, compared: &Side, options: &DiffOptions) -> Result<Self, DiffError> {
        let sides = [base, compared];
        let Some((unit, factors)) = comparable(&base.value_type.unit, &compared.value_type.unit) else {
            let [base, compared] = sides.map(|side| side.value_type.to_string());
            return Err(DiffError::Units { base, compared });
        };
        if options.normalise == Normalise::PerSecond && sides.iter().any(|side| side.seconds.is_none()) {
            return Err(DiffError::NoLength);
        }
        let scaled = |at: usize, value: i128| value * i128::from(factors[at]);
        let scale = Scale {
            normalise: options.normalise,
            wholes: [scaled(0, base.whole), scaled(1, compared.whole)],
            seconds: sides.map(|side| side.seconds.unwrap_or(f64::NAN)),
        };
        let totals = [scaled(0, base.total), scaled(1, compared.total)];
        let mut rows = rows(sides, factors, scale);
        rank(&mut rows, options.sort);
        let value_type = ValueType::new(&compared.value_type.name, unit);
        Ok(Self { value_type, rows, has_no_base: base.whole == 0, totals, scale })
    }

    /// The sums of the values that are compared.
    pub fn total(&self) -> Pair {
        // A cast saturates by way of the limits.
        let [base, compared] = self.totals.map(|total| total.clamp(i64::MIN.into(), i64::MAX.into()) as i64);
        self.pair(base, compared)
    }

    fn pair(&self, base: i64, compared: i64) -> Pair {
        Pair { base, compared, scale: self.scale }
    }

    /// What shares are of on each side.
    pub fn wholes(&self) -> [i128; 2] {
        self.scale.wholes
    }

    /// What makes the sides comparable.
    pub fn normalise(&self) -> Normalise {
        self.scale.normalise
    }

    /// How long base and compared lasted, in seconds, where both are known.
    pub fn seconds(&self) -> Option<[f64; 2]> {
        let seconds = self.scale.seconds;
        seconds.iter().all(|seconds| seconds.is_finite()).then_some(seconds)
    }
}

fn rows(sides: [&Side; 2], factors: [i64; 2], scale: Scale) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    let mut known: HashMap<&str, usize> = HashMap::new();
    for (at, side) in sides.into_iter().enumerate() {
        for found in &side.functions {
            let row = *known.entry(&found.name).or_insert_with(|| {
                let nothing = Pair { base: 0, compared: 0, scale };
                let (name, file) = (found.name.clone(), found.file.clone());
                rows.push(Row { name, file, flat: nothing, cumulative: nothing, is_on: [false; 2] });
                rows.len() - 1
            });
            let row = &mut rows[row];
            row.is_on[at] = true;
            for (pair, value) in [(&mut row.flat, found.flat), (&mut row.cumulative, found.cumulative)] {
                let sum = if at == 0 { &mut pair.base } else { &mut pair.compared };
                *sum = sum.saturating_add(value.saturating_mul(factors[at]));
            }
        }
    }
    rows
}

/// By the size of the change; of two equal ones the increase is first, then the larger other change, then
/// the name.
fn rank(rows: &mut [Row], sort: Sort) {
    let keys = |row: &Row| match sort {
        Sort::Flat => (row.flat.weight(), row.cumulative.weight()),
        Sort::Cumulative => (row.cumulative.weight(), row.flat.weight()),
    };
    rows.sort_by(|a, b| {
        let ((a_first, a_second), (b_first, b_second)) = (keys(a), keys(b));
        let by = |x: f64, y: f64| y.abs().total_cmp(&x.abs()).then(y.total_cmp(&x));
        by(a_first, b_first).then(by(a_second, b_second)).then_with(|| a.name.cmp(&b.name))
    });
}
