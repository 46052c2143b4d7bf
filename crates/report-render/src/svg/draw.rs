use std::collections::BTreeMap;
use std::io::{self, Write};

use super::SvgOptions;
use crate::color::{Color, Palette, is_change};
use crate::{Cut, Flame, Human, Percent, describe::Description, names, walk::Visit, xml::Escaped};

/// Room round the graph, in pixels.
const MARGIN: f64 = 10.0;
/// Room for the lines above the graph, in pixels: the title, what it is of, and what the colours mean.
const HEAD: f64 = 66.0;
/// The height of a line, in pixels.
const LINE: f64 = 16.0;
/// Size of letters, in pixels; in a font of fixed pitch each is 0.6 of that wide.
const FONT_SIZE: f64 = 12.0;
const LETTER_WIDTH: f64 = FONT_SIZE * 0.602;
/// Room between the edge of a frame and its text, in pixels.
const PADDING: f64 = 3.0;
/// The fewest letters that say something.
const LEAST_LETTERS: usize = 3;
/// What is between the forms of a name for the script: a tab, which no name keeps.
const BETWEEN: &str = "&#9;";
/// Zooms and searches where scripts may run.
const SCRIPT: &str = include_str!("view.js");

/// How many packages the legend has at most.
const LEGEND: usize = 9;

pub(super) struct Drawing<'a> {
    flame: Flame<'a>,
    options: &'a SvgOptions,
    boxes: &'a [Visit<'a>],
    palette: Palette<'a>,
    levels: u32,
    /// Pixels for one of the unit of the values.
    scale: f64,
}

impl<'a> Drawing<'a> {
    pub(super) fn new(flame: Flame<'a>, options: &'a SvgOptions, boxes: &'a [Visit<'a>]) -> Self {
        let levels = boxes.iter().map(|visit| visit.node.depth + 1).max().unwrap_or(0);
        let whole = boxes.first().map_or(0, |root| root.width);
        let scale = room(options).max(1.0) / whole.max(1) as f64;
        Self { flame, options, boxes, palette: Palette::of(&flame), levels, scale }
    }

    pub(super) fn write(&self, cut: Cut, out: &mut impl Write) -> io::Result<()> {
        let classes = self.classes();
        self.write_head(cut, out)?;
        self.write_style(&classes, out)?;
        self.write_words(&classes, out)?;
        for visit in self.boxes {
            self.write_box(visit, &classes, out)?;
        }
        writeln!(out, "<script><![CDATA[\n{SCRIPT}]]></script>\n</svg>")
    }

    /// The colours that are used, with a class for each.
    fn classes(&self) -> BTreeMap<String, (usize, Color)> {
        let mut classes = BTreeMap::new();
        let of_boxes = self.boxes.iter().map(|visit| self.color(visit));
        let of_legend = self.palette.legend.iter().take(LEGEND).map(|(_, color, _)| *color);
        for color in of_boxes.chain(of_legend) {
            let next = classes.len();
            classes.entry(color.to_string()).or_insert((next, color));
        }
        classes
    }

    fn color(&self, visit: &Visit<'a>) -> Color {
        self.palette.color(&self.flame, visit.node, visit.id)
    }

    fn write_head(&self, cut: Cut, out: &mut impl Write) -> io::Result<()> {
        let SvgOptions { width, row_height, title, .. } = self.options;
        let height = HEAD + f64::from(self.levels) * f64::from(*row_height) + MARGIN;
        let base = f64::from(*row_height) - 5.0;
        write!(
            out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" role=\"img\" aria-labelledby=\"t d\" data-left=\"{MARGIN}\" \
             data-room=\"{}\" data-base=\"{base}\" data-down=\"{}\">\n\
             <title id=\"t\">{}</title>\n<desc id=\"d\">{} {}",
            room(self.options),
            u8::from(self.options.root_at_top),
            Escaped(title),
            Escaped(&self.flame.value_type.name),
            Escaped(&self.flame.sum()),
        )?;
        if !cut.is_nothing() {
            let value = Human::new(cut.value, &self.flame.value_type.unit).to_string();
            write!(out, "; {} frames too narrow or too deep to draw are left out", cut.nodes)?;
            write!(out, ", those at the edge sum up to {}", Escaped(&value))?;
        }
        out.write_all(b"</desc>\n")
    }

    fn write_style(
        &self,
        classes: &BTreeMap<String, (usize, Color)>,
        out: &mut impl Write,
    ) -> io::Result<()> {
        write!(
            out,
            "<style>text{{font:{FONT_SIZE}px ui-monospace,Menlo,Consolas,monospace;fill:#171a21;pointer-events:none}}\
             .b{{fill:#fff}}.l{{font-size:11px;fill:#5a6270}}#found{{pointer-events:all;cursor:pointer;fill:#1d5fd1}}\
             .f{{cursor:pointer}}.f:hover rect{{stroke:#171a21}}.hit rect{{stroke:#c2187a;stroke-width:2}}"
        )?;
        for (number, color) in classes.values() {
            write!(out, ".c{number}{{fill:{color}}}")?;
        }
        write!(
            out,
            "@media(prefers-color-scheme:dark){{text{{fill:#eef0f3}}.b{{fill:#15171c}}.l{{fill:#a0a8b6}}\
             #found{{fill:#7aa7f7}}.f:hover rect{{stroke:#fff}}"
        )?;
        for (number, color) in classes.values() {
            write!(out, ".c{number}{{fill:{}}}", color.dark())?;
        }
        out.write_all(b"}</style>\n")
    }

    /// The title, what stands below it, and what the colours mean.
    fn write_words(
        &self,
        classes: &BTreeMap<String, (usize, Color)>,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let width = f64::from(self.options.width);
        let letters = (room(self.options) / LETTER_WIDTH) as usize;
        let title = words::fitting(&self.options.title, letters * 3 / 4);
        write!(
            out,
            "<rect width=\"100%\" height=\"100%\" class=\"b\"/>\n\
             <text x=\"{MARGIN}\" y=\"21\" style=\"font-size:15px\">{}</text>\n\
             <text id=\"found\" x=\"{}\" y=\"21\" text-anchor=\"end\" style=\"display:none\">search</text>\n",
            Escaped(&title),
            width - MARGIN,
        )?;
        let parts =
            [self.flame.sum(), self.options.subtitle.clone()].into_iter().filter(|part| !part.is_empty());
        let facts = words::fitting(&parts.collect::<Vec<_>>().join("; "), letters);
        writeln!(out, "<text x=\"{MARGIN}\" y=\"37\" class=\"l\">{}</text>", Escaped(&facts))?;
        self.write_legend(37.0 + LINE, classes, out)
    }

    fn write_legend(
        &self,
        y: f64,
        classes: &BTreeMap<String, (usize, Color)>,
        out: &mut impl Write,
    ) -> io::Result<()> {
        if self.flame.is_comparison {
            let of = if self.flame.scale.is_some() { ", as a share of the total" } else { "" };
            return writeln!(
                out,
                "<text x=\"{MARGIN}\" y=\"{y}\" class=\"l\">red + grew, blue \u{2212} shrank{of}; gone frames keep the width \
                 they had</text>"
            );
        }
        let mut x = MARGIN;
        for (package, color, share) in
            self.palette.legend.iter().take(LEGEND).filter(|(.., share)| *share > 0.0)
        {
            let name = if package.is_empty() { "other" } else { last_parts(package) };
            let text = format!(
                "{} {}",
                words::fitting(name, 24),
                Percent::new((*share * 1e6).round() as i64, 1_000_000)
            );
            let wide = 20.0 + (words::columns(&text) as f64) * 6.7 + 12.0;
            if x + wide > MARGIN + room(self.options) {
                break;
            }
            let class = classes.get(&color.to_string()).map_or(0, |(number, _)| *number);
            writeln!(
                out,
                "<rect class=\"c{class}\" x=\"{x:.1}\" y=\"{}\" width=\"10\" height=\"10\" rx=\"2\"/>\
                 <text x=\"{:.1}\" y=\"{y}\" class=\"l\">{}</text>",
                y - 9.0,
                x + 14.0,
                Escaped(&text),
            )?;
            x += wide;
        }
        Ok(())
    }

    fn write_box(
        &self,
        visit: &Visit<'a>,
        classes: &BTreeMap<String, (usize, Color)>,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let node = visit.node;
        let mut buffer = String::new();
        let name = self.flame.name(node).text(&mut buffer);
        let row_height = f64::from(self.options.row_height);
        let x = MARGIN + visit.start as f64 * self.scale;
        let width = visit.width as f64 * self.scale;
        let class = classes.get(&self.color(visit).to_string()).map_or(0, |(number, _)| *number);
        let y = self.top_of(node.depth);
        let description = Description { flame: self.flame, node }.to_string();
        let forms = if name.starts_with('{') { vec![name.to_owned()] } else { names::forms(name) };
        let all: Vec<String> = forms.iter().map(|form| Escaped(form).to_string()).collect();
        let (all, sign) = (all.join(BETWEEN), self.sign(visit));
        write!(out, "<g class=\"f\" data-w=\"{width:.2}\" data-s=\"{sign}\" data-n=\"{all}\">")?;
        write!(out, "<title>{}: {}</title>", Escaped(&forms[0]), Escaped(&description))?;
        // The gap between frames is part of the width, so that neighbours do not run together.
        let shown = if width > 2.0 { width - 0.5 } else { width };
        let height = row_height - 1.0;
        write!(
            out,
            "<rect class=\"c{class}\" x=\"{x:.2}\" y=\"{y}\" width=\"{shown:.2}\" height=\"{height}\"/>"
        )?;
        let letters = ((width - 2.0 * PADDING) / LETTER_WIDTH).max(0.0) as usize;
        let label = self.label(visit, name, letters);
        if !label.is_empty() {
            let (x, y) = (x + PADDING, y + row_height - 5.0);
            write!(out, "<text x=\"{x:.2}\" y=\"{y}\">{}</text>", Escaped(&label))?;
        }
        out.write_all(b"</g>\n")
    }

    /// What stands in a box: in a comparison with a sign, as colours alone say nothing to some.
    fn label(&self, visit: &Visit<'_>, name: &str, letters: usize) -> String {
        if letters < LEAST_LETTERS {
            return String::new();
        }
        let mut label = self.sign(visit).to_owned();
        let taken = words::columns(&label);
        names::push_fitting(&mut label, name, letters.saturating_sub(taken));
        label
    }

    fn sign(&self, visit: &Visit<'_>) -> &'static str {
        let node = visit.node;
        match node.diff {
            _ if !self.flame.is_comparison || node.depth == 0 || !is_change(node.cumulative, node.diff) => "",
            1.. => "+ ",
            _ => "\u{2212} ",
        }
    }

    fn top_of(&self, depth: u32) -> f64 {
        let row = if self.options.root_at_top { depth } else { self.levels.saturating_sub(depth + 1) };
        HEAD + f64::from(row) * f64::from(self.options.row_height)
    }
}

fn room(options: &SvgOptions) -> f64 {
    f64::from(options.width) - 2.0 * MARGIN
}

/// The last two parts of a path.
fn last_parts(package: &str) -> &str {
    package.rmatch_indices('/').nth(1).map_or(package, |(at, _)| &package[at + 1..])
}
