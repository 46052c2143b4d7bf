//! Spans of time, half-open.

use profile_model::Timestamp;

/// The instants from a start up to, and without, an end: a profile on the border of two spans that touch is
/// in one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    first: i64,
    last: i64,
}

impl Span {
    /// All of time.
    pub const ALL: Self = Self { first: i64::MIN, last: i64::MAX };

    /// From `start` up to, and without, `end`. Nothing where `end` is not later.
    pub fn half_open(start: Timestamp, end: Timestamp) -> Self {
        // No profile is later than what 64 bits hold, so an end beyond them is later than all.
        let last = end.as_nanos().map_or(end.saturating_nanos(), |end| end.saturating_sub(1));
        let empty = start >= end || start.as_nanos().is_none() && start > Timestamp::EPOCH;
        if empty { Self { first: 0, last: -1 } } else { Self { first: start.saturating_nanos(), last } }
    }

    /// From the first to the last nanosecond, both in it.
    pub const fn inclusive(first: i64, last: i64) -> Self {
        Self { first, last }
    }

    /// The millisecond that an instant lies in.
    pub fn millisecond(of: Timestamp) -> Self {
        let first = of.saturating_millis().saturating_mul(1_000_000);
        Self { first, last: first.saturating_add(999_999) }
    }

    /// Whether an instant, in nanoseconds since 1970, lies in it.
    pub const fn has(self, nanos: i64) -> bool {
        self.first <= nanos && nanos <= self.last
    }
}

/// The first and last time of some profiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) first: i64,
    pub(crate) last: i64,
}

impl Extent {
    pub(crate) const EMPTY: Self = Self { first: i64::MAX, last: i64::MIN };

    pub(crate) fn is_empty(self) -> bool {
        self.first > self.last
    }

    pub(crate) fn add(&mut self, nanos: i64) {
        self.first = self.first.min(nanos);
        self.last = self.last.max(nanos);
    }

    pub(crate) fn join(&mut self, other: Self) {
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }

    pub(crate) fn overlaps(self, span: Span) -> bool {
        !self.is_empty() && self.first <= span.last && span.first <= self.last
    }

    /// Whether a profile is surely in the span: the first or the last one is.
    fn surely_in(self, span: Span) -> bool {
        !self.is_empty() && (span.has(self.first) || span.has(self.last))
    }
}

/// The extents of profiles by their duration: none, positive, negative. A query for `:delta` means all that
/// have one, the list of types only the positive ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extents(pub(crate) [Extent; 3]);

/// Whether something is in a span, as far as extents can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    Yes,
    No,
    /// The profiles have to be looked at.
    Maybe,
}

impl Extents {
    pub(crate) const EMPTY: Self = Self([Extent::EMPTY; 3]);

    pub(crate) fn class(duration_nanos: i64) -> usize {
        match duration_nanos {
            0 => 0,
            1.. => 1,
            _ => 2,
        }
    }

    /// A duration of this class.
    pub(crate) fn duration_of(class: usize) -> i64 {
        [0, 1, -1][class]
    }

    pub(crate) fn add(&mut self, time_nanos: i64, duration_nanos: i64) {
        self.0[Self::class(duration_nanos)].add(time_nanos);
    }

    pub(crate) fn join(&mut self, other: Self) {
        for (extent, other) in self.0.iter_mut().zip(other.0) {
            extent.join(other);
        }
    }

    pub(crate) fn whole(self) -> Extent {
        self.0.into_iter().fold(Extent::EMPTY, |mut whole, extent| {
            whole.join(extent);
            whole
        })
    }

    /// Whether all profiles are in the span and of a class that `takes` takes.
    pub(crate) fn all_in(self, span: Span, takes: impl Fn(usize) -> bool) -> bool {
        let inside = |extent: Extent| span.has(extent.first) && span.has(extent.last);
        let classes = self.0.into_iter().enumerate().filter(|(_, extent)| !extent.is_empty());
        classes.into_iter().all(|(class, extent)| takes(class) && inside(extent))
    }

    /// Whether there is a profile in the span whose duration is of a class that `takes` takes.
    pub(crate) fn any_in(self, span: Span, takes: impl Fn(usize) -> bool) -> Known {
        let mut known = Known::No;
        for (_, extent) in self.0.into_iter().enumerate().filter(|(class, _)| takes(*class)) {
            if extent.surely_in(span) {
                return Known::Yes;
            }
            if extent.overlaps(span) {
                known = Known::Maybe;
            }
        }
        known
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_is_in_and_the_end_is_not() {
        let at = |seconds| Timestamp::new(seconds, 0);
        let span = Span::half_open(at(10), at(20));
        assert!(span.has(10_000_000_000) && span.has(19_999_999_999));
        assert!(!span.has(9_999_999_999) && !span.has(20_000_000_000));
        assert!(!Span::half_open(at(10), at(10)).has(10_000_000_000));
        assert!(!Span::half_open(at(20), at(10)).has(15_000_000_000));
        // Years that 64 bits of nanoseconds do not hold.
        let ever = Span::half_open(Timestamp::YEAR_ONE, at(1 << 40));
        assert!(ever.has(i64::MIN) && ever.has(i64::MAX) && ever.has(0));
        assert!(!Span::half_open(at(1 << 40), at(1 << 41)).has(i64::MAX));
    }

    #[test]
    fn extents_know_what_is_surely_in_a_span() {
        let mut extents = Extents::EMPTY;
        extents.add(10, 5);
        extents.add(20, 5);
        extents.add(100, 0);
        let any = |class: usize| move |c: usize| c == class;
        assert_eq!(extents.any_in(Span::inclusive(15, 30), any(1)), Known::Yes);
        assert_eq!(extents.any_in(Span::inclusive(12, 15), any(1)), Known::Maybe);
        assert_eq!(extents.any_in(Span::inclusive(21, 30), any(1)), Known::No);
        assert_eq!(extents.any_in(Span::ALL, any(2)), Known::No);
        assert_eq!(extents.whole(), Extent { first: 10, last: 100 });
    }
}
