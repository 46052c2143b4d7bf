use std::borrow::Cow;
use std::io::{self, Write};

use profile_codec::pprof;
use profile_model::{FlameOptions, Profile};
use report_render::top::{Sort, TextOptions, Top, TopOptions};
use report_render::{
    Cut, Flame, Limits, Order, Selection, dot, folded, html, json, speedscope, svg, terminal, top,
};

use super::Form;
use super::message::arrow;
use crate::Stacks;
use crate::fetched::divided;
use crate::shown::{Content, Shown};

/// How a report looks; each form takes what applies to it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Look {
    /// How siblings in a tree are ordered.
    pub order: Order,
    /// How many functions a ranking has.
    pub limit: usize,
    /// What ranks functions.
    pub sort: Sort,
    /// Columns of the terminal; so many that nothing is shortened where it is none.
    pub width: usize,
    /// Colours, for a terminal.
    pub color: bool,
    /// Parts below this percentage of the whole are cut off.
    pub trim_percent: f64,
    /// Shows sums of instants in rankings, too, not their means.
    pub sum: bool,
    /// Puts what it is and when above texts.
    pub head: bool,
}

impl Default for Look {
    fn default() -> Self {
        Self {
            order: Order::Value,
            limit: usize::MAX,
            sort: Sort::Flat,
            width: 4096,
            color: false,
            trim_percent: 0.0,
            sum: false,
            head: true,
        }
    }
}

/// Writes a report as a document of its own.
///
/// # Errors
/// If `out` fails, or the form cannot show that: pprof and Parca's message show no comparison, and the latter is no
/// profile.
pub fn write(shown: &Shown, form: Form, look: &Look, out: &mut impl Write) -> io::Result<()> {
    match form {
        Form::Pprof => out.write_all(&pprof::encode_gzip(&*samples(shown)?)),
        Form::Top | Form::TopJson | Form::Csv => ranking(shown, form, look, out),
        Form::FlameJson | Form::StacksJson | Form::Viewer | Form::PprofJson | Form::Arrow => {
            write_value(shown, form, look, out)?;
            out.write_all(b"\n")
        }
        _ => with_flame(shown, |flame| drawing(shown, flame, form, look, out)),
    }
}

/// Writes a report as a JSON value, and says what was cut off.
pub(crate) fn write_value(shown: &Shown, form: Form, look: &Look, out: &mut impl Write) -> io::Result<Cut> {
    match (form, &shown.content) {
        (Form::PprofJson, _) => {
            pprof::write_json(&pprof::encode(&*samples(shown)?), &pprof::Limits::default(), out)?;
            Ok(Cut::default())
        }
        (Form::Arrow, Content::Stacks(Stacks::Message(record, _))) => {
            arrow(record, out).map(|()| Cut::default())
        }
        (Form::StacksJson, _) => {
            with_selection(shown, |selection| json::stacks(selection, out).map(|_| Cut::default()))
        }
        (Form::Viewer, _) => with_flame(shown, |flame| html::viewer_data(flame, &viewer(look), out)),
        (Form::FlameJson, _) => with_flame(shown, |flame| {
            let mut options = json::FlameJsonOptions::default();
            (options.order, options.limits) = (look.order, limits(look));
            json::flame_graph(flame, &options, out)
        }),
        _ => Err(impossible()),
    }
}

fn drawing(
    shown: &Shown,
    flame: &Flame<'_>,
    form: Form,
    look: &Look,
    out: &mut impl Write,
) -> io::Result<()> {
    let (title, subtitle) = (shown.title.clone(), shown.lines().collect::<Vec<_>>().join("; "));
    match form {
        Form::Svg => {
            let mut options = svg::SvgOptions::default();
            (options.title, options.subtitle, options.order) = (title, subtitle, look.order);
            let narrowest = f64::from(options.width) * look.trim_percent / 100.0;
            options.min_width = options.min_width.max(narrowest);
            svg::flame_graph(flame, &options, out).map(drop)
        }
        Form::Html => {
            let mut options = html::PageOptions::default();
            (options.title, options.subtitle, options.viewer) = (title, subtitle, viewer(look));
            options.snapshots =
                shown.snapshots.filter(|of| of.moments > 1.0).map(|of| (of.moments, of.words()));
            html::page(flame, &options, out).map(drop)
        }
        Form::Folded => folded::write(flame, out),
        Form::Speedscope => speedscope::write(flame, &title, out),
        Form::Dot => {
            let mut options = dot::DotOptions::default();
            options.title = if subtitle.is_empty() { title } else { format!("{title}\n{subtitle}") };
            options.min_node_percent = options.min_node_percent.max(look.trim_percent);
            dot::call_graph(flame, &options, out).map(drop)
        }
        Form::CallTree => {
            head(shown, look, out)?;
            let mut options = terminal::CallTreeOptions::default();
            (options.width, options.color, options.order) = (look.width, look.color, look.order);
            options.limits.min_percent = options.limits.min_percent.max(look.trim_percent);
            terminal::call_tree(flame, &options, out).map(drop)
        }
        Form::FlameText => {
            head(shown, look, out)?;
            let mut options = terminal::FlameTextOptions::default();
            // A picture has some width, also where nothing looks at it.
            options.width = look.width.min(160);
            (options.color, options.order) = (look.color, look.order);
            terminal::flame_graph(flame, &options, out).map(drop)
        }
        _ => Err(impossible()),
    }
}

/// What it is and what stands on every output, a line each.
fn head(shown: &Shown, look: &Look, out: &mut impl Write) -> io::Result<()> {
    if !look.head {
        return Ok(());
    }
    for line in std::iter::once(shown.title.as_str()).chain(shown.lines()) {
        writeln!(out, "{}", words::fitting(line, look.width))?;
    }
    Ok(())
}

fn ranking(shown: &Shown, form: Form, look: &Look, out: &mut impl Write) -> io::Result<()> {
    let moments = shown.snapshots.filter(|_| !look.sum).map(|snapshots| snapshots.moments);
    let write = |selection: &Selection<'_>, out: &mut dyn Write| {
        let mut out = out;
        let mut options = TopOptions::default();
        (options.sort, options.limit) = (look.sort, look.limit);
        let table = Top::of(selection, &options);
        match form {
            Form::Csv => top::csv(&table, &mut out),
            Form::TopJson => {
                top::json(&table, &mut out)?;
                out.write_all(b"\n")
            }
            _ => {
                head(shown, look, &mut out)?;
                let mut options = TextOptions::default();
                options.width = look.width;
                top::text(&table, &options, &mut out)
            }
        }
    };
    with_selection(shown, |selection| match moments.filter(|moments| *moments > 0.0) {
        None => write(selection, out),
        Some(moments) => {
            let mean = divided(selection.profile(), moments);
            let selection = Selection::new(&mean, 0).ok_or_else(impossible)?;
            let whole = (shown.whole as f64 / moments).round() as i128;
            write(&selection.of_whole(whole), out)
        }
    })
}

/// The samples of one profile.
fn samples(shown: &Shown) -> io::Result<Cow<'_, Profile>> {
    match &shown.content {
        Content::Stacks(Stacks::Profile(profile)) => Ok(Cow::Borrowed(profile)),
        Content::Stacks(Stacks::Tree(tree)) => Ok(Cow::Owned((**tree).clone().into_profile())),
        _ => Err(impossible()),
    }
}

fn with_selection<T>(shown: &Shown, write: impl FnOnce(&Selection<'_>) -> io::Result<T>) -> io::Result<T> {
    if let Content::Comparison(comparison) = &shown.content {
        return write(&comparison.selection());
    }
    let profile = samples(shown)?;
    let selection = Selection::new(&profile, 0).ok_or_else(impossible)?;
    write(&selection.of_whole(shown.whole))
}

/// The tree as it came, or one made of the stacks.
fn with_flame<T>(shown: &Shown, write: impl FnOnce(&Flame<'_>) -> io::Result<T>) -> io::Result<T> {
    if let Content::Stacks(Stacks::Tree(tree)) = &shown.content {
        let flame = Flame {
            graph: &tree.graph,
            symbols: &tree.symbols,
            value_type: &tree.value_type,
            is_comparison: false,
            whole: shown.whole,
            scale: None,
        };
        return write(&flame);
    }
    with_selection(shown, |selection| {
        let graph = selection.flame_graph(FlameOptions::default());
        write(&selection.flame(&graph))
    })
}

fn viewer(look: &Look) -> html::ViewerOptions {
    let mut options = html::ViewerOptions::default();
    (options.order, options.limits) = (look.order, limits(look));
    options
}

fn limits(look: &Look) -> Limits {
    let mut limits = Limits::default();
    limits.min_percent = look.trim_percent;
    limits
}

fn impossible() -> io::Error {
    io::Error::other("the form cannot show that")
}
