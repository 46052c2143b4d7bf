use std::io::{self, Write};

use pql::ProfileType;
use profile_codec::pprof;
use profile_model::{FlameOptions, Profile, TimeRange};
use report_render::{Cut, Flame, Limits, Order, Selection, folded, html, json, speedscope, svg, top};

use crate::{Content, Shape, View, envelope};

/// Profiles, and the form that they are to be written in.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Answer {
    /// The query as it was understood.
    pub query: String,
    /// The span, both ends included.
    pub range: TimeRange,
    /// The span that it is compared with.
    pub base: Option<TimeRange>,
    /// The form.
    pub view: View,
    /// What was done to the stacks.
    pub shape: Shape,
    /// One for each profile type that has data, sorted by type; never none.
    pub profiles: Vec<Found>,
}

/// A profile of one type.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Found {
    /// The type.
    pub profile_type: ProfileType,
    /// The unit of the values.
    pub unit: String,
    /// The sum of the values.
    pub total: i128,
    /// The sum of the values of the stacks that were filtered out.
    pub filtered: i128,
    /// What the report is written from.
    pub content: Content,
}

impl Answer {
    /// Writes the report: a document of its own, or for JSON an envelope around all profiles.
    ///
    /// # Errors
    /// If `out` fails.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        if self.view.field().is_some() {
            return envelope::write(self, out);
        }
        match &self.profiles[0].content {
            Content::Profile(profile) if self.view == View::PprofRaw => {
                out.write_all(&pprof::encode_gzip(profile))
            }
            Content::Profile(profile) => self.document(&selection(profile, self.base.is_some())?, out),
            Content::Arrow(_) => Err(impossible()),
        }
    }

    fn document(&self, selection: &Selection<'_>, out: &mut impl Write) -> io::Result<()> {
        let graph = selection.flame_graph(FlameOptions::default());
        let flame = selection.flame(&graph);
        match self.view {
            View::Svg => {
                let mut options = svg::SvgOptions::default();
                options.title.clone_from(&self.query);
                options.order = Order::Value;
                let narrowest = f64::from(options.width) * self.shape.trim_percent / 100.0;
                options.min_width = options.min_width.max(narrowest);
                svg::flame_graph(&flame, &options, out).map(drop)
            }
            View::Html => {
                let mut options = html::PageOptions::default();
                options.title.clone_from(&self.query);
                options.viewer = viewer(&self.shape);
                html::page(&flame, &options, out).map(drop)
            }
            View::Folded => folded::write(&flame, out),
            View::Top => top::text(
                &top::Top::of(selection, &top::TopOptions::default()),
                &top::TextOptions::default(),
                out,
            ),
            View::Speedscope => speedscope::write(&flame, &self.query, out).map(drop),
            _ => Err(impossible()),
        }
    }

    /// Writes the report as a JSON value, and says what was cut off.
    pub(crate) fn value(&self, found: &Found, out: &mut impl Write) -> io::Result<Cut> {
        match &found.content {
            Content::Profile(profile) if self.view == View::Pprof => {
                pprof::write_json(&pprof::encode(profile), &pprof::Limits::default(), out)?;
                Ok(Cut::default())
            }
            Content::Arrow(record) => envelope::arrow(record, out).map(|()| Cut::default()),
            Content::Profile(profile) => {
                let selection = selection(profile, self.base.is_some())?;
                if self.view == View::JsonStacks {
                    return json::stacks(&selection, out).map(|_| Cut::default());
                }
                let graph = selection.flame_graph(FlameOptions::default());
                self.tree(&selection.flame(&graph), out)
            }
        }
    }

    fn tree(&self, flame: &Flame<'_>, out: &mut impl Write) -> io::Result<Cut> {
        if self.view == View::Viewer {
            return html::viewer_data(flame, &viewer(&self.shape), out);
        }
        let mut options = json::FlameJsonOptions::default();
        options.order = Order::Value;
        options.limits = limits(&self.shape);
        json::flame_graph(flame, &options, out)
    }
}

fn viewer(shape: &Shape) -> html::ViewerOptions {
    let mut options = html::ViewerOptions::default();
    options.order = Order::Value;
    options.limits = limits(shape);
    options
}

fn limits(shape: &Shape) -> Limits {
    let mut limits = Limits::default();
    limits.min_percent = shape.trim_percent;
    limits
}

fn selection(profile: &Profile, compares: bool) -> io::Result<Selection<'_>> {
    let selection = if compares { Selection::comparison(profile) } else { Selection::new(profile, 0) };
    selection.ok_or_else(impossible)
}

fn impossible() -> io::Error {
    io::Error::other("the content does not go with the view")
}
