//! Which profile types a target means.

use pql::{ProfileType, Resolution, resolve};

use crate::{AskError, Mistake, Target};

/// The most candidates that are named.
const MAX_CANDIDATES: usize = 20;

/// The types of `known` that the target means, sorted: a short name may mean several, no name means
/// all of them.
pub(crate) fn types(target: &Target, known: &[ProfileType]) -> Result<Vec<ProfileType>, AskError> {
    if known.is_empty() {
        return Err(AskError::Empty);
    }
    let Some(name) = &target.name else { return Ok(sorted(known)) };
    match resolve(name, known) {
        Resolution::One(one) => Ok(vec![one]),
        Resolution::Many(many) => Ok(many),
        Resolution::None { nearest } => Err(AskError::Mistake(unknown(name, nearest, known))),
    }
}

fn sorted(known: &[ProfileType]) -> Vec<ProfileType> {
    let mut types = known.to_vec();
    types.sort();
    types.dedup();
    types
}

fn unknown(name: &str, nearest: Vec<ProfileType>, known: &[ProfileType]) -> Mistake {
    let name: String = name.chars().take(128).collect();
    let candidates = if nearest.is_empty() { sorted(known) } else { nearest };
    Mistake::new("query", format!("expected a profile type that the Parca has, found `{name}`"))
        .or(candidates.into_iter().take(MAX_CANDIDATES))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn known() -> Vec<ProfileType> {
        ["process_cpu:samples:count:cpu:nanoseconds:delta", "memory:inuse_space:bytes:space:bytes"]
            .iter()
            .map(|id| id.parse().unwrap())
            .collect()
    }

    fn target(name: Option<&str>) -> Target {
        Target { name: name.map(str::to_owned), matchers: Vec::new() }
    }

    #[test]
    fn a_name_means_what_has_it_and_no_name_means_all() {
        let check = |name: Option<&str>, expect: usize| {
            assert_eq!(types(&target(name), &known()).unwrap().len(), expect, "{name:?}");
        };
        check(Some("memory"), 1);
        check(Some("process_cpu:samples:count:cpu:nanoseconds:delta"), 1);
        check(None, 2);
    }

    #[test]
    fn an_unknown_name_gets_candidates() {
        let check = |name: &str, expect: &[&str]| match types(&target(Some(name)), &known()) {
            Err(AskError::Mistake(mistake)) => assert_eq!(mistake.candidates, expect, "{name}"),
            other => panic!("{other:?}"),
        };
        check("memroy", &["memory:inuse_space:bytes:space:bytes"]);
        check(
            "quite_another",
            &["memory:inuse_space:bytes:space:bytes", "process_cpu:samples:count:cpu:nanoseconds:delta"],
        );
        assert!(matches!(types(&target(None), &[]), Err(AskError::Empty)));
    }
}
