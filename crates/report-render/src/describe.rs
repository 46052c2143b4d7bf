//! What is said about a node beside its name, in tooltips and tables.

use std::fmt;

use profile_model::FlameNode;

use crate::{Flame, Human, Percent};

/// Value, share, exact value and change of a node: `1.5 s (75.0 %), 1500000000 nanoseconds`.
pub(crate) struct Description<'a> {
    pub(crate) flame: Flame<'a>,
    pub(crate) node: &'a FlameNode,
}

impl fmt::Display for Description<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { flame, node } = self;
        let value = Human::new(node.cumulative, &flame.value_type.unit);
        let share = Percent::new(node.cumulative, flame.whole);
        write!(f, "{value} ({share})")?;
        let (human, exact) = (value.to_string(), value.exact().to_string());
        if human != exact {
            write!(f, ", {exact}")?;
        }
        if flame.is_comparison {
            write!(f, ", {}", Change { flame: *flame, node })?;
        }
        Ok(())
    }
}

/// The change of a node with its sign: `+200 ms (+15.4 %)`, `new` where there was nothing before, and `scaled`
/// where what was before was brought to the total of what is now.
pub(crate) struct Change<'a> {
    pub(crate) flame: Flame<'a>,
    pub(crate) node: &'a FlameNode,
}

impl fmt::Display for Change<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { flame, node } = self;
        if node.diff == 0 {
            return f.write_str("unchanged");
        }
        let sign = if node.diff > 0 { "+" } else { "" };
        let scaled = if flame.scale.is_some() { " scaled" } else { "" };
        write!(f, "{sign}{}{scaled}", Human::new(node.diff, &flame.value_type.unit))?;
        if node.cumulative == node.diff {
            return f.write_str(" (new)");
        }
        if node.cumulative == 0 {
            return f.write_str(" (gone)");
        }
        let before = (i128::from(node.cumulative) - i128::from(node.diff)) as f64;
        let percent = node.diff as f64 / before.abs() * 100.0;
        write!(f, " ({percent:+.1} %)")
    }
}
