//! The first part of the types of a profile that does not say it, by the rule of grafana/pyroscope at 3fe6a457
//! (`pkg/og/convert/pprof/profile.go`): by its sample types, or by the names that these are shown under.

use std::collections::HashMap;

use serde_json::Value;

/// The names that sample types are shown under, which alone tell a profile of mutexes from one of blocking.
#[derive(Debug, Default)]
pub(crate) struct DisplayNames(HashMap<String, String>);

impl DisplayNames {
    /// The names of a `sample_type_config`; where there is none, the usual ones. What cannot be read names nothing.
    pub(crate) fn of(config: Option<&[u8]>) -> Self {
        let Some(config) = config else { return Self::usual() };
        let config: Value = serde_json::from_slice(config).unwrap_or_default();
        let types = config.as_object().into_iter().flatten();
        let name = |(of, config): (&String, &Value)| {
            let shown = config.get("display-name")?.as_str().filter(|name| !name.is_empty())?;
            Some((of.clone(), shown.to_owned()))
        };
        Self(types.filter_map(name).collect())
    }

    fn usual() -> Self {
        let names = [
            ("samples", "cpu"),
            ("goroutine", "goroutines"),
            ("contentions", "mutex_count"),
            ("delay", "mutex_duration"),
        ];
        Self(names.into_iter().map(|(of, shown)| (of.to_owned(), shown.to_owned())).collect())
    }

    fn name<'a>(&'a self, of: &'a str) -> &'a str {
        self.0.get(of).map_or(of, String::as_str)
    }
}

/// The name for these sample types.
pub(crate) fn metric_name(types: &[&str], shown: &DisplayNames) -> String {
    if types.contains(&"wall") {
        return "wall".to_owned();
    }
    let names = || types.iter().map(|of| shown.name(of));
    let last = || names().next_back().map_or_else(|| "profile".to_owned(), fitted);
    names().find_map(family).map_or_else(last, str::to_owned)
}

fn family(name: &str) -> Option<&'static str> {
    match name {
        _ if name.contains("cpu") => Some("process_cpu"),
        "space" | "objects" => Some("memory"),
        _ if name.contains("alloc_") || name.contains("inuse_") => Some("memory"),
        _ if name.contains("mutex_") => Some("mutex"),
        _ if name.contains("block_") => Some("block"),
        _ if name.contains("goroutines") => Some("goroutines"),
        _ => None,
    }
}

/// A name that selectors can say.
fn fitted(name: &str) -> String {
    profile_model::series_name(&[profile_model::ValueType::new(name, "")])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_follows_from_types_and_how_they_are_shown() {
        let check = |types: &[&str], config: Option<&str>, expect: &str| {
            let shown = DisplayNames::of(config.map(str::as_bytes));
            assert_eq!(metric_name(types, &shown), expect, "{types:?} {config:?}");
        };
        check(&["samples", "cpu"], None, "process_cpu");
        check(&["samples"], None, "process_cpu");
        check(&["samples", "wall", "cpu"], None, "wall");
        check(&["alloc_objects", "inuse_space"], None, "memory");
        // As Node sends its heap.
        check(&["objects", "space"], None, "memory");
        check(&["inuse-space", "objects_freed"], Some("{}"), "objects_freed");
        let locks =
            |name: &str| format!(r#"{{"contentions":{{"display-name":"{name}","units":"lock_samples"}}}}"#);
        check(&["contentions", "delay"], Some(&locks("mutex_count")), "mutex");
        check(&["contentions", "delay"], Some(&locks("block_count")), "block");
        // Nobody says which: as there.
        check(&["contentions", "delay"], None, "mutex");
        check(&["contentions", "delay"], Some("{}"), "delay");
        check(&["goroutine"], Some(r#"{"goroutine":{"display-name":"goroutines"}}"#), "goroutines");
        check(&["goroutine"], Some(r#"{"goroutine":{"display-name":"goroutine"}}"#), "goroutine");
        check(&["goroutine"], None, "goroutines");
        check(&["goroutineleak"], Some("not JSON"), "goroutineleak");
        check(&["goroutineleak"], None, "goroutineleak");
        check(&["a b"], None, "a_b");
        check(&[], None, "profile");
    }
}
