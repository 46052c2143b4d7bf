//! What a short name of a profile type means.

use pql::{ProfileType, Resolution};

use crate::deployments::Kind;

/// The type that is meant where none is named.
pub(super) const DEFAULT_TYPE: &str = "cpu";

/// A short name with the types that it means, the best first, and the sample types that it may mean
/// elsewhere.
struct Alias {
    names: &'static [&'static str],
    ids: &'static [&'static str],
    sample_types: &'static [&'static str],
}

/// The names of the scripts; the first id of each is what they sent.
const ALIASES: [Alias; 8] = [
    Alias {
        names: &["cpu", "CPU"],
        ids: &[
            "process_cpu:cpu:nanoseconds:cpu:nanoseconds",
            "parca_agent:samples:count:cpu:nanoseconds",
            "process_cpu:samples:count:cpu:nanoseconds",
        ],
        sample_types: &["cpu"],
    },
    Alias {
        names: &["memory", "mem", "inuse"],
        ids: &["memory:inuse_space:bytes:space:bytes"],
        sample_types: &["inuse_space"],
    },
    Alias {
        names: &["alloc", "allocations"],
        ids: &["memory:alloc_space:bytes:space:bytes"],
        sample_types: &["alloc_space", "alloc_size", "alloc_in_new_tlab_bytes"],
    },
    Alias {
        names: &["goroutine", "goroutines"],
        ids: &["goroutine:goroutine:count:goroutine:count", "goroutines:goroutine:count:goroutine:count"],
        sample_types: &["goroutine", "goroutines"],
    },
    Alias { names: &["mutex"], ids: &["mutex:delay:nanoseconds:contentions:count"], sample_types: &[] },
    Alias { names: &["block"], ids: &["block:delay:nanoseconds:contentions:count"], sample_types: &[] },
    Alias {
        names: &["objects"],
        ids: &["memory:inuse_objects:count:space:bytes"],
        sample_types: &["inuse_objects"],
    },
    Alias {
        names: &["exceptions"],
        ids: &["exception:exception:count:cpu:nanoseconds"],
        sample_types: &["exception"],
    },
];

/// The most types that are named in a message.
const MAX_NAMED: usize = 20;

/// Why a name is no profile type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TypeError {
    /// The name matches more than one profile type.
    #[error("expected one profile type, found {} for `{name}`", types.len())]
    Several {
        /// What was asked for.
        name: String,
        /// What it means.
        types: Vec<ProfileType>,
    },
    /// The name matches no profile type.
    #[error("expected a profile type that there is, found `{name}`")]
    Unknown {
        /// What was asked for.
        name: String,
        /// The types that are called nearly so, or else all there are.
        types: Vec<ProfileType>,
    },
}

impl TypeError {
    /// Which types there are.
    pub fn hint(&self) -> Option<String> {
        let (Self::Several { types, .. } | Self::Unknown { types, .. }) = self;
        if types.is_empty() {
            return None;
        }
        Some(format!("there are {}", words::listed(types, MAX_NAMED)))
    }
}

/// What a name means without looking at a server: a full id, or what the scripts sent for a short
/// name. Nothing for other names.
pub fn default_type(name: &str) -> Option<ProfileType> {
    if let Ok(full) = name.parse() {
        return Some(full);
    }
    alias(name)?.ids.first()?.parse().ok()
}

/// What a name means among the types that there are. The first rule that finds one decides:
///
/// 1. the full id; with or without `:delta` where only the other exists;
/// 2. a short name of the scripts: `cpu`, `memory`, `alloc`, `goroutine`, `mutex`, `block` and so on;
/// 3. the sample type: `wall`, `inuse_objects`;
/// 4. what [`pql::resolve`] finds: `memory:inuse_space`, `memory_inuse_space`, the first part of an id.
///
/// A full id that is not among them is taken as it is.
///
/// # Errors
/// If the name means several types or none.
pub fn resolve_type(name: &str, known: &[ProfileType]) -> Result<ProfileType, TypeError> {
    if let Ok(full) = name.parse::<ProfileType>() {
        return Ok(same(&full, known).unwrap_or(full));
    }
    if let Some(alias) = alias(name) {
        let ids = alias.ids.iter().filter_map(|id| id.parse().ok());
        if let Some(found) = ids.into_iter().find_map(|id: ProfileType| same(&id, known)) {
            return Ok(found);
        }
        for sample_type in alias.sample_types {
            match of_sample_type(sample_type, known).as_slice() {
                [] => {}
                [one] => return Ok(one.clone()),
                several => return Err(TypeError::Several { name: shown(name), types: several.to_vec() }),
            }
        }
    }
    match of_sample_type(name, known).as_slice() {
        [one] => return Ok(one.clone()),
        [] => {}
        several => return Err(TypeError::Several { name: shown(name), types: several.to_vec() }),
    }
    match pql::resolve(name, known) {
        Resolution::One(one) => Ok(one),
        Resolution::Many(types) => Err(TypeError::Several { name: shown(name), types }),
        Resolution::None { nearest } => {
            let types = if nearest.is_empty() { sorted(known.to_vec()) } else { nearest };
            Err(TypeError::Unknown { name: shown(name), types })
        }
    }
}

/// The sample types that a name may mean in a file, the best first: of a full id its own, of a short name those that it
/// has anywhere.
pub(crate) fn sample_types(name: &str) -> Vec<String> {
    if let Ok(full) = name.parse::<ProfileType>() {
        return vec![full.sample_type];
    }
    let Some(alias) = alias(name) else { return Vec::new() };
    let ids = alias.ids.iter().filter_map(|id| id.parse().ok()).map(|id: ProfileType| id.sample_type);
    ids.chain(alias.sample_types.iter().map(|name| (*name).to_owned())).collect()
}

fn alias(name: &str) -> Option<&'static Alias> {
    ALIASES.iter().find(|alias| alias.names.contains(&name))
}

/// The type itself, or that with or without a delta.
fn same(wanted: &ProfileType, known: &[ProfileType]) -> Option<ProfileType> {
    let other = ProfileType { delta: !wanted.delta, ..wanted.clone() };
    [wanted, &other].into_iter().find(|candidate| known.contains(candidate)).cloned()
}

fn of_sample_type(sample_type: &str, known: &[ProfileType]) -> Vec<ProfileType> {
    sorted(known.iter().filter(|known| known.sample_type == sample_type).cloned().collect())
}

pub(super) fn sorted(mut types: Vec<ProfileType>) -> Vec<ProfileType> {
    types.sort();
    types.dedup();
    types
}

fn shown(name: &str) -> String {
    words::short(name, 128)
}

/// Whether values of a type are what there was at an instant (memory in use, goroutines), so that a sum of them over
/// time means nothing. A Parca says so in its types; a Pyroscope does not, and there it is known of these.
pub(crate) fn is_instant(kind: Kind, of: &ProfileType) -> bool {
    const INSTANTS: [&str; 4] = ["inuse_space", "inuse_objects", "goroutine", "goroutines"];
    match kind {
        Kind::Parca => !of.delta,
        Kind::Pyroscope => INSTANTS.contains(&of.sample_type.as_str()),
    }
}

/// The type to show first of those that a service without CPU profiles has: time, then memory, then what else.
pub(super) fn of_service_first(types: &[ProfileType]) -> Option<&ProfileType> {
    let rank = |of: &ProfileType| match of.sample_type.as_str() {
        "wall" | "wallclock" => 0,
        "inuse_space" => 1,
        "alloc_space" | "alloc_size" => 2,
        "goroutine" | "goroutines" => 3,
        _ => 4,
    };
    types.iter().min_by_key(|of| (rank(of), (*of).clone()))
}

/// The types that a name may mean among those that there are, sorted: as [`resolve_type`], but all of them where there
/// are several, and all of a profile's where the name is its own.
pub(super) fn resolve_types(name: &str, known: &[ProfileType]) -> Result<Vec<ProfileType>, TypeError> {
    let of_name: Vec<ProfileType> = known.iter().filter(|of| of.name == name).cloned().collect();
    if !of_name.is_empty() {
        return Ok(sorted(of_name));
    }
    match resolve_type(name, known) {
        Ok(one) => Ok(vec![one]),
        Err(TypeError::Several { types, .. }) => Ok(types),
        Err(unknown) => Err(unknown),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn known(ids: &[&str]) -> Vec<ProfileType> {
        ids.iter().map(|id| id.parse().unwrap()).collect()
    }

    const GO: [&str; 6] = [
        "process_cpu:cpu:nanoseconds:cpu:nanoseconds",
        "process_cpu:samples:count:cpu:nanoseconds",
        "memory:inuse_space:bytes:space:bytes",
        "memory:alloc_space:bytes:space:bytes",
        "goroutines:goroutine:count:goroutine:count",
        "mutex:delay:nanoseconds:contentions:count",
    ];

    #[test]
    fn the_names_of_the_scripts_mean_what_they_sent() {
        let check = |names: &[&str], expect: &str| {
            for name in names {
                assert_eq!(default_type(name).unwrap().to_string(), expect, "{name}");
            }
        };
        check(&["cpu", "CPU"], "process_cpu:cpu:nanoseconds:cpu:nanoseconds");
        check(&["memory", "mem", "inuse"], "memory:inuse_space:bytes:space:bytes");
        check(&["alloc", "allocations"], "memory:alloc_space:bytes:space:bytes");
        check(&["goroutine", "goroutines"], "goroutine:goroutine:count:goroutine:count");
        check(&["mutex"], "mutex:delay:nanoseconds:contentions:count");
        check(&["block"], "block:delay:nanoseconds:contentions:count");
        check(&["a:b:c:d:e"], "a:b:c:d:e");
        for other in ["Cpu", "wall", "", "memory:", "a:b"] {
            assert_eq!(default_type(other), None, "{other}");
        }
    }

    #[test]
    fn names_are_looked_for_in_what_there_is() {
        let check = |name: &str, ids: &[&str], expect: Result<&str, usize>| {
            let found = resolve_type(name, &known(ids));
            let found = found.map(|found| found.to_string()).map_err(|error| match error {
                TypeError::Several { types, .. } | TypeError::Unknown { types, .. } => types.len(),
            });
            assert_eq!(found, expect.map(str::to_owned), "{name}");
        };
        check("cpu", &GO, Ok(GO[0]));
        check("goroutine", &GO, Ok(GO[4]));
        check("memory", &GO, Ok(GO[2]));
        check("memory:alloc_space", &GO, Ok(GO[3]));
        check("delay", &GO, Ok(GO[5]));
        check(
            "wall",
            &["wall:wall:nanoseconds:cpu:nanoseconds"],
            Ok("wall:wall:nanoseconds:cpu:nanoseconds"),
        );
        check(
            "cpu",
            &["parca_agent:samples:count:cpu:nanoseconds:delta"],
            Ok("parca_agent:samples:count:cpu:nanoseconds:delta"),
        );
        check(
            "memory",
            &["heap:inuse_space:bytes:cpu:nanoseconds"],
            Ok("heap:inuse_space:bytes:cpu:nanoseconds"),
        );
        check("process_cpu", &GO, Err(2));
        check("memroy", &GO, Err(2));
        check("quite_another", &GO, Err(6));
        // A full id is taken as it is, but for the delta.
        check("a:b:c:d:e", &GO, Ok("a:b:c:d:e"));
        check("a:b:c:d:e", &["a:b:c:d:e:delta"], Ok("a:b:c:d:e:delta"));
        check("a:b:c:d:e:delta", &["a:b:c:d:e"], Ok("a:b:c:d:e"));
    }
}
