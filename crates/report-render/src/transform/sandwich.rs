use profile_model::{Line, LocationId, Profile, StackId, Symbols};

use super::{location_with, map_stacks};

/// A function between those who call it and those it calls.
#[derive(Clone, Debug)]
pub struct Sandwich {
    /// Stacks that end with the function; best shown inverted.
    pub callers: Profile,
    /// Stacks that start with the function.
    pub callees: Profile,
}

/// The stacks that a function is in, cut at it. The name must be equal to the function's, or to its
/// linker's name where it has no other; where it is several times in a stack, the call that is
/// nearest to the root counts, so that no value counts twice. Both halves have the same total.
pub fn sandwich(profile: &Profile, function: &str) -> Sandwich {
    let cut = |half: Half| {
        map_stacks(profile.clone(), |symbols, stack| {
            let (at, line) = outermost(symbols, stack, function)?;
            Some(half.of(symbols, stack, at, line))
        })
    };
    Sandwich { callers: cut(Half::Callers), callees: cut(Half::Callees) }
}

#[derive(Clone, Copy)]
enum Half {
    Callers,
    Callees,
}

impl Half {
    /// One half of a stack that is cut at a line of the location at `at`.
    fn of(self, symbols: &mut Symbols, stack: StackId, at: usize, line: usize) -> StackId {
        let mut locations: Vec<LocationId> = symbols.stack(stack).to_vec();
        let lines: Vec<Line> = symbols.location(locations[at]).lines.to_vec();
        let lines = match self {
            Self::Callers => &lines[line..],
            Self::Callees => &lines[..=line],
        };
        locations[at] = location_with(symbols, Some(locations[at]), lines);
        let half = match self {
            Self::Callers => &locations[at..],
            Self::Callees => &locations[..=at],
        };
        symbols.intern_stack(half)
    }
}

/// The location and the line of a function that are nearest to the root.
fn outermost(symbols: &Symbols, stack: StackId, function: &str) -> Option<(usize, usize)> {
    symbols.stack(stack).iter().enumerate().rev().find_map(|(at, location)| {
        let lines = symbols.location(*location).lines;
        let line = lines.iter().rposition(|line| is_called(symbols, line, function))?;
        Some((at, line))
    })
}

fn is_called(symbols: &Symbols, line: &Line, name: &str) -> bool {
    line.function.is_some_and(|function| {
        let function = symbols.function(function);
        let known = if function.name.is_empty() { function.system_name } else { function.name };
        symbols.string(known) == name
    })
}
