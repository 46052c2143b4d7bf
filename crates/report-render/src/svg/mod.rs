//! Flame graphs as images that stand alone: no style, font or script from elsewhere. Where the scripts of an image may
//! run, a click zooms and Ctrl-F searches.

mod draw;

use std::io::{self, Write};

use crate::{Cut, Flame, Limits, Order, output::buffered, walk::Walk};

/// How an image looks.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SvgOptions {
    /// What stands above the graph.
    pub title: String,
    /// What stands below the title: the window, how many snapshots were added up; a line of its own if it is not empty.
    pub subtitle: String,
    /// The width of the image, in pixels.
    pub width: u32,
    /// The height of a level, in pixels.
    pub row_height: u32,
    /// Frames narrower than this are left out, in pixels.
    pub min_width: f64,
    /// How many levels below the root are drawn.
    pub max_depth: u32,
    /// How siblings are ordered.
    pub order: Order,
    /// Draws the root at the top (an icicle), not at the bottom.
    pub root_at_top: bool,
}

impl Default for SvgOptions {
    fn default() -> Self {
        Self {
            title: "Flame graph".to_owned(),
            subtitle: String::new(),
            width: 1200,
            row_height: 17,
            min_width: 0.1,
            max_depth: u32::MAX,
            order: Order::Value,
            root_at_top: false,
        }
    }
}

impl SvgOptions {
    /// The share of the total, in percent, that frames need in order to be drawn.
    pub fn min_percent(&self) -> f64 {
        self.min_width / f64::from(self.width.max(1)) * 100.0
    }
}

/// Draws a tree. Each frame has a tooltip with its value, its share of the whole and the exact
/// value, and in a comparison the change with its sign; the colour tells the same function from
/// others, or how large the change is. Frames are as wide as what they stand for is large, signs aside, and in a
/// comparison on both sides, so that what is gone has a place. What is too narrow is left out; the image says how
/// many.
///
/// # Errors
/// If `out` fails.
pub fn flame_graph(flame: &Flame<'_>, options: &SvgOptions, out: &mut impl Write) -> io::Result<Cut> {
    let limits = Limits { min_percent: options.min_percent(), max_depth: options.max_depth };
    let mut walk = Walk::of_drawn(*flame, options.order, limits);
    let mut boxes: Vec<_> = walk.by_ref().collect();
    let mut cut = walk.cut();
    boxes.retain(|visit| {
        let is_drawn = visit.node.depth == 0 || visit.width > 0;
        cut.nodes += usize::from(!is_drawn);
        is_drawn
    });
    buffered(out, |out| draw::Drawing::new(*flame, options, &boxes).write(cut, out))?;
    Ok(cut)
}
