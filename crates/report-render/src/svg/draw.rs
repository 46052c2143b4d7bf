use std::io::{self, Write};

use profile_model::NodeId;

use super::SvgOptions;
use crate::{Cut, Flame, Human, color::Color, describe::Description, walk::Visit, xml::Escaped};

/// Room round the graph, in pixels.
const MARGIN: f64 = 10.0;
/// Room for the title above the graph, in pixels.
const HEAD: f64 = 34.0;
/// Room for the line below the title, in pixels.
const SUBTITLE: f64 = 16.0;
/// Size of letters, in pixels; in a font of fixed pitch each is 0.6 of that wide.
const FONT_SIZE: f64 = 12.0;
const LETTER_WIDTH: f64 = FONT_SIZE * 0.602;
/// Room between the edge of a frame and its text, in pixels.
const PADDING: f64 = 3.0;

pub(super) struct Drawing<'a> {
    flame: Flame<'a>,
    options: &'a SvgOptions,
    boxes: &'a [Visit<'a>],
    levels: u32,
    /// Pixels for one of the unit of the values.
    scale: f64,
}

impl<'a> Drawing<'a> {
    pub(super) fn new(flame: Flame<'a>, options: &'a SvgOptions, boxes: &'a [Visit<'a>]) -> Self {
        let levels = boxes.iter().map(|visit| visit.node.depth + 1).max().unwrap_or(0);
        let width = f64::from(options.width) - 2.0 * MARGIN;
        let whole = boxes.first().map_or(0, |root| root.width);
        let scale = width.max(1.0) / whole.max(1) as f64;
        Self { flame, options, boxes, levels, scale }
    }

    pub(super) fn write(&self, cut: Cut, out: &mut impl Write) -> io::Result<()> {
        self.write_head(cut, out)?;
        let mut buffers = Buffers::default();
        for visit in self.boxes {
            self.write_box(visit, &mut buffers, out)?;
        }
        out.write_all(b"</svg>\n")
    }

    fn write_head(&self, cut: Cut, out: &mut impl Write) -> io::Result<()> {
        let SvgOptions { width, row_height, title, .. } = self.options;
        let height = self.head() + f64::from(self.levels) * f64::from(*row_height) + MARGIN;
        let title = Escaped(title);
        write!(
            out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" role=\"img\" aria-labelledby=\"t d\">\n\
             <title id=\"t\">{title}</title>\n<desc id=\"d\">{} {}",
            Escaped(&self.flame.value_type.name),
            Escaped(&self.flame.sum()),
        )?;
        if !cut.is_nothing() {
            let value = Human::new(cut.value, &self.flame.value_type.unit).to_string();
            write!(out, "; {} frames too narrow or too deep to draw are left out", cut.nodes)?;
            write!(out, ", those at the edge sum up to {}", Escaped(&value))?;
        }
        write!(
            out,
            "</desc>\n<style>text{{font:{FONT_SIZE}px ui-monospace,Menlo,Consolas,monospace}}\
             rect:hover{{stroke:#000}}</style>\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
             <text x=\"{MARGIN}\" y=\"21\" style=\"font-size:15px\">{title}</text>\n"
        )?;
        if !self.options.subtitle.is_empty() {
            let room = ((f64::from(*width) - 2.0 * MARGIN) / LETTER_WIDTH) as usize;
            let subtitle = words::fitting(&self.options.subtitle, room);
            writeln!(out, "<text x=\"{MARGIN}\" y=\"37\">{}</text>", Escaped(&subtitle))?;
        }
        Ok(())
    }

    /// Room above the graph, in pixels.
    fn head(&self) -> f64 {
        if self.options.subtitle.is_empty() { HEAD } else { HEAD + SUBTITLE }
    }

    fn write_box(&self, visit: &Visit<'_>, buffers: &mut Buffers, out: &mut impl Write) -> io::Result<()> {
        let node = self.flame.graph.node(visit.id);
        let Buffers { name, label } = buffers;
        let name = self.flame.name(node).text(name);
        let row_height = f64::from(self.options.row_height);
        let x = MARGIN + visit.start as f64 * self.scale;
        let width = visit.width as f64 * self.scale;
        let (y, color) = (self.top_of(node.depth), self.color(visit, name));
        let description = Description { flame: self.flame, node }.to_string();
        write!(out, "<g><title>{}: {}</title>", Escaped(name), Escaped(&description))?;
        // The gap between frames is part of the width, so that neighbours do not run together.
        let shown = if width > 2.0 { width - 0.5 } else { width };
        let height = row_height - 1.0;
        write!(
            out,
            "<rect x=\"{x:.2}\" y=\"{y}\" width=\"{shown:.2}\" height=\"{height}\" fill=\"{color}\"/>"
        )?;
        let letters = ((width - 2.0 * PADDING) / LETTER_WIDTH).max(0.0) as usize;
        label.clear();
        if letters >= 3 && words::push_fitting(label, name, letters) > 0 {
            let (x, y) = (x + PADDING, y + row_height - 5.0);
            write!(out, "<text x=\"{x:.2}\" y=\"{y}\">{}</text>", Escaped(label))?;
        }
        out.write_all(b"</g>\n")
    }

    fn top_of(&self, depth: u32) -> f64 {
        let row = if self.options.root_at_top { depth } else { self.levels.saturating_sub(depth + 1) };
        self.head() + f64::from(row) * f64::from(self.options.row_height)
    }

    fn color(&self, visit: &Visit<'_>, name: &str) -> Color {
        match visit.id {
            NodeId::ROOT if !self.flame.is_comparison => Color::NEUTRAL,
            _ if self.flame.is_comparison => Color::of_change(visit.node),
            _ => Color::of_name(name),
        }
    }
}

#[derive(Default)]
struct Buffers {
    name: String,
    label: String,
}
