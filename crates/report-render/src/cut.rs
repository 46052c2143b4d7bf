/// What is not worth showing.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Limits {
    /// Nodes with less than this share of the whole go, in percent, with all below them. The size
    /// counts, not the sign, and in a comparison that of both sides. NaN counts as 0, which keeps all.
    pub min_percent: f64,
    /// How many levels below the root are shown.
    pub max_depth: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { min_percent: 0.0, max_depth: u32::MAX }
    }
}

/// What was left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cut {
    /// How many nodes, those below them included.
    pub nodes: usize,
    /// The sum of their values, in the unit of the values; saturating.
    pub value: i64,
}

impl Cut {
    /// Whether nothing was left out.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}
