use profile_model::{FlameOptions, Profile};
use re2::Regex;
use report_render::{Selection, transform};

use crate::{Stacks, Tree};

/// What is done to stacks before they are shown; the default is nothing.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Changes {
    /// Keeps stacks with a frame like that.
    pub focus: Option<Regex>,
    /// Drops stacks with a frame like that.
    pub ignore: Option<Regex>,
    /// Takes frames like that out of the stacks.
    pub hide: Option<Regex>,
    /// Puts the leaf next to the root.
    pub invert: bool,
    /// The labels whose values stand as frames above the stacks.
    pub group_by: Vec<String>,
    /// Takes runs of functions that only call the next one as the last of them.
    pub collapse: bool,
    /// Takes shares of what the above leave, not of the whole.
    pub relative: bool,
}

/// Stacks after changes, with what they are a part of.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Changed {
    /// What is left.
    pub stacks: Stacks,
    /// What shares are of.
    pub whole: i128,
    /// The sum of the values that were taken out.
    pub filtered: i128,
}

impl Changes {
    /// Whether stacks may go, so that nothing may be left.
    pub fn can_leave_nothing(&self) -> bool {
        self.focus.is_some() || self.ignore.is_some() || self.hide.is_some()
    }

    /// The stacks as they are to be shown. A tree stays one where nothing is asked that needs its stacks.
    pub fn apply(&self, stacks: Stacks) -> Changed {
        let changed = self.without_runs(stacks);
        if !self.collapse {
            return changed;
        }
        Changed { stacks: collapsed(changed.stacks), ..changed }
    }

    fn without_runs(&self, stacks: Stacks) -> Changed {
        let (whole, total) = (stacks.whole(), stacks.total());
        if !self.can_leave_nothing() && !self.invert && self.group_by.is_empty() {
            return Changed { stacks, whole, filtered: 0 };
        }
        let changed = Stacks::Profile(Box::new(self.of_profile(stacks.into_profile())));
        let whole = if self.relative { changed.whole() } else { whole };
        let filtered = total - changed.total();
        Changed { stacks: changed, whole, filtered }
    }

    /// The profile as it is to be shown, with all its sample types.
    pub fn of_profile(&self, mut profile: Profile) -> Profile {
        if self.can_leave_nothing() {
            let mut filter = transform::Filter::default();
            (filter.focus, filter.ignore, filter.hide) =
                (self.focus.clone(), self.ignore.clone(), self.hide.clone());
            profile = filter.apply(profile);
        }
        if self.invert {
            profile = transform::invert(profile);
        }
        let labels: Vec<_> = self.group_by.iter().cloned().map(transform::GroupBy::Label).collect();
        if labels.is_empty() { profile } else { transform::group(profile, &labels) }
    }
}

/// Stacks as a tree without its runs.
fn collapsed(stacks: Stacks) -> Stacks {
    let tree = match stacks {
        Stacks::Tree(tree) => *tree,
        Stacks::Message(..) => return stacks,
        Stacks::Profile(profile) => {
            let Some(selection) = Selection::new(&profile, 0) else { return Stacks::Profile(profile) };
            let graph = selection.flame_graph(FlameOptions::default());
            let value_type = selection.value_type().clone();
            let Profile { symbols, time_nanos, duration_nanos, .. } = *profile;
            Tree { graph, symbols, value_type, time_nanos, duration_nanos }
        }
    };
    Stacks::Tree(Box::new(Tree { graph: transform::collapse(&tree.graph), ..tree }))
}
