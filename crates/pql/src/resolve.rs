use crate::ProfileType;

/// What a short name stands for among the types that a server has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// Exactly this type.
    One(ProfileType),
    /// Several, sorted; the caller asks for a longer name or takes them all.
    Many(Vec<ProfileType>),
    /// None; the nearest by spelling, best first, at most three.
    None {
        /// Types whose id or short name is close to what was typed.
        nearest: Vec<ProfileType>,
    },
}

/// Finds the types that `short` names. The first rule that finds any decides:
///
/// 1. the full id (`memory:inuse_space:bytes:space:bytes`, with `:delta` for delta types);
/// 2. the name: `memory` is all sample types of that name;
/// 3. the first parts of the id: `memory:inuse_space`, also with unit and period type;
/// 4. `<name>_<sample_type>` or `<name>_<period_type>`: `memory_inuse_space`, `parca_agent_cpu`.
///
/// Rules 2 to 4 take delta and non-delta types alike. Case counts.
pub fn resolve(short: &str, types: &[ProfileType]) -> Resolution {
    let short = short.trim();
    let rules: [fn(&str, &ProfileType) -> bool; 4] = [is_id, is_name, is_prefix, is_joined];
    for rule in rules {
        let mut found: Vec<_> = types.iter().filter(|candidate| rule(short, candidate)).cloned().collect();
        found.sort();
        found.dedup();
        match found.len() {
            0 => {}
            1 => return Resolution::One(found.remove(0)),
            _ => return Resolution::Many(found),
        }
    }
    Resolution::None { nearest: nearest(short, types) }
}

fn is_id(short: &str, candidate: &ProfileType) -> bool {
    short.parse::<ProfileType>().is_ok_and(|parsed| parsed == *candidate)
}

fn is_name(short: &str, candidate: &ProfileType) -> bool {
    short == candidate.name
}

fn is_prefix(short: &str, candidate: &ProfileType) -> bool {
    let ProfileType { name, sample_type, sample_unit, period_type, .. } = candidate;
    let parts: Vec<&str> = short.split(':').collect();
    (2..=4).contains(&parts.len())
        && [name, sample_type, sample_unit, period_type].iter().zip(&parts).all(|(a, b)| a == b)
}

fn is_joined(short: &str, candidate: &ProfileType) -> bool {
    let second = short.strip_prefix(candidate.name.as_str()).and_then(|rest| rest.strip_prefix('_'));
    second.is_some_and(|second| second == candidate.sample_type || second == candidate.period_type)
}

fn nearest(short: &str, types: &[ProfileType]) -> Vec<ProfileType> {
    let near = types.iter().filter_map(|candidate| Some((distance_to(short, candidate)?, candidate)));
    let mut ranked: Vec<_> = near.collect();
    ranked.sort();
    ranked.dedup();
    ranked.into_iter().take(3).map(|(_, candidate)| candidate.clone()).collect()
}

/// The smallest distance to any spelling of the type, if that is close enough to be meant.
fn distance_to(typed: &str, candidate: &ProfileType) -> Option<usize> {
    let ProfileType { name, sample_type, period_type, .. } = candidate;
    let spellings = [
        candidate.to_string(),
        name.clone(),
        format!("{name}:{sample_type}"),
        format!("{name}_{period_type}"),
        sample_type.clone(),
    ];
    spellings.iter().filter_map(|spelling| words::distance(typed, spelling)).min()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const TYPES: [&str; 10] = [
        "process_cpu:samples:count:cpu:nanoseconds:delta",
        "process_cpu:cpu:nanoseconds:cpu:nanoseconds:delta",
        "memory:alloc_space:bytes:space:bytes",
        "memory:inuse_space:bytes:space:bytes",
        "memory:inuse_space:bytes:space:bytes:delta",
        "goroutine:goroutine:count:goroutine:count",
        "parca_agent:samples:count:cpu:nanoseconds:delta",
        "parca_agent:wallclock:nanoseconds:samples:count:delta",
        "mutex:delay:nanoseconds:contentions:count",
        "block:delay:nanoseconds:contentions:count",
    ];

    fn check(short: &str, expect: &[usize]) {
        let types: Vec<ProfileType> = TYPES.iter().map(|id| id.parse().unwrap()).collect();
        let found = match resolve(short, &types) {
            Resolution::One(one) => vec![one],
            Resolution::Many(many) => {
                assert!(many.len() > 1 && many.is_sorted());
                many
            }
            Resolution::None { .. } => vec![],
        };
        let mut expect: Vec<_> = expect.iter().map(|&index| types[index].clone()).collect();
        expect.sort();
        assert_eq!(found, expect, "{short}");
    }

    #[test]
    fn short_names_find_their_types() {
        check(TYPES[3], &[3]);
        check(TYPES[4], &[4]);
        check(&format!("{}:x", TYPES[3]), &[3]);
        check("process_cpu", &[0, 1]);
        check(" goroutine ", &[5]);
        check("memory", &[2, 3, 4]);
        check("memory:alloc_space", &[2]);
        check("memory:inuse_space:bytes", &[3, 4]);
        check("memory_inuse_space", &[3, 4]);
        check("memory_space", &[2, 3, 4]);
        check("parca_agent_cpu", &[6]);
        check("parca_agent_samples", &[6, 7]);
        check("process_cpu:cpu", &[1]);
        check("Memory", &[]);
        check("", &[]);
        check("process_cpu:cpu:nanoseconds:cpu:nanoseconds", &[]);
    }

    #[test]
    fn misspelt_names_get_suggestions() {
        let types: Vec<ProfileType> = TYPES.iter().map(|id| id.parse().unwrap()).collect();
        let nearest = |short: &str| match resolve(short, &types) {
            Resolution::None { nearest } => nearest.iter().map(ToString::to_string).collect::<Vec<_>>(),
            other => panic!("{other:?}"),
        };
        assert_eq!(nearest("gorutine"), [TYPES[5]]);
        assert_eq!(nearest("Memory").len(), 3);
        assert_eq!(nearest("process_cpu:cpu:nanoseconds:cpu:nanoseconds")[0], TYPES[1]);
        assert_eq!(nearest("zzzzzz"), [""; 0]);
        assert_eq!(nearest(&"x".repeat(100_000)), [""; 0]);
    }
}
