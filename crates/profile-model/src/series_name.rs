use crate::ValueType;

/// The name that a series of profiles has by what was measured, where nobody gives one: `process_cpu`, `memory`
/// and `mutex` as Parca's scraper calls them, otherwise the last sample type, with `_` in place of what no
/// name can have.
///
/// ```
/// use profile_model::{ValueType, series_name};
///
/// let types = [ValueType::new("samples", "count"), ValueType::new("cpu", "nanoseconds")];
/// assert_eq!(series_name(&types), "process_cpu");
/// ```
pub fn series_name(sample_types: &[ValueType]) -> String {
    let has = |names: &[&str]| sample_types.iter().any(|one| names.contains(&one.name.as_str()));
    match sample_types.last() {
        // pypprof writes it in capitals.
        _ if has(&["cpu", "CPU"]) => "process_cpu".to_owned(),
        // pprof for Node before version 5 has `space`.
        _ if has(&["inuse_space", "alloc_space", "alloc_objects", "space"]) => "memory".to_owned(),
        _ if has(&["contentions"]) => "mutex".to_owned(),
        Some(last) if !last.name.is_empty() => fitting(&last.name),
        _ => "profile".to_owned(),
    }
}

fn fitting(name: &str) -> String {
    let fit = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let fitted: String = name.chars().map(fit).collect();
    if fitted.starts_with(|c: char| c.is_ascii_digit()) { format!("_{fitted}") } else { fitted }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_from_what_was_measured() {
        let check = |types: &[&str], expect: &str| {
            let types: Vec<ValueType> = types.iter().map(|name| ValueType::new(*name, "x")).collect();
            assert_eq!(series_name(&types), expect, "{types:?}");
        };
        check(&["samples", "cpu"], "process_cpu");
        check(&["sample", "CPU"], "process_cpu");
        check(&["alloc_objects", "alloc_space", "inuse_objects", "inuse_space"], "memory");
        check(&["objects", "space"], "memory");
        check(&["contentions", "delay"], "mutex");
        check(&["goroutine"], "goroutine");
        check(&["sample", "wall"], "wall");
        check(&["samples"], "samples");
        check(&["off-CPU:ns"], "off_CPU_ns");
        check(&["9lives"], "_9lives");
        check(&[""], "profile");
        check(&[], "profile");
    }
}
