use std::io::{self, Write};

use profile_model::{Profile, Sample, Samples};
use query::Shown;
use query::diff::{self, Diff, Normalise, Pair, Sort, TextOptions, Verdict};
use query::report::{self, Look};
use report_render::{Comparison, Human, Selection, compare, compare_by_share};

use super::sides::Sides;
use crate::failure::Failure;
use crate::forms::{self, value};
use crate::output;

/// The form of a comparison: of its functions, or of its stacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    Json,
    Markdown,
    Junit,
    Stacks(report::Form),
}

const FORMS: [(&str, Form); 9] = [
    ("text", Form::Text),
    ("json", Form::Json),
    ("tree", Form::Stacks(report::Form::CallTree)),
    ("folded", Form::Stacks(report::Form::Folded)),
    ("svg", Form::Stacks(report::Form::Svg)),
    ("html", Form::Stacks(report::Form::Html)),
    ("dot", Form::Stacks(report::Form::Dot)),
    ("markdown", Form::Markdown),
    ("junit", Form::Junit),
];

impl Form {
    pub(super) fn of(json: bool, output: Option<&str>) -> Result<Self, Failure> {
        match output {
            None if json => Ok(Self::Json),
            None => Ok(Self::Text),
            Some(name) => Self::named("--output", name),
        }
    }

    pub(super) fn named(flag: &str, name: &str) -> Result<Self, Failure> {
        forms::named(flag, name, &FORMS)
    }
}

/// A comparison with all that is said about it.
pub(super) struct Report<'a> {
    pub(super) sides: &'a Sides,
    pub(super) diff: &'a Diff,
    pub(super) verdicts: &'a [Verdict],
    pub(super) limit: usize,
    pub(super) sort: Sort,
    pub(super) color: bool,
}

impl Report<'_> {
    pub(super) fn write(&self, form: Form, out: &mut dyn Write) -> io::Result<()> {
        let mut out = out;
        match form {
            Form::Text => self.text(&mut out),
            Form::Json => diff::json(self.diff, self.verdicts, &mut out),
            Form::Markdown => {
                diff::markdown(self.diff, &self.sides.title, self.verdicts, self.limit, &mut out)
            }
            Form::Junit => diff::junit(&self.sides.title, self.verdicts, &mut out),
            Form::Stacks(form) => {
                let mut look = Look::default();
                (look.width, look.color) = (output::width(), self.color);
                report::write(&self.shown(form)?, form, &look, &mut out)
            }
        }
    }

    /// The rows of the script, and the table.
    fn text(&self, out: &mut impl Write) -> io::Result<()> {
        for (name, value) in &self.sides.head {
            writeln!(out, "{name}: {}", words::safe(value))?;
        }
        let total = self.diff.total();
        let unit = &self.diff.value_type.unit;
        writeln!(out)?;
        writeln!(out, "Left (baseline) ticks: {}", value(total.base, unit))?;
        writeln!(out, "Right (comparison) ticks: {}", value(total.compared, unit))?;
        writeln!(out, "Total: {}", value(i128::from(total.base) + i128::from(total.compared), unit))?;
        let [before, after] = self.diff.wholes();
        if [before, after] != [total.base, total.compared].map(i128::from) {
            let [before, after] = [before, after].map(|whole| value(whole, unit));
            writeln!(out, "Whole, which shares are of: {before} before, {after} after")?;
        }
        if let Some(words) = self.rates(&total) {
            writeln!(out, "Per second: {words}")?;
        }
        if self.diff.has_no_base {
            writeln!(out, "There is no baseline yet; that is allowed, and nothing is checked.")?;
        }
        writeln!(out, "Functions: {}\n", self.diff.rows.len())?;
        let mut options = TextOptions::default();
        (options.limit, options.sort, options.color) = (self.limit, self.sort, self.color);
        options.width = output::width();
        diff::text(self.diff, &options, out)
    }

    /// Windows of different length have totals that cannot be compared.
    fn rates(&self, total: &Pair) -> Option<String> {
        self.diff.seconds()?;
        let unit = &self.diff.value_type.unit;
        let [base, compared] = total.rates().map(|rate| Human::fraction(rate, unit));
        Some(format!("{base}/s before, {compared}/s after"))
    }

    fn shown(&self, form: report::Form) -> io::Result<Shown> {
        let facts = self.sides.head.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        Ok(Shown::of_comparison(self.sides.title.clone(), facts, self.comparison(form)?))
    }

    /// The page works out shares itself, from both sides in their own measure.
    fn comparison(&self, form: report::Form) -> io::Result<Comparison> {
        let failed = |failure: Failure| io::Error::other(failure.message());
        let base = self.sides.base.selection().map_err(failed)?;
        let compared = self.sides.compared.selection().map_err(failed)?;
        let comparison = match (self.diff.normalise(), self.diff.seconds()) {
            (Normalise::Share, _) if form != report::Form::Html => compare_by_share(&base, &compared),
            (Normalise::PerSecond, Some([before, after])) => {
                let scaled = scaled(&base, after / before);
                let base = Selection::new(&scaled, 0).unwrap_or(base);
                compare(&base, &compared)
            }
            (Normalise::Share | Normalise::PerSecond | Normalise::Nothing, _) => compare(&base, &compared),
        };
        comparison.map_err(io::Error::other)
    }
}

/// The selected values times a factor, as a profile of their own.
fn scaled(selection: &Selection<'_>, factor: f64) -> Profile {
    let from = selection.profile();
    let mut samples = Samples::new(1);
    for (stack, value) in selection.values() {
        // A cast from floats saturates.
        samples.push(Sample { stack, values: &[(value as f64 * factor).round() as i64], labels: &[] });
    }
    let sample_types = vec![selection.value_type().clone()];
    Profile { symbols: from.symbols.clone(), samples, ..Profile::new(sample_types) }
}
