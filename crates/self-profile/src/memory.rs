//! What of this process is in memory, by what it is mapped from.

use std::collections::BTreeMap;

use profile_model::{Function, Line, Location, Profile, Sample, StringId, ValueType};

/// The resident memory of this process now, as a snapshot of sample type `resident_space/bytes`:
/// one stack of one frame for each mapped file, the heap, the stacks and anonymous memory.
///
/// # Errors
/// The system has no `/proc/self/smaps`, or it cannot be read.
pub fn resident_memory() -> std::io::Result<Profile> {
    let mut profile = Profile::new(vec![ValueType::new("resident_space", "bytes")]);
    profile.period_type = Some(ValueType::new("space", "bytes"));
    profile.period = 1;
    profile.time_nanos = crate::fold::now_nanos();
    for (name, bytes) in resident_bytes()? {
        let name = profile.symbols.intern_string(&name);
        let function = Function { name, system_name: name, filename: StringId::EMPTY, start_line: 0 };
        let function = Some(profile.symbols.intern_function(function));
        let lines = [Line { function, line: 0, column: 0 }];
        let location = Location { mapping: None, address: 0, is_folded: false, lines: &lines };
        let location = profile.symbols.intern_location(location);
        let stack = profile.symbols.intern_stack(&[location]);
        profile.samples.push(Sample { stack, values: &[bytes], labels: &[] });
    }
    Ok(profile)
}

#[cfg(target_os = "linux")]
fn resident_bytes() -> std::io::Result<BTreeMap<String, i64>> {
    use procfs::process::{MMapPath, Process};

    let maps = Process::myself().and_then(|process| process.smaps()).map_err(std::io::Error::other)?;
    let mut sums = BTreeMap::new();
    for map in maps {
        let name = match map.pathname {
            MMapPath::Path(path) => path.to_string_lossy().into_owned(),
            MMapPath::Heap => "[heap]".to_owned(),
            MMapPath::Stack | MMapPath::TStack(_) => "[stack]".to_owned(),
            MMapPath::Anonymous => "[anonymous]".to_owned(),
            _ => "[other]".to_owned(),
        };
        let bytes = map.extension.map.get("Rss").copied().unwrap_or_default();
        *sums.entry(name).or_insert(0) += i64::try_from(bytes).unwrap_or(i64::MAX);
    }
    Ok(sums)
}

#[cfg(not(target_os = "linux"))]
fn resident_bytes() -> std::io::Result<BTreeMap<String, i64>> {
    Err(std::io::Error::from(std::io::ErrorKind::Unsupported))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #[test]
    fn this_process_has_a_heap_and_its_own_binary() {
        let profile = super::resident_memory().expect("linux has smaps");
        assert_eq!(profile.duration_nanos, 0);
        assert!(profile.samples.total(0) > 1 << 20, "less than a MiB resident");
        for name in ["[heap]", "self_profile"] {
            assert!(profile.symbols.strings().any(|string| string.contains(name)), "{name} is missing");
        }
    }
}
