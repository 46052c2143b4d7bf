use profile_model::{LocationId, Profile, StackId, Symbols};

use super::{location_with, map_stacks};

/// The profile with all stacks upside down: what was the leaf is next to the root. Inlined calls
/// become frames of their own.
///
/// A tree can be inverted without, by [`FlameOptions::invert`](profile_model::FlameOptions); this
/// is for what is not a tree.
pub fn invert(profile: Profile) -> Profile {
    map_stacks(profile, |symbols, stack| Some(inverted(symbols, stack)))
}

fn inverted(symbols: &mut Symbols, stack: StackId) -> StackId {
    let locations: Vec<LocationId> = symbols.stack(stack).iter().rev().copied().collect();
    let mut inverted = Vec::with_capacity(locations.len());
    for location in locations {
        let lines = symbols.location(location).lines.to_vec();
        if lines.len() < 2 {
            inverted.push(location);
            continue;
        }
        // Outermost first, as callers come before callees now.
        for line in lines.into_iter().rev() {
            inverted.push(location_with(symbols, Some(location), &[line]));
        }
    }
    symbols.intern_stack(&inverted)
}
