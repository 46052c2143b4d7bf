//! A run of profiles of one series.

use profile_model::StackId;

/// Rows after which a block is full. Small enough that dropping the oldest block forgets little.
const FULL_ROWS: usize = 16 * 1024;
/// Profiles after which a block is full, for types with few rows each.
const FULL_PROFILES: usize = 256;

/// Profiles in the order they came, their rows end to end.
#[derive(Debug, Default)]
pub(super) struct Block {
    heads: Vec<Head>,
    stacks: Vec<StackId>,
    values: Vec<i64>,
}

#[derive(Clone, Copy, Debug)]
struct Head {
    time_nanos: i64,
    duration_nanos: i64,
    period: i64,
    rows_end: usize,
}

/// One profile of one series: what was measured at one time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ProfileRows<'a> {
    pub(crate) time_nanos: i64,
    pub(crate) duration_nanos: i64,
    pub(crate) period: i64,
    pub(crate) stacks: &'a [StackId],
    pub(crate) values: &'a [i64],
}

impl ProfileRows<'_> {
    /// What a `:delta` query selects. A negative duration counts as one.
    pub(crate) fn is_delta(&self) -> bool {
        self.duration_nanos != 0
    }
}

impl Block {
    pub(super) fn is_full(&self) -> bool {
        self.stacks.len() >= FULL_ROWS || self.heads.len() >= FULL_PROFILES
    }

    pub(super) fn push(
        &mut self,
        time_nanos: i64,
        duration_nanos: i64,
        period: i64,
        rows: impl Iterator<Item = (StackId, i64)>,
    ) {
        for (stack, value) in rows {
            self.stacks.push(stack);
            self.values.push(value);
        }
        self.heads.push(Head { time_nanos, duration_nanos, period, rows_end: self.stacks.len() });
    }

    pub(super) fn profiles(&self) -> impl Iterator<Item = ProfileRows<'_>> {
        let mut start = 0;
        self.heads.iter().map(move |head| {
            let rows = start..head.rows_end;
            start = head.rows_end;
            ProfileRows {
                time_nanos: head.time_nanos,
                duration_nanos: head.duration_nanos,
                period: head.period,
                stacks: &self.stacks[rows.clone()],
                values: &self.values[rows],
            }
        })
    }

    pub(super) fn rows(&self) -> usize {
        self.stacks.len()
    }

    pub(super) fn profile_count(&self) -> usize {
        self.heads.len()
    }

    /// The newest time in it: when that is old, all of it is.
    pub(super) fn newest(&self) -> i64 {
        self.heads.iter().map(|head| head.time_nanos).max().unwrap_or(i64::MIN)
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.heads.capacity() * size_of::<Head>()
            + self.stacks.capacity() * size_of::<StackId>()
            + self.values.capacity() * size_of::<i64>()
    }

    pub(super) fn shrink(&mut self) {
        self.heads.shrink_to_fit();
        self.stacks.shrink_to_fit();
        self.values.shrink_to_fit();
    }

    pub(super) fn stacks_mut(&mut self) -> &mut [StackId] {
        &mut self.stacks
    }
}
