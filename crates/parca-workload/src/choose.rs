//! [`Mode::Lanes`](crate::Mode): random choices among what is known. The same seed, tick and
//! knowledge give the same calls.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use load_engine::Tick;
use parca_client::ReportKind;
use profile_model::{TimeRange, Timestamp};
use rand::rngs::SmallRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use crate::call::{Ask, Call, Learn, QueryText, Start, When, key};
use crate::go_time::go_duration;
use crate::knowledge::{KnownSeries, Maps, SeriesId};
use crate::lane::Lane;
use crate::op;
use crate::settings::Settings;

/// What a browser 1920 pixels wide asks for: a point every ten or so of them.
const POINTS: u32 = 170;

/// Percent of its parent below which a frame is less than such a browser's pixel.
const TRIM_PERCENT: f32 = 100.0 / 1920.0;

/// The reports of single profiles: flame graph, table, download. Not TOP: a Parca that holds a line
/// without a function dies of it, and nobody knows beforehand.
const REPORTS: [ReportKind; 3] = [ReportKind::FlamegraphArrow, ReportKind::TableArrow, ReportKind::Pprof];

pub(crate) fn calls(lane: Lane, tick: &Tick<Lane>, settings: &Settings, known: &Maps) -> Vec<Call> {
    let mut rng = SmallRng::seed_from_u64(tick.seed);
    let unknown = settings.await_first_round && known.range_rounds == 0;
    let longest = settings.ranges.iter().copied().max().unwrap_or_default();
    match lane {
        Lane::Labels => vec![Call::labels(longest, None)],
        Lane::Values => label(settings, known, &mut rng)
            .map(|label| Call::values(label, longest, None))
            .into_iter()
            .collect(),
        Lane::ProfileTypes => vec![Call::profile_types(longest)],
        Lane::QueryRange => query_range(settings, known),
        Lane::QuerySingle | Lane::QueryMerge if unknown => Vec::new(),
        Lane::QuerySingle => single(settings, known, &mut rng),
        Lane::QueryMerge => merge(tick, settings, known),
    }
}

fn label(settings: &Settings, known: &Maps, rng: &mut SmallRng) -> Option<String> {
    if !settings.values_for_labels.is_empty() {
        return settings.values_for_labels.choose(rng).cloned();
    }
    let labels: Vec<&String> = known.labels.live().map(|(label, ())| label).collect();
    labels.choose(rng).map(|label| (*label).clone())
}

/// Every known type with every selector over every span.
fn query_range(settings: &Settings, known: &Maps) -> Vec<Call> {
    let types: Vec<_> = if settings.types.is_empty() {
        known.types.live().map(|(profile_type, ())| profile_type.clone()).collect()
    } else {
        settings.types.clone()
    };
    let mut calls = Vec::new();
    for profile_type in types {
        for (selector, text) in settings.selectors.iter().enumerate() {
            for (index, range) in settings.ranges.iter().enumerate() {
                let pairs = [("range", go_duration(*range)), ("labels", settings.selector_label(selector))];
                let query = QueryText { profile_type: profile_type.clone(), selector: text.clone() };
                let ask = Ask::QueryRange {
                    query,
                    range: *range,
                    points: POINTS,
                    learn: Some(Learn { selector, range: index, last: false }),
                };
                calls.push(Call { key: key(op::QUERY_RANGE, pairs), ask });
            }
        }
    }
    if let Some(Call { ask: Ask::QueryRange { learn: Some(learn), .. }, .. }) = calls.last_mut() {
        learn.last = true;
    }
    calls
}

/// One profile at a random time of a random series, as a random report. The times of delta types are
/// known only as buckets; there, a lookup finds the millisecond first.
fn single(settings: &Settings, known: &Maps, rng: &mut SmallRng) -> Vec<Call> {
    let all: Vec<(&SeriesId, &KnownSeries)> =
        known.series.live().flat_map(|(id, series)| series.iter().map(move |series| (id, series))).collect();
    let Some(((profile_type, selector, _), series)) = all.choose(rng).copied() else { return Vec::new() };
    let Some(time) = series.times.choose(rng).copied() else { return Vec::new() };
    let report = REPORTS.choose(rng).cloned().unwrap_or(ReportKind::Pprof);
    let text =
        QueryText { profile_type: profile_type.clone(), selector: settings.selectors[*selector].clone() };
    let query = text.of_series(&series.labels);
    let labels = settings.selector_label(*selector);
    if series.bucket.is_zero() {
        return vec![Call::single(query, When::Known(time), report, labels)];
    }
    let found = Rc::new(Cell::new(None));
    let lookup = Call::lookup(query.clone(), bucket(time, series.bucket), rng.random(), Rc::clone(&found));
    vec![lookup, Call::single(query, When::Found(found), report, labels)]
}

/// Both ends of a range query are part of it, so a bucket ends a nanosecond before the next.
fn bucket(start: Timestamp, width: Duration) -> TimeRange {
    let width = i64::try_from(width.as_nanos()).unwrap_or(i64::MAX);
    TimeRange::new(start, Timestamp::from_nanos(start.saturating_nanos().saturating_add(width - 1)))
}

/// Each known type over each span; where its data begin later than the span, over what it has.
fn merge(tick: &Tick<Lane>, settings: &Settings, known: &Maps) -> Vec<Call> {
    let mut calls = Vec::new();
    for ((profile_type, selector, index), series) in known.series.live() {
        let range = settings.ranges[*index];
        let Some(earliest) = series.iter().filter_map(|series| series.times.first()).min().copied() else {
            continue;
        };
        let bucket = series.iter().map(|series| series.bucket).max().unwrap_or_default();
        let start = Timestamp::from(tick.planned_wall - range);
        let (start, label) = if has_it_all(earliest, start, bucket.max(range / POINTS)) {
            (Start::Ago(range), go_duration(range))
        } else {
            (Start::At(earliest), format!("{}-partial", go_duration(range)))
        };
        let text =
            QueryText { profile_type: profile_type.clone(), selector: settings.selectors[*selector].clone() };
        calls.push(Call::merge(text.text(), start, TRIM_PERCENT, label, settings.selector_label(*selector)));
    }
    calls
}

/// Data come in intervals: a first profile within the second bucket of the span still fills it.
fn has_it_all(earliest: Timestamp, start: Timestamp, bucket: Duration) -> bool {
    let slack = 2 * bucket + Duration::from_secs(60);
    let slack = i64::try_from(slack.as_nanos()).unwrap_or(i64::MAX);
    earliest.saturating_nanos() <= start.saturating_nanos().saturating_add(slack)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::{Instant, SystemTime};

    use profile_model::Labels;

    use super::*;
    use crate::knowledge::Knowledge;
    use crate::settings::Mode;

    const HOUR: Duration = Duration::from_secs(3600);
    const DELTA: &str = "process_cpu:cpu:nanoseconds:cpu:nanoseconds:delta";

    fn tick(seed: u64) -> Tick<Lane> {
        let pace = load_engine::Pace::every(HOUR);
        let lane = Arc::new(load_engine::Lane::with_data("any", pace, Lane::Labels));
        Tick { lane, index: 0, worker: 0, planned: Instant::now(), planned_wall: SystemTime::now(), seed }
    }

    /// One delta type since `ago`, known over both spans.
    fn known(ago: Duration) -> Knowledge {
        let knowledge = Knowledge::new();
        let profile_type: pql::ProfileType = DELTA.parse().expect("a type");
        knowledge.learn_types([profile_type.clone()], HOUR);
        let mut maps = knowledge.maps();
        for label in ["job", "pod", "zone"] {
            maps.labels.insert(label.to_owned(), (), HOUR);
        }
        let times: Vec<Timestamp> =
            (0..10).map(|i| Timestamp::from(SystemTime::now() - ago + Duration::from_secs(i))).collect();
        for index in 0..2 {
            let series = KnownSeries::thinned(Labels::default(), times.clone(), Duration::from_secs(5));
            maps.series.insert((profile_type.clone(), 0, index), vec![series], HOUR);
        }
        drop(maps);
        knowledge
    }

    fn shown(lane: Lane, seed: u64, knowledge: &Knowledge) -> Vec<String> {
        let settings = Settings::new(Mode::Lanes);
        calls(lane, &tick(seed), &settings, &knowledge.maps())
            .iter()
            .map(|call| format!("{:?}", call.key))
            .collect()
    }

    #[test]
    fn a_seed_makes_the_same_choices_and_seeds_differ() {
        let knowledge = known(HOUR);
        for lane in [Lane::Values, Lane::QuerySingle] {
            assert_eq!(shown(lane, 1, &knowledge), shown(lane, 1, &knowledge));
            let distinct: std::collections::BTreeSet<_> =
                (0..50).map(|seed| shown(lane, seed, &knowledge)).collect();
            assert!(distinct.len() > 1, "{lane} always asks the same");
        }
    }

    #[test]
    fn nothing_known_is_nothing_asked() {
        let knowledge = Knowledge::new();
        for lane in [Lane::Values, Lane::QueryRange, Lane::QuerySingle, Lane::QueryMerge] {
            assert_eq!(shown(lane, 1, &knowledge), Vec::<String>::new());
        }
        for lane in [Lane::Labels, Lane::ProfileTypes] {
            assert_eq!(shown(lane, 1, &knowledge).len(), 1);
        }
    }

    #[test]
    fn a_single_profile_of_a_delta_type_is_looked_up_first() {
        let settings = Settings::new(Mode::Lanes);
        let calls = calls(Lane::QuerySingle, &tick(3), &settings, &known(HOUR).maps());
        assert!(matches!(calls[0].ask, Ask::Lookup { .. }) && matches!(calls[1].ask, Ask::Single { .. }));
    }

    #[test]
    fn a_merge_says_when_the_data_do_not_fill_the_span() {
        let ranges = |ago| {
            let settings = Settings::new(Mode::Lanes);
            let calls = calls(Lane::QueryMerge, &tick(1), &settings, &known(ago).maps());
            calls.iter().map(|call| call.key.labels()[1].1.clone()).collect::<Vec<_>>()
        };
        assert_eq!(ranges(HOUR), ["15m0s", "168h0m0s-partial"]);
        assert_eq!(ranges(Duration::from_secs(5 * 60)), ["15m0s-partial", "168h0m0s-partial"]);
        assert_eq!(ranges(200 * HOUR), ["15m0s", "168h0m0s"]);
    }
}
