//! Folded stacks from stdin, a flame graph as SVG to stdout:
//! `folded_to_svg < stacks.folded > flame.svg`.

use std::{error::Error, io};

use report_render::{folded, svg};

fn main() -> Result<(), Box<dyn Error>> {
    let options = svg::SvgOptions::default();
    // What is too narrow to draw need not become a node of the tree at all.
    let read =
        folded::parse_graph(io::stdin().lock(), &folded::ParseOptions::default(), options.min_percent())?;
    svg::flame_graph(&read.flame(), &options, &mut io::stdout().lock())?;
    Ok(())
}
