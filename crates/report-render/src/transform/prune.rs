use profile_model::{FunctionId, Line, LocationId, Profile, StackId, Symbols};
use re2::Regex;

use super::{location_with, map_stacks};

/// The profile without the frames that it says itself are of no interest (`drop_frames`, `keep_frames`: the insides of
/// allocators and profilers), with all that they called, as `go tool pprof` shows it.
///
/// The expressions have to match all of a function's name without its arguments. Frames above the first one that stays
/// are never dropped, so that no stack becomes nothing. A profile that names none, or in a way that Go would not take,
/// is given back as it is.
pub fn prune(profile: Profile) -> Profile {
    let whole = |pattern: &str| Regex::new(&format!("^({pattern})$")).ok();
    if profile.drop_frames.is_empty() {
        return profile;
    }
    let Some(drop) = whole(&profile.drop_frames) else { return profile };
    let keep = if profile.keep_frames.is_empty() { None } else { whole(&profile.keep_frames) };
    let mut rules = Rules { drop, keep, functions: Vec::new() };
    map_stacks(profile, |symbols, stack| Some(rules.prune(symbols, stack)))
}

struct Rules {
    drop: Regex,
    keep: Option<Regex>,
    /// Whether each function is dropped, worked out once.
    functions: Vec<Option<bool>>,
}

/// What a location loses.
enum Fate {
    Stays,
    /// All of it goes.
    Goes,
    /// The lines from this one on stay.
    LosesInner(usize),
}

impl Rules {
    fn prune(&mut self, symbols: &mut Symbols, stack: StackId) -> StackId {
        let locations: Vec<LocationId> = symbols.stack(stack).to_vec();
        let mut found_user = false;
        for (at, location) in locations.iter().enumerate().rev() {
            match self.fate(symbols, *location) {
                Fate::Stays => found_user = true,
                _ if !found_user => {}
                Fate::Goes => return symbols.intern_stack(&locations[at + 1..]),
                Fate::LosesInner(first) => {
                    let lines: Vec<Line> = symbols.location(*location).lines[first..].to_vec();
                    let mut kept = vec![location_with(symbols, Some(*location), &lines)];
                    kept.extend_from_slice(&locations[at + 1..]);
                    return symbols.intern_stack(&kept);
                }
            }
        }
        stack
    }

    fn fate(&mut self, symbols: &Symbols, location: LocationId) -> Fate {
        let lines = symbols.location(location).lines;
        let dropped =
            lines.iter().rposition(|line| line.function.is_some_and(|of| self.is_dropped(symbols, of)));
        match dropped {
            None => Fate::Stays,
            Some(at) if at + 1 == lines.len() => Fate::Goes,
            Some(at) => Fate::LosesInner(at + 1),
        }
    }

    fn is_dropped(&mut self, symbols: &Symbols, function: FunctionId) -> bool {
        let at = function.index();
        if at >= self.functions.len() {
            self.functions.resize(at + 1, None);
        }
        let Self { drop, keep, functions } = self;
        *functions[at].get_or_insert_with(|| {
            let name = without_arguments(symbols.string(symbols.function(function).name));
            !name.is_empty() && drop.is_match(name) && !keep.as_ref().is_some_and(|keep| keep.is_match(name))
        })
    }
}

/// The name up to its arguments, without the dot that some linkers put before it.
fn without_arguments(name: &str) -> &str {
    const WITH_BRACKETS: [&str; 2] = ["(anonymous namespace)", "operator()"];
    let name = name.strip_prefix('.').unwrap_or(name);
    let mut at = 0;
    while let Some(found) = name[at..].find('(') {
        let bracket = at + found;
        let reserved = WITH_BRACKETS.iter().find_map(|word| {
            let start = bracket.checked_sub(word.find('(')?)?;
            name.get(start..)?.starts_with(word).then_some(start + word.len())
        });
        match reserved {
            Some(end) => at = end,
            None => return &name[..bracket],
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_do_not_count() {
        let check = |name: &str, expect: &str| assert_eq!(without_arguments(name), expect);
        check("malloc", "malloc");
        check(".malloc", "malloc");
        check("operator new(unsigned long)", "operator new");
        check("(anonymous namespace)::alloc(int)", "(anonymous namespace)::alloc");
        check("A::operator()(int) const", "A::operator()");
        check("f(void (*)(int))", "f");
    }
}
