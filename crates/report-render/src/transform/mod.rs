//! What is done to a profile before it is shown; each function takes a profile, or a tree, and gives one.
//!
//! Stacks change, values and labels do not. Tables may keep entries that no sample needs any more.

mod collapse;
mod filter;
mod group;
mod invert;
mod prune;
mod sandwich;
mod trim;

pub use collapse::collapse;
pub use filter::Filter;
pub use group::{GroupBy, group};
pub use invert::invert;
pub use prune::prune;
pub use sandwich::{Sandwich, sandwich};
pub use trim::{Trimmed, trim};

use profile_model::{
    Function, Line, Location, LocationId, Profile, Sample, Samples, StackId, StringId, Symbols,
};

/// The profile with other stacks, each worked out once; samples whose stack becomes nothing go.
fn map_stacks(
    mut profile: Profile,
    mut map: impl FnMut(&mut Symbols, StackId) -> Option<StackId>,
) -> Profile {
    let mut known: Vec<Option<Option<StackId>>> = vec![None; profile.symbols.stacks().len()];
    let mut samples = Samples::new(profile.samples.width());
    for sample in profile.samples.iter() {
        let mapped =
            *known[sample.stack.index()].get_or_insert_with(|| map(&mut profile.symbols, sample.stack));
        if let Some(stack) = mapped {
            samples.push(Sample { stack, ..sample });
        }
    }
    profile.samples = samples;
    profile
}

/// A frame that stands for no code, only for a name.
fn named_location(symbols: &mut Symbols, name: &str) -> LocationId {
    let name = symbols.intern_string(name);
    let function = Function { name, system_name: name, filename: StringId::EMPTY, start_line: 0 };
    let function = Some(symbols.intern_function(function));
    location_with(symbols, None, &[Line { function, line: 0, column: 0 }])
}

/// The location with only these lines, or one without address if there is none to go by.
fn location_with(symbols: &mut Symbols, like: Option<LocationId>, lines: &[Line]) -> LocationId {
    let (mapping, address, is_folded) = match like {
        Some(like) => {
            let like = symbols.location(like);
            (like.mapping, like.address, like.is_folded)
        }
        None => (None, 0, false),
    };
    symbols.intern_location(Location { mapping, address, is_folded, lines })
}
