//! A profile in the form that was asked for.

use std::io::{self, Write};

use profile_codec::pprof;
use profile_model::{FlameOptions, Profile};
use report_render::top::{Sort, TextOptions, Top, TopOptions};
use report_render::{Human, Selection, dot, folded, html, json, speedscope, svg, terminal, top};

use crate::failure::Failure;
use crate::output;

/// The form of a report on one profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Text,
    Tree,
    Json,
    Folded,
    Svg,
    Html,
    Speedscope,
    Pprof,
    Dot,
    Top,
    Csv,
}

/// Names of forms.
const FORMS: [(&str, Form); 11] = [
    ("text", Form::Text),
    ("tree", Form::Tree),
    ("json", Form::Json),
    ("folded", Form::Folded),
    ("svg", Form::Svg),
    ("html", Form::Html),
    ("speedscope", Form::Speedscope),
    ("pprof", Form::Pprof),
    ("dot", Form::Dot),
    ("top", Form::Top),
    ("csv", Form::Csv),
];

/// How a report looks.
pub(crate) struct Look<'a> {
    pub(crate) title: &'a str,
    pub(crate) limit: usize,
    pub(crate) sort: Sort,
    pub(crate) color: bool,
}

impl Form {
    /// The form of this name, out of those that a command has.
    pub(crate) fn named(name: &str, allowed: &[Form]) -> Result<Self, Failure> {
        let known = || FORMS.iter().filter(|(_, form)| allowed.contains(form));
        known().find(|(known, _)| *known == name).map(|(_, form)| *form).ok_or_else(|| {
            let names: Vec<&str> = known().map(|(name, _)| *name).collect();
            Failure::usage(format!("--output: expected {}, found `{}`", names.join(", "), query::plain(name)))
        })
    }
}

/// The exact value, and how people read it.
pub(crate) fn value(value: i64, unit: &str) -> String {
    let value = Human { value, unit };
    let (exact, human) = (value.exact().to_string(), value.to_string());
    // Counts differ in nothing but commas.
    if exact == human.replace(',', "") { exact } else { format!("{exact} ({human})") }
}

/// What ranks functions.
pub(crate) fn sort(text: &str) -> Result<Sort, Failure> {
    match text {
        "flat" => Ok(Sort::Flat),
        "cum" | "cumulative" => Ok(Sort::Cumulative),
        other => {
            Err(Failure::usage(format!("--sort: expected flat or cum, found `{}`", query::plain(other))))
        }
    }
}

/// Writes the report.
pub(crate) fn report(profile: &Profile, form: Form, look: &Look<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut out = out;
    let selection =
        Selection::new(profile, 0).ok_or_else(|| io::Error::other("expected a sample type, found none"))?;
    match form {
        Form::Pprof => return out.write_all(&pprof::encode_gzip(profile)),
        Form::Top | Form::Text => return self::top(&selection, look, &mut out),
        Form::Csv => return top::csv(&ranked(&selection, look), &mut out),
        _ => {}
    }
    let graph = selection.flame_graph(FlameOptions::default());
    let flame = selection.flame(&graph);
    match form {
        Form::Tree => {
            let mut options = terminal::CallTreeOptions::default();
            (options.width, options.color) = (output::width(), look.color);
            terminal::call_tree(&flame, &options, &mut out).map(drop)
        }
        Form::Json => {
            json::flame_graph(&flame, &json::FlameJsonOptions::default(), &mut out)?;
            out.write_all(b"\n")
        }
        Form::Folded => folded::write(&flame, &mut out),
        Form::Svg => {
            let mut options = svg::SvgOptions::default();
            options.title = look.title.to_owned();
            svg::flame_graph(&flame, &options, &mut out).map(drop)
        }
        Form::Html => {
            let mut options = html::PageOptions::default();
            options.title = look.title.to_owned();
            html::page(&flame, &options, &mut out).map(drop)
        }
        Form::Speedscope => speedscope::write(&flame, look.title, &mut out).map(drop),
        _ => {
            let mut options = dot::DotOptions::default();
            options.title = look.title.to_owned();
            dot::call_graph(&flame, &options, &mut out).map(drop)
        }
    }
}

/// The ranking.
pub(crate) fn ranked<'a>(selection: &Selection<'a>, look: &Look<'_>) -> Top<'a> {
    let mut options = TopOptions::default();
    (options.sort, options.limit) = (look.sort, look.limit);
    Top::of(selection, &options)
}

/// Writes the ranking as a table.
pub(crate) fn top(selection: &Selection<'_>, look: &Look<'_>, out: &mut impl Write) -> io::Result<()> {
    let mut options = TextOptions::default();
    options.width = output::width();
    top::text(&ranked(selection, look), &options, out)
}
