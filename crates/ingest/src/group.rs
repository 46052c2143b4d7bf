//! Targets as a discovery finds them.

use std::collections::BTreeMap;

/// Labels while targets are found: the last value of a name wins.
pub type LabelMap = BTreeMap<String, String>;

/// The label that holds `host:port`.
pub(crate) const ADDRESS: &str = "__address__";

/// Targets of one origin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Group {
    /// Where they come from.
    pub source: String,
    /// The labels of each, `__address__` among them.
    pub targets: Vec<LabelMap>,
    /// The labels of all; a target's own win.
    pub labels: LabelMap,
}

impl Group {
    /// Targets of which nothing but the address is known.
    pub fn of_addresses(source: String, addresses: Vec<String>, labels: LabelMap) -> Self {
        let target = |address| LabelMap::from([(ADDRESS.to_owned(), address)]);
        Self { source, targets: addresses.into_iter().map(target).collect(), labels }
    }
}
