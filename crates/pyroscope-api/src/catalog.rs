//! Parca's profile types as Pyroscope's.

use pql::ProfileType;

use crate::source::Counts;

/// A type as clients of Pyroscope know it, and what it is at the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    /// Five parts.
    pub(crate) id: ProfileType,
    pub(crate) of: Vec<Stored>,
}

/// A type at the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) profile_type: ProfileType,
    pub(crate) counts: Counts,
}

/// The types that are listed, in order. Where a type is there with and without `delta`, the former is meant.
pub(crate) fn listed(mut types: Vec<ProfileType>, has_counts: bool) -> Vec<Listed> {
    types.sort_unstable_by(|a, b| without_delta(a).cmp(&without_delta(b)).then(b.delta.cmp(&a.delta)));
    types.dedup_by(|later, kept| without_delta(later) == without_delta(kept));
    let mut found: Vec<Listed> = Vec::new();
    let (sampled, plain): (Vec<_>, Vec<_>) =
        types.into_iter().partition(|of| in_periods(of, has_counts).is_some());
    for profile_type in plain {
        let id = without_delta(&profile_type);
        found.push(Listed { id, of: vec![Stored { profile_type, counts: Counts::AsStored }] });
    }
    for profile_type in sampled {
        let Some(id) = in_periods(&profile_type, has_counts) else { continue };
        let name = profile_type.name.clone();
        let stored = Stored { profile_type, counts: Counts::InPeriods };
        match found.iter_mut().find(|known| known.id == id) {
            None => found.push(Listed { id, of: vec![stored] }),
            // The same profiles have their time beside their counts.
            Some(known) if known.of.iter().any(|of| of.profile_type.name == name) => {}
            Some(known) => known.of.push(stored),
        }
    }
    found.sort_by_cached_key(|listed| listed.id.to_string());
    found
}

/// What clients call a type of which only counts are stored, and the time that they stand for is meant: that of
/// agents, which is CPU time to Grafana's table of types, and all where counts cannot be had.
fn in_periods(of: &ProfileType, has_counts: bool) -> Option<ProfileType> {
    let is_agent = of.name == "parca_agent";
    let is_counted = of.sample_type == "samples" && of.sample_unit == "count" && !of.period_type.is_empty();
    if !is_counted || has_counts && !is_agent {
        return None;
    }
    let is_cpu = of.period_type == "cpu" && of.period_unit == "nanoseconds";
    Some(ProfileType {
        name: if is_agent && is_cpu { "process_cpu".to_owned() } else { of.name.clone() },
        sample_type: of.period_type.clone(),
        sample_unit: of.period_unit.clone(),
        period_type: of.period_type.clone(),
        period_unit: of.period_unit.clone(),
        delta: false,
    })
}

pub(crate) fn without_delta(of: &ProfileType) -> ProfileType {
    ProfileType { delta: false, ..of.clone() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(types: &[&str], has_counts: bool, expect: &[(&str, &[(&str, Counts)])]) {
        let types = types.iter().map(|of| of.parse().unwrap()).collect();
        let found: Vec<(String, Vec<(String, Counts)>)> = listed(types, has_counts)
            .into_iter()
            .map(|listed| {
                let of = listed.of.iter().map(|of| (of.profile_type.to_string(), of.counts));
                (listed.id.to_string(), of.collect())
            })
            .collect();
        let expect: Vec<(String, Vec<(String, Counts)>)> = expect
            .iter()
            .map(|(id, of)| {
                ((*id).to_owned(), of.iter().map(|(of, counts)| ((*of).to_owned(), *counts)).collect())
            })
            .collect();
        assert_eq!(found, expect);
    }

    const CPU: &str = "process_cpu:cpu:nanoseconds:cpu:nanoseconds";
    const CPU_DELTA: &str = "process_cpu:cpu:nanoseconds:cpu:nanoseconds:delta";
    const COUNTS: &str = "process_cpu:samples:count:cpu:nanoseconds:delta";
    const AGENT: &str = "parca_agent:samples:count:cpu:nanoseconds:delta";

    #[test]
    fn ids_have_five_parts_and_a_delta_is_preferred() {
        check(&[CPU, CPU_DELTA], true, &[(CPU, &[(CPU_DELTA, Counts::AsStored)])]);
        check(&[CPU], true, &[(CPU, &[(CPU, Counts::AsStored)])]);
    }

    #[test]
    fn what_agents_count_is_cpu_time() {
        check(&[AGENT], true, &[(CPU, &[(AGENT, Counts::InPeriods)])]);
        check(
            &[AGENT, CPU_DELTA],
            true,
            &[(CPU, &[(CPU_DELTA, Counts::AsStored), (AGENT, Counts::InPeriods)])],
        );
    }

    #[test]
    fn counts_are_listed_where_they_can_be_had() {
        let five = "process_cpu:samples:count:cpu:nanoseconds";
        check(
            &[COUNTS, CPU_DELTA],
            true,
            &[(CPU, &[(CPU_DELTA, Counts::AsStored)]), (five, &[(COUNTS, Counts::AsStored)])],
        );
        // Their time is there already: it is not counted twice.
        check(&[COUNTS, CPU_DELTA], false, &[(CPU, &[(CPU_DELTA, Counts::AsStored)])]);
        check(&[COUNTS], false, &[(CPU, &[(COUNTS, Counts::InPeriods)])]);
    }
}
