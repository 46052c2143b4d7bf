//! Profiles for Go's compiler: the calls nearest to the leaf are all that it reads.

use std::collections::BTreeMap;

use parca_proto::pyroscope::types::GoPgo;
use profile_model::{Line, Location, LocationId, Profile, Sample, Samples, StackId, Symbols, Transfer};

/// The profile with stacks of so many locations, 0 for all, counted from the leaf; and with calls of one function by
/// another put together, wherever the leaf was, if that is wanted.
pub(super) fn trimmed(profile: &Profile, pgo: &GoPgo) -> Profile {
    let keep = if pgo.keep_locations == 0 { usize::MAX } else { pgo.keep_locations as usize };
    let mut transfer = Transfer::new(&profile.symbols);
    let mut symbols = Symbols::new();
    let mut sums: BTreeMap<StackId, Vec<i64>> = BTreeMap::new();
    for sample in profile.samples.iter() {
        let kept = profile.symbols.stack(sample.stack).iter().take(keep);
        let mut stack: Vec<LocationId> = kept.map(|id| transfer.location(&mut symbols, *id)).collect();
        if let Some(leaf) = stack.first_mut().filter(|_| pgo.aggregate_callees) {
            *leaf = without_line(&mut symbols, *leaf);
        }
        let stack = symbols.intern_stack(&stack);
        let sum = sums.entry(stack).or_insert_with(|| vec![0; sample.values.len()]);
        sum.iter_mut().zip(sample.values).for_each(|(sum, value)| *sum = sum.saturating_add(*value));
    }
    let mut samples = Samples::new(profile.samples.width());
    for (stack, values) in &sums {
        samples.push(Sample { stack: *stack, values, labels: &[] });
    }
    // The rest of a profile is small beside its symbols.
    let rest = Profile { symbols: Symbols::new(), samples: Samples::default(), ..profile.clone() };
    Profile { symbols, samples, ..rest }
}

/// The location with the innermost of its calls at no line.
fn without_line(symbols: &mut Symbols, id: LocationId) -> LocationId {
    let Location { mapping, is_folded, lines, .. } = symbols.location(id);
    let mut lines: Vec<Line> = lines.to_vec();
    let Some(innermost) = lines.first_mut() else { return id };
    (innermost.line, innermost.column) = (0, 0);
    symbols.intern_location(Location { mapping, address: 0, is_folded, lines: &lines })
}

#[cfg(test)]
mod tests {
    use profile_model::{Function, StringId, ValueType};

    use super::*;

    /// `main` calls `f`, which was seen at two of its lines.
    fn profile() -> Profile {
        let mut profile = Profile::new(vec![ValueType::new("cpu", "nanoseconds")]);
        let symbols = &mut profile.symbols;
        let mut at = |name: &str, line| {
            let name = symbols.intern_string(name);
            let function = Function { name, system_name: name, filename: StringId::EMPTY, start_line: 1 };
            let lines = [Line { function: Some(symbols.intern_function(function)), line, column: 0 }];
            symbols.intern_location(Location { mapping: None, address: 9, is_folded: false, lines: &lines })
        };
        let (first, second, main, start) = (at("f", 3), at("f", 4), at("main", 7), at("start", 1));
        for (leaf, value) in [(first, 5), (second, 6)] {
            let stack = profile.symbols.intern_stack(&[leaf, main, start]);
            profile.samples.push(Sample { stack, values: &[value], labels: &[] });
        }
        profile
    }

    #[test]
    fn stacks_are_short_and_callees_together() {
        let check = |keep_locations, aggregate_callees, expect: &[(usize, i64)]| {
            let trimmed = trimmed(&profile(), &GoPgo { keep_locations, aggregate_callees });
            let rows = trimmed.samples.column(0);
            let found: Vec<(usize, i64)> =
                rows.map(|(stack, value)| (trimmed.symbols.stack(stack).len(), value)).collect();
            assert_eq!(found, expect);
        };
        check(0, false, &[(3, 5), (3, 6)]);
        check(2, false, &[(2, 5), (2, 6)]);
        check(2, true, &[(2, 11)]);
        check(1, true, &[(1, 11)]);
    }
}
