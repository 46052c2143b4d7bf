//! Flame graphs and call trees as text of fixed pitch, no wider than asked.
//!
//! Names from the profile cannot move the cursor or change the order of the text: what is not
//! printable is replaced.

mod call_tree;
mod flame_graph;

pub use call_tree::{CallTreeOptions, call_tree};
pub use flame_graph::{FlameTextOptions, flame_graph};

use std::io::{self, Write};

use crate::{Cut, Flame, Human, Percent};

/// Says what was left out, if something was.
fn write_cut(out: &mut impl Write, flame: &Flame<'_>, cut: Cut) -> io::Result<()> {
    if cut.is_nothing() {
        return Ok(());
    }
    let value = Human::new(cut.value, &flame.value_type.unit);
    let share = Percent::new(cut.value, flame.whole);
    writeln!(out, "not shown: {} frames, those at the edge sum up to {value} ({share})", cut.nodes)
}
