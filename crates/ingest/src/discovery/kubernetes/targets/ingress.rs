use super::super::super::Group;
use super::super::objects::{Ingress, IngressRule};
use super::{at, describe, set, set_some};

/// A target for each path of each rule.
pub(super) fn add(group: &mut Group, ingress: &Ingress) {
    describe(&mut group.labels, "ingress", &ingress.metadata);
    let spec = &ingress.spec;
    set_some(&mut group.labels, "ingress_class_name", spec.ingress_class_name.as_deref());
    for rule in &spec.rules {
        let has_tls = spec.tls.iter().flat_map(|tls| &tls.hosts).any(|pattern| matches(pattern, &rule.host));
        for path in paths(rule) {
            let mut target = at(rule.host.clone());
            set(&mut target, "ingress_scheme", if has_tls { "https" } else { "http" });
            set(&mut target, "ingress_host", &rule.host);
            set(&mut target, "ingress_path", if path.is_empty() { "/" } else { path });
            group.targets.push(target);
        }
    }
}

/// Everything below the host where a rule names no paths.
fn paths(rule: &IngressRule) -> Vec<&str> {
    match &rule.http {
        Some(http) => http.paths.iter().map(|one| one.path.as_str()).collect(),
        None => vec!["/"],
    }
}

/// Whether a certificate's name is a host's; a `*` in front stands for one part.
fn matches(pattern: &str, host: &str) -> bool {
    let after_first = |name: &str| name.split_once('.').map(|(_, rest)| rest.to_owned());
    pattern == host
        || pattern.strip_prefix("*.").is_some_and(|rest| after_first(host).is_some_and(|own| own == rest))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_star_stands_for_one_part() {
        let check = |pattern: &str, host: &str, expect: bool| {
            assert_eq!(super::matches(pattern, host), expect, "{pattern} {host}");
        };
        check("a.example", "a.example", true);
        check("*.example", "a.example", true);
        check("*.example", "a.b.example", false);
        check("*.example", "example", false);
        check("a.*", "a.example", false);
    }
}
