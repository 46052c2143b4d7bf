//! Folded stacks from stdin, a page with a flame graph to stdout:
//! `folded_to_html < stacks.folded > flame.html`.

use std::{error::Error, io};

use report_render::{folded, html};

fn main() -> Result<(), Box<dyn Error>> {
    let read = folded::parse_graph(io::stdin().lock(), &folded::ParseOptions::default(), 0.0)?;
    html::page(&read.flame(), &html::PageOptions::default(), &mut io::stdout().lock())?;
    Ok(())
}
