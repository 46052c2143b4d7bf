use std::str::FromStr;

use profile_model::{Dimension, Unit};
use re2::Regex;

use super::{Condition, Metric, Op, Threshold};

/// Why a text is no condition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}\n{}", words::caret(text, *column))]
pub struct ConditionError {
    /// What was expected where the caret is.
    pub expected: String,
    /// The text.
    pub text: String,
    /// The column of the mistake in characters, from 0.
    pub column: usize,
}

/// The longest condition, in bytes.
const MAX_BYTES: usize = 4096;

impl FromStr for Condition {
    type Err = ConditionError;

    fn from_str(text: &str) -> Result<Self, ConditionError> {
        Parser { text, at: 0 }.condition()
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn condition(mut self) -> Result<Condition, ConditionError> {
        if self.text.len() > MAX_BYTES {
            return Err(self.wrong(format!("a condition of at most {MAX_BYTES} bytes")));
        }
        let metric = self.metric()?;
        let functions = self.functions(metric)?;
        let op = self.op()?;
        let threshold = self.threshold(metric)?;
        self.blanks();
        if !self.rest().is_empty() {
            return Err(self.wrong("the end"));
        }
        Ok(Condition { metric, functions, op, threshold })
    }

    fn metric(&mut self) -> Result<Metric, ConditionError> {
        self.blanks();
        let names = [("flat", Metric::Flat), ("cum", Metric::Cumulative), ("total", Metric::Total)];
        for (name, metric) in names {
            if self.take(name) {
                return Ok(metric);
            }
        }
        Err(self.wrong("`flat`, `cum` or `total`"))
    }

    /// The expression goes up to the bracket that closes the first one.
    fn functions(&mut self, metric: Metric) -> Result<Option<Regex>, ConditionError> {
        self.blanks();
        let open = self.at;
        if !self.take("(") {
            return Ok(None);
        }
        if metric == Metric::Total {
            self.at = open;
            return Err(self.wrong("`>` or another comparison, as `total` has no functions"));
        }
        let (mut depth, mut escaped, mut in_class) = (0_usize, false, false);
        let rest = self.rest();
        for (at, c) in rest.char_indices() {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '[' => in_class = true,
                ']' => in_class = false,
                '(' if !in_class => depth += 1,
                ')' if !in_class && depth == 0 => {
                    let regex = Regex::new(&rest[..at]);
                    let regex =
                        regex.map_err(|error| self.wrong(format!("a regular expression: {error}")))?;
                    self.at += at + 1;
                    return Ok(Some(regex));
                }
                ')' if !in_class => depth -= 1,
                _ => {}
            }
        }
        self.at = self.text.len();
        Err(self.wrong("`)`"))
    }

    fn op(&mut self) -> Result<Op, ConditionError> {
        self.blanks();
        for (name, op) in [(">=", Op::AtLeast), (">", Op::Above), ("<=", Op::AtMost), ("<", Op::Below)] {
            if self.take(name) {
                return Ok(op);
            }
        }
        Err(self.wrong("`>`, `>=`, `<` or `<=`"))
    }

    fn threshold(&mut self, metric: Metric) -> Result<Threshold, ConditionError> {
        self.blanks();
        let number = self.number()?;
        self.blanks();
        let unit_at = self.at;
        let letters = self.rest().find(|c: char| !(c.is_ascii_alphabetic() || c == '%'));
        let unit = &self.rest()[..letters.unwrap_or(self.rest().len())];
        match unit {
            "pp" if metric == Metric::Total => Err(self.wrong("`%` or a unit, as the total has no share")),
            "pp" | "%" => {
                self.at = unit_at + unit.len();
                Ok(if unit == "%" { Threshold::Percent(number) } else { Threshold::Points(number) })
            }
            "" => Ok(Threshold::Value(number, None)),
            unit => match Unit::of(unit).filter(|unit| unit.dimension() != Dimension::Count) {
                Some(known) => {
                    self.at = unit_at + unit.len();
                    Ok(Threshold::Value(number, Some(known)))
                }
                None => Err(self.wrong("`pp`, `%`, or a unit such as `ms` or `MiB`")),
            },
        }
    }

    fn number(&mut self) -> Result<f64, ConditionError> {
        let rest = self.rest();
        let sign = usize::from(rest.starts_with(['-', '+']));
        let end =
            rest[sign..].find(|c: char| !(c.is_ascii_digit() || c == '.')).map_or(rest.len(), |at| sign + at);
        match rest[..end].parse::<f64>() {
            Ok(number) if number.is_finite() => {
                self.at += end;
                Ok(number)
            }
            _ => Err(self.wrong("a number such as `5` or `2.5`")),
        }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn blanks(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self.rest().starts_with(word);
        if found {
            self.at += word.len();
        }
        found
    }

    fn wrong(&self, expected: impl Into<String>) -> ConditionError {
        let column = self.text[..self.at].chars().count();
        ConditionError {
            expected: expected.into(),
            text: self.text.chars().take(MAX_BYTES).collect(),
            column,
        }
    }
}
