//! Profiles to be stored, and what is asked of a store.

use bytes::Bytes;
use profile_codec::pprof::{self, Limits};
use profile_model::{
    BatchHead, BatchType, Function, Line, Location, Profile, ProfileBatch, Sample, StringId, Transfer,
    ValueType,
};
use profile_store::{Filter, Keep, Merge, Named, NewBatch, NewProfile, NewWrite, Span, View};

/// A CPU profile of two values: `work` called by `main`, and `shared`, each of a function of its own.
pub(crate) fn profile(time_nanos: i64, value: i64) -> Profile {
    stacks(time_nanos, &[(&["work", "main"], value), (&["shared"], 1)])
}

/// A profile of these stacks (leaf first) with their values.
pub(crate) fn stacks(time_nanos: i64, stacks: &[(&[&str], i64)]) -> Profile {
    let mut profile =
        Profile::new(vec![ValueType::new("samples", "count"), ValueType::new("cpu", "nanoseconds")]);
    profile.period_type = Some(ValueType::new("cpu", "nanoseconds"));
    (profile.period, profile.time_nanos, profile.duration_nanos) = (10, time_nanos, 1_000_000_000);
    for (names, value) in stacks {
        let locations: Vec<_> = names
            .iter()
            .map(|name| {
                let symbols = &mut profile.symbols;
                let name = symbols.intern_string(name);
                let function = Function { name, system_name: name, filename: StringId::EMPTY, start_line: 1 };
                let lines = [Line { function: Some(symbols.intern_function(function)), line: 7, column: 0 }];
                symbols.intern_location(Location {
                    mapping: None,
                    address: 1,
                    is_folded: false,
                    lines: &lines,
                })
            })
            .collect();
        let stack = profile.symbols.intern_stack(&locations);
        profile.samples.push(Sample { stack, values: &[*value, value.wrapping_mul(10)], labels: &[] });
    }
    profile
}

pub(crate) fn named(labels: &[(&str, &str)]) -> Named {
    Named::new([("__name__", "process_cpu")].iter().chain(labels).copied()).unwrap()
}

/// A checked profile as WriteRaw brings it.
pub(crate) fn new(labels: &[(&str, &str)], profile: &Profile) -> NewProfile {
    let raw = Bytes::from(pprof::encode_gzip(profile));
    NewProfile::from_pprof(&named(labels), raw, 0, &Limits::default()).unwrap()
}

pub(crate) fn write(labels: &[(&str, &str)], profile: &Profile) -> NewWrite {
    NewWrite::new(vec![new(labels, profile)])
}

/// A write of profiles that share their symbols, each type of each a profile of its own.
pub(crate) fn batch(profiles: &[(Vec<(&str, &str)>, Profile)]) -> NewWrite {
    let mut batch = ProfileBatch::default();
    for (labels, profile) in profiles {
        let given = labels.iter().filter(|(_, value)| !value.is_empty());
        let pairs: Vec<_> =
            given.map(|pair| [pair.0, pair.1].map(|text| batch.sets.intern_text(text))).collect();
        let pairs: Vec<_> = pairs.into_iter().map(|[name, value]| (name, value)).collect();
        let set = batch.sets.intern(&pairs).unwrap().0 as u32;
        let mut transfer = Transfer::new(&profile.symbols);
        for (at, sample_type) in profile.sample_types.iter().enumerate() {
            for (stack, value) in profile.samples.column(at) {
                batch.stacks.push(transfer.stack(&mut batch.symbols, stack));
                batch.values.push(value);
            }
            let name = "process_cpu".to_owned();
            let period_type = profile.period_type.clone().unwrap();
            batch.types.push(BatchType { name, sample_type: sample_type.clone(), period_type });
            let Profile { time_nanos, duration_nanos, period, .. } = *profile;
            let (of_type, rows_end) = (batch.types.len() as u32 - 1, batch.stacks.len());
            batch.heads.push(BatchHead { of_type, set, time_nanos, duration_nanos, period, rows_end });
        }
    }
    NewWrite::of_batch(NewBatch::new(batch, Keep::default()).unwrap())
}

pub(crate) fn filter(matchers: &str) -> Filter {
    let query = format!("process_cpu:cpu:nanoseconds:cpu:nanoseconds:delta{matchers}");
    Filter::of_query(&query.parse().unwrap())
}

/// The sum of everything that the matchers select.
pub(crate) fn total(view: &View, matchers: &str) -> i64 {
    let ask = Merge { filter: filter(matchers), span: Span::ALL, group_by: Vec::new(), in_periods: false };
    view.merge(&ask).unwrap().map_or(0, |merged| merged.total)
}

/// Everything that can be asked of a view, in an order of its own: equal for equal profiles, wherever they are.
pub(crate) fn answers(view: &View) -> Vec<String> {
    let spans = [Span::ALL, Span::inclusive(0, 50), Span::inclusive(1_000, i64::MAX)];
    let mut answers = Vec::new();
    for span in spans {
        answers.push(format!("types {:?}", view.profile_types(span).unwrap()));
        for filter in [Filter::all(), filter(""), filter(r#"{pod="p1"}"#), filter(r#"{x!="y"}"#)] {
            let mut sets: Vec<String> =
                view.label_sets(&filter, span).unwrap().iter().map(|set| set.to_string()).collect();
            sets.sort();
            answers.push(format!("labels {sets:?}"));
            let mut sums = Vec::new();
            view.sums(&filter, span, |labels, of| {
                sums.extend(of.iter().map(|sum| format!("{labels} {sum:?}")))
            })
            .unwrap();
            sums.sort();
            answers.push(format!("sums {sums:?}"));
            for (in_periods, group_by) in [(false, vec![]), (true, vec!["pod".to_owned()])] {
                let ask = Merge { filter: filter.clone(), span, group_by, in_periods };
                answers.push(format!("merge {}", merged(view, &ask)));
            }
        }
    }
    answers
}

fn merged(view: &View, ask: &Merge) -> String {
    let Some(merged) = view.merge(ask).unwrap() else { return "nothing".to_owned() };
    let name = |frame| merged.symbols.frame_name(&frame).to_string();
    let mut rows: Vec<String> = merged
        .rows
        .iter()
        .map(|(group, stack, value)| {
            let frames: Vec<String> = merged.symbols.frames(*stack).map(name).collect();
            format!("{} {frames:?} {value}", merged.groups[*group])
        })
        .collect();
    rows.sort();
    format!("{} {rows:?}", merged.total)
}
