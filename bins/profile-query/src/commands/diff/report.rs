use std::io::{self, Write};

use profile_model::{FlameOptions, Profile, Sample, Samples};
use query::diff::{self, Diff, Normalise, Pair, TextOptions, Verdict};
use report_render::{Human, Selection, compare, compare_by_share, html, svg};

use super::sides::Sides;
use crate::failure::Failure;
use crate::output;
use crate::render::value;

/// The form of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    Json,
    Svg,
    Html,
    Markdown,
    Junit,
}

const FORMS: [(&str, Form); 6] = [
    ("text", Form::Text),
    ("json", Form::Json),
    ("svg", Form::Svg),
    ("html", Form::Html),
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

    /// Whether it is made of stacks, and not of the functions in them.
    pub(super) fn is_drawn(self) -> bool {
        matches!(self, Self::Svg | Self::Html)
    }

    pub(super) fn named(flag: &str, name: &str) -> Result<Self, Failure> {
        FORMS.iter().find(|(known, _)| *known == name).map(|(_, form)| *form).ok_or_else(|| {
            let names = FORMS.map(|(name, _)| name).join(", ");
            Failure::usage(format!("{flag}: expected {names}, found `{}`", query::plain(name)))
        })
    }
}

/// A comparison with all that is said about it.
pub(super) struct Report<'a> {
    pub(super) sides: &'a Sides,
    pub(super) diff: &'a Diff,
    pub(super) verdicts: &'a [Verdict],
    pub(super) limit: usize,
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
            Form::Svg | Form::Html => self.picture(form, &mut out),
        }
    }

    /// The rows of the script, and the table.
    fn text(&self, out: &mut impl Write) -> io::Result<()> {
        for (name, value) in &self.sides.head {
            writeln!(out, "{name}: {}", query::plain(value))?;
        }
        let total = self.diff.total();
        let unit = &self.diff.value_type.unit;
        writeln!(out)?;
        writeln!(out, "Left (baseline) ticks: {}", value(total.base, unit))?;
        writeln!(out, "Right (comparison) ticks: {}", value(total.compared, unit))?;
        writeln!(out, "Total: {}", value(total.base.saturating_add(total.compared), unit))?;
        if let Some(words) = self.rates(&total) {
            writeln!(out, "Per second: {words}")?;
        }
        writeln!(out, "Functions: {}\n", self.diff.rows.len())?;
        let mut options = TextOptions::default();
        (options.limit, options.color) = (self.limit, self.color);
        options.name_width = output::width().saturating_sub(70).max(30);
        diff::text(self.diff, &options, out)
    }

    /// Windows of different length have totals that cannot be compared.
    fn rates(&self, total: &Pair) -> Option<String> {
        self.diff.seconds()?;
        let unit = &self.diff.value_type.unit;
        let [base, compared] =
            total.rates().map(|rate| Human { value: rate.round() as i64, unit }.to_string());
        Some(format!("{base}/s before, {compared}/s after"))
    }

    fn picture(&self, form: Form, out: &mut impl Write) -> io::Result<()> {
        let missing = || io::Error::other("expected the stacks of both sides");
        let base = &self.sides.base.selection().ok_or_else(missing)?;
        let compared = &self.sides.compared.selection().ok_or_else(missing)?;
        let scaled;
        let compared_profile = match self.diff.normalise() {
            Normalise::Share => compare_by_share(base, compared),
            Normalise::Nothing => compare(base, compared),
            Normalise::PerSecond => {
                let [before, after] = self.diff.seconds().unwrap_or([1.0, 1.0]);
                scaled = self::scaled(base, after / before);
                match Selection::new(&scaled, 0) {
                    Some(base) => compare(&base, compared),
                    None => compare(base, compared),
                }
            }
        };
        let profile = compared_profile.map_err(io::Error::other)?;
        let selection =
            Selection::comparison(&profile).ok_or_else(|| io::Error::other("expected a comparison"))?;
        let graph = selection.flame_graph(FlameOptions::default());
        let flame = selection.flame(&graph);
        if form == Form::Html {
            let mut options = html::PageOptions::default();
            options.title.clone_from(&self.sides.title);
            return html::page(&flame, &options, out).map(drop);
        }
        let mut options = svg::SvgOptions::default();
        options.title.clone_from(&self.sides.title);
        svg::flame_graph(&flame, &options, out).map(drop)
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
