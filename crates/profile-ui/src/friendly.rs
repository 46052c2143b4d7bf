//! Names of profile types that people know.

use pql::ProfileType;

/// Name of the profile, sample type, and what people call it; the order is that of the list.
const KNOWN: [(&str, &str, &str); 18] = [
    ("process_cpu", "cpu", "CPU time"),
    ("parca_agent", "samples", "CPU time (agent)"),
    ("cpu", "cpu", "CPU time"),
    ("wall", "wall", "Wall time"),
    ("fgprof", "time", "Wall time"),
    ("memory", "inuse_space", "Memory in use"),
    ("memory", "resident_space", "Resident memory"),
    ("memory", "alloc_space", "Memory allocated"),
    ("memory", "inuse_objects", "Objects in use"),
    ("memory", "alloc_objects", "Objects allocated"),
    ("goroutine", "goroutine", "Goroutines"),
    ("goroutines", "goroutine", "Goroutines"),
    ("mutex", "delay", "Mutex delay"),
    ("mutex", "contentions", "Mutex contentions"),
    ("block", "delay", "Block delay"),
    ("block", "contentions", "Block contentions"),
    ("threadcreate", "threadcreate", "Threads created"),
    ("process_cpu", "samples", "CPU samples"),
];

/// What people call a profile type.
pub(crate) fn name(of: &ProfileType) -> String {
    match known(&of.name, &of.sample_type) {
        Some(at) => KNOWN[at].2.to_owned(),
        None => format!("{} {}", spaced(&of.name), of.sample_type.replace('_', " ")),
    }
}

/// What people call a sample type of a file.
pub(crate) fn sample_type_name(sample_type: &str) -> String {
    let found = KNOWN.iter().find(|(_, of, _)| *of == sample_type && !matches!(*of, "samples"));
    found.map_or_else(|| spaced(sample_type), |(.., name)| (*name).to_owned())
}

/// What is listed first, lowest first: what people most often look for.
pub(crate) fn rank(of: &ProfileType) -> usize {
    known(&of.name, &of.sample_type).unwrap_or(KNOWN.len())
}

fn known(name: &str, sample_type: &str) -> Option<usize> {
    KNOWN.iter().position(|(known, of, _)| *known == name && *of == sample_type)
}

fn spaced(name: &str) -> String {
    let text = name.replace('_', " ");
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn types_have_names_and_an_order() {
        let mut types: Vec<ProfileType> = [
            "memory:alloc_objects:count:space:bytes",
            "offcpu:wakeup_count:count:x:y",
            "process_cpu:cpu:nanoseconds:cpu:nanoseconds:delta",
        ]
        .map(|id| id.parse().unwrap())
        .to_vec();
        types.sort_by_key(rank);
        let names: Vec<String> = types.iter().map(name).collect();
        assert_eq!(names, ["CPU time", "Objects allocated", "Offcpu wakeup count"]);
        assert_eq!(sample_type_name("inuse_space"), "Memory in use");
        assert_eq!(sample_type_name("samples"), "Samples");
    }
}
