//! [`Mode::Upstream`](crate::Mode): the deterministic cross product of the original at commit 04d9305.

use pql::ProfileType;

use crate::call::{Ask, Call, QueryText, Start, key};
use crate::go_time::go_duration;
use crate::knowledge::Maps;
use crate::lane::Lane;
use crate::op;
use crate::settings::Settings;

/// The original's idea of a display.
const PIXELS: u32 = 7680;

/// On the wire as the original sends it. The field is a percentage, so this trims a hundred times
/// less than was meant; the answers are to be as large as the original's.
const TRIM_PERCENT: f32 = 1.0 / PIXELS as f32;

pub(crate) fn calls(lane: Lane, settings: &Settings, known: &Maps) -> Vec<Call> {
    let types: Vec<ProfileType> = if settings.types.is_empty() {
        known.types.live().map(|(profile_type, ())| profile_type.clone()).collect()
    } else {
        settings.types.clone()
    };
    let ranges = || settings.ranges.iter().copied();
    match lane {
        Lane::ProfileTypes => ranges().map(Call::profile_types).collect(),
        Lane::Labels => {
            let each = types.iter().flat_map(|t| ranges().map(move |range| (t, range)));
            each.map(|(profile_type, range)| Call::labels(range, Some(profile_type.clone()))).collect()
        }
        Lane::Values => {
            let labels = settings.values_for_labels.iter();
            let each = labels.flat_map(|label| {
                types.iter().flat_map(move |t| ranges().map(move |range| (label, t, range)))
            });
            each.map(|(label, t, range)| Call::values(label.clone(), range, Some(t.clone()))).collect()
        }
        Lane::QueryRange => queries(&types, settings, |text, range, labels| {
            let pairs = [("range", go_duration(range)), ("labels", labels)];
            let ask = Ask::QueryRange { query: text, range, points: PIXELS, learn: None };
            Call { key: key(op::QUERY_RANGE, pairs), ask }
        }),
        Lane::QueryMerge => queries(&types, settings, |text, range, labels| {
            Call::merge(text.text(), Start::Ago(range), TRIM_PERCENT, go_duration(range), labels)
        }),
        // The original has had none since it became deterministic.
        Lane::QuerySingle => Vec::new(),
    }
}

fn queries(
    types: &[ProfileType],
    settings: &Settings,
    call: impl Fn(QueryText, std::time::Duration, String) -> Call,
) -> Vec<Call> {
    let mut calls = Vec::new();
    for profile_type in types {
        for range in &settings.ranges {
            for (index, selector) in settings.selectors.iter().enumerate() {
                let text = QueryText { profile_type: profile_type.clone(), selector: selector.clone() };
                calls.push(call(text, *range, settings.selector_label(index)));
            }
        }
    }
    calls
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knowledge::Knowledge;
    use crate::settings::Mode;

    #[test]
    fn a_round_of_seven_types_is_sixty_six_calls() {
        // Counted on the running original: 21 labels, 21 range, 21 merge, 3 types.
        let mut settings = Settings::new(Mode::Upstream);
        settings.types = (0..7).map(|i| format!("t{i}:a:b:c:d").parse().expect("a type")).collect();
        let count = |lane, settings: &Settings| calls(lane, settings, &Knowledge::new().maps()).len();
        let counts: Vec<usize> = Lane::ALL.iter().map(|lane| count(*lane, &settings)).collect();
        assert_eq!(counts, [21, 0, 3, 21, 0, 21]);
        settings.values_for_labels = vec!["job".into(), "pod".into()];
        assert_eq!(count(Lane::Values, &settings), 42);
    }
}
