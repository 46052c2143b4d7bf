use std::io::{self, Write};

use crate::{Flame, Limits, Order, output::buffered, walk::Walk};

/// Writes the stacks of a tree, in the order of their names, so that the same stacks are the same text wherever they
/// come from. Each is written once; those whose value is 0 are left out, as nothing ends there.
///
/// # Errors
/// If `out` fails.
pub fn write(flame: &Flame<'_>, out: &mut impl Write) -> io::Result<()> {
    buffered(out, |out| {
        let mut path = Path::default();
        let mut name = String::new();
        for visit in Walk::new(*flame, Order::Name, Limits::default()) {
            // The root has no name here.
            let Some(level) = visit.node.depth.checked_sub(1) else { continue };
            path.set(level as usize, flame.name(visit.node).text(&mut name));
            if visit.node.flat != 0 {
                writeln!(out, "{} {}", path.text, visit.node.flat)?;
            }
        }
        Ok(())
    })
}

/// The line of the current stack.
#[derive(Default)]
struct Path {
    text: String,
    /// Where each frame ends in the text.
    ends: Vec<usize>,
}

impl Path {
    fn set(&mut self, level: usize, name: &str) {
        self.ends.truncate(level);
        self.text.truncate(self.ends.last().copied().unwrap_or(0));
        if level > 0 {
            self.text.push(';');
        }
        if name.contains([';', '\n', '\r']) {
            self.text.extend(name.chars().map(replace));
        } else {
            self.text.push_str(name);
        }
        self.ends.push(self.text.len());
    }
}

fn replace(c: char) -> char {
    match c {
        ';' => ':',
        '\n' | '\r' => ' ',
        c => c,
    }
}
