//! What events measure, and as which types Pyroscope knows it.

use profile_model::{Profile, ValueType};

/// What is measured, each as a profile of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Cpu,
    Wall,
    InNewTlab,
    OutsideTlab,
    AllocationSample,
    Monitor,
    Park,
    Live,
    Malloc,
}

/// A kind's types.
#[derive(Clone, Copy, Debug)]
pub(super) struct About {
    pub(super) kind: Kind,
    /// The name of its series.
    pub(super) name: &'static str,
    pub(super) types: &'static [(&'static str, &'static str)],
    pub(super) period: Option<(&'static str, &'static str)>,
}

const CONTENTION: &[(&str, &str)] = &[("contentions", "count"), ("delay", "nanoseconds")];
const SPACE: Option<(&str, &str)> = Some(("space", "bytes"));

/// All kinds, in the order of their numbers.
pub(super) const KINDS: [About; 9] = [
    about(Kind::Cpu, "process_cpu", &[("cpu", "nanoseconds")], Some(("cpu", "nanoseconds"))),
    about(Kind::Wall, "wall", &[("wall", "nanoseconds")], Some(("wall", "nanoseconds"))),
    about(
        Kind::InNewTlab,
        "memory",
        &[("alloc_in_new_tlab_objects", "count"), ("alloc_in_new_tlab_bytes", "bytes")],
        SPACE,
    ),
    about(
        Kind::OutsideTlab,
        "memory",
        &[("alloc_outside_tlab_objects", "count"), ("alloc_outside_tlab_bytes", "bytes")],
        SPACE,
    ),
    about(
        Kind::AllocationSample,
        "memory",
        &[("alloc_sample_objects", "count"), ("alloc_sample_bytes", "bytes")],
        SPACE,
    ),
    about(Kind::Monitor, "mutex", CONTENTION, Some(("mutex", "count"))),
    about(Kind::Park, "block", CONTENTION, Some(("block", "count"))),
    about(Kind::Live, "memory", &[("live", "count")], Some(("objects", "count"))),
    about(Kind::Malloc, "memory", &[("malloc_objects", "count"), ("malloc_bytes", "bytes")], None),
];

const fn about(
    kind: Kind,
    name: &'static str,
    types: &'static [(&'static str, &'static str)],
    period: Option<(&'static str, &'static str)>,
) -> About {
    About { kind, name, types, period }
}

impl About {
    /// A profile of this kind without samples.
    pub(super) fn profile(&self) -> Profile {
        let value_type = |(name, unit): &(&str, &str)| ValueType::new(*name, *unit);
        let mut profile = Profile::new(self.types.iter().map(value_type).collect());
        profile.period_type = self.period.as_ref().map(value_type);
        profile
    }

    fn is_of(&self, profile: &Profile) -> bool {
        let is = |of: &ValueType, (name, unit): &(&str, &str)| of.name == *name && of.unit == *unit;
        let types = &profile.sample_types;
        let has_types =
            types.len() == self.types.len() && types.iter().zip(self.types).all(|(of, known)| is(of, known));
        has_types
            && self
                .period
                .as_ref()
                .is_none_or(|known| profile.period_type.as_ref().is_some_and(|of| is(of, known)))
    }
}

/// The name of the series of a recording's profile, as Pyroscope gives it: `process_cpu`, `wall`, `memory`, `mutex` or
/// `block`; nothing if it is none of a recording.
pub fn series_name(profile: &Profile) -> Option<&'static str> {
    KINDS.iter().find(|about| about.is_of(profile)).map(|about| about.name)
}

/// What is measured by the events of a name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source {
    pub(super) event: &'static str,
    pub(super) measures: Measures,
    /// The field with the thread.
    pub(super) thread: &'static str,
    /// The field with the second value, or how often it was sampled; empty if there is none.
    pub(super) amount: &'static str,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Measures {
    /// A thread, at times: of the processor unless it slept, and of the clock on the wall if that was asked for.
    Execution,
    /// A thread on the clock on the wall, so many times.
    Wall,
    /// One, of so many bytes.
    Size(Kind),
    /// One, of so many ticks.
    Delay(Kind),
    /// One.
    One(Kind),
}

const fn source(
    event: &'static str,
    measures: Measures,
    thread: &'static str,
    amount: &'static str,
) -> Source {
    Source { event, measures, thread, amount }
}

/// The events that are read. `jdk.NativeMethodSample` is not: its threads wait in native code more often than not.
pub(super) const SOURCES: [Source; 9] = [
    source("jdk.ExecutionSample", Measures::Execution, "sampledThread", ""),
    source("profiler.WallClockSample", Measures::Wall, "sampledThread", "samples"),
    source("jdk.ObjectAllocationInNewTLAB", Measures::Size(Kind::InNewTlab), "eventThread", "tlabSize"),
    source(
        "jdk.ObjectAllocationOutsideTLAB",
        Measures::Size(Kind::OutsideTlab),
        "eventThread",
        "allocationSize",
    ),
    source("jdk.ObjectAllocationSample", Measures::Size(Kind::AllocationSample), "eventThread", "weight"),
    source("jdk.JavaMonitorEnter", Measures::Delay(Kind::Monitor), "eventThread", "duration"),
    source("jdk.ThreadPark", Measures::Delay(Kind::Park), "eventThread", "duration"),
    source("profiler.LiveObject", Measures::One(Kind::Live), "eventThread", ""),
    source("profiler.Malloc", Measures::Size(Kind::Malloc), "eventThread", "size"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_stands_at_its_number_and_is_known_by_its_types() {
        for (at, about) in KINDS.iter().enumerate() {
            assert_eq!(about.kind as usize, at);
            assert_eq!(series_name(&about.profile()), Some(about.name), "{about:?}");
        }
        // Somebody may have added what the file has not.
        let mut malloc = KINDS[Kind::Malloc as usize].profile();
        malloc.period_type = Some(ValueType::new("malloc_bytes", "bytes"));
        assert_eq!(series_name(&malloc), Some("memory"));
        assert_eq!(series_name(&Profile::new(vec![ValueType::new("samples", "count")])), None);
    }
}
