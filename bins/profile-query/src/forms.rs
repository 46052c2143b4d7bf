//! What commands call the forms of a report, and what ranks functions.

use profile_model::Unit;
use query::report::{Form, Sort};
use report_render::Human;

use crate::failure::Failure;

/// The form of this name, out of those that a command has.
pub(crate) fn named<T: Copy>(flag: &str, name: &str, forms: &[(&str, T)]) -> Result<T, Failure> {
    let found = forms.iter().find(|(known, _)| *known == name).map(|(_, form)| *form);
    found.ok_or_else(|| {
        let names: Vec<&str> = forms.iter().map(|(name, _)| *name).collect();
        Failure::usage(format!("{flag}: expected {}, found `{}`", names.join(", "), words::safe(name)))
    })
}

/// The forms of stacks that every command has that shows them.
pub(crate) const OF_STACKS: [(&str, Form); 10] = [
    ("tree", Form::CallTree),
    ("graph", Form::FlameText),
    ("json", Form::FlameJson),
    ("folded", Form::Folded),
    ("svg", Form::Svg),
    ("html", Form::Html),
    ("speedscope", Form::Speedscope),
    ("pprof", Form::Pprof),
    ("dot", Form::Dot),
    ("top", Form::Top),
];

/// What ranks functions.
pub(crate) fn sort(text: &str) -> Result<Sort, Failure> {
    named(
        "--sort",
        text,
        &[("flat", Sort::Flat), ("cum", Sort::Cumulative), ("cumulative", Sort::Cumulative)],
    )
}

/// The exact value, and how people read it.
pub(crate) fn value(value: impl Into<i128>, unit: &str) -> String {
    let value = Human::new(value, unit);
    let (exact, human) = (value.exact().to_string(), value.to_string());
    let is_plain = Unit::of(unit).is_none_or(|unit| unit.symbol().is_empty());
    // Counts differ in nothing but commas.
    if is_plain && exact == human.replace(',', "") { exact } else { format!("{exact} ({human})") }
}
