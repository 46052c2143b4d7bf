//! A run of profiles of one series.

use profile_model::StackId;

/// Rows after which a block is full: what a growing block reserves in vain stays small.
const FULL_ROWS: usize = 16 * 1024;
/// Profiles after which a block is full, for types with few rows each.
const FULL_PROFILES: usize = 256;

/// The profiles of one series, in the order they came.
#[derive(Debug, Default)]
pub(crate) struct Profiles {
    blocks: Vec<Block>,
}

/// Profiles in the order they came, their rows end to end.
#[derive(Debug, Default)]
struct Block {
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

/// What a profile says besides its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) time_nanos: i64,
    pub(crate) duration_nanos: i64,
    pub(crate) period: i64,
}

/// One profile of one series: what was measured at one time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ProfileRows<'a> {
    pub(crate) at: Moment,
    pub(crate) stacks: &'a [StackId],
    pub(crate) values: &'a [i64],
}

impl Profiles {
    /// Adds a profile; returns how many bytes the series took and gave back.
    pub(crate) fn push(&mut self, at: Moment, rows: &[(StackId, i64)]) -> (usize, usize) {
        let (mut taken, mut freed) = (0, 0);
        if self.blocks.last().is_none_or(Block::is_full) {
            freed = self.shrink_last();
            if self.blocks.is_empty() {
                // Many a series stays at one profile: of a span, of a process that lived for seconds.
                self.blocks.reserve_exact(1);
            }
            self.blocks.push(Block::default());
            taken = size_of::<Block>();
        }
        if let Some(block) = self.blocks.last_mut() {
            let before = block.heap_bytes();
            block.push(at, rows);
            taken += block.heap_bytes() - before;
        }
        (taken, freed)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = ProfileRows<'_>> {
        self.blocks.iter().flat_map(Block::profiles)
    }

    /// Gives back what is reserved and not used; returns how many bytes that was.
    pub(crate) fn shrink_last(&mut self) -> usize {
        let Some(last) = self.blocks.last_mut() else { return 0 };
        let before = last.heap_bytes();
        last.shrink();
        before - last.heap_bytes()
    }
}

impl Block {
    fn is_full(&self) -> bool {
        self.stacks.len() >= FULL_ROWS || self.heads.len() >= FULL_PROFILES
    }

    fn push(&mut self, at: Moment, rows: &[(StackId, i64)]) {
        if self.heads.is_empty() {
            self.heads.reserve_exact(1);
            self.stacks.reserve_exact(rows.len());
            self.values.reserve_exact(rows.len());
        }
        self.stacks.extend(rows.iter().map(|(stack, _)| *stack));
        self.values.extend(rows.iter().map(|(_, value)| *value));
        let Moment { time_nanos, duration_nanos, period } = at;
        self.heads.push(Head { time_nanos, duration_nanos, period, rows_end: self.stacks.len() });
    }

    fn profiles(&self) -> impl Iterator<Item = ProfileRows<'_>> {
        let mut start = 0;
        self.heads.iter().map(move |head| {
            let rows = start..head.rows_end;
            start = head.rows_end;
            let Head { time_nanos, duration_nanos, period, .. } = *head;
            ProfileRows {
                at: Moment { time_nanos, duration_nanos, period },
                stacks: &self.stacks[rows.clone()],
                values: &self.values[rows],
            }
        })
    }

    fn heap_bytes(&self) -> usize {
        self.heads.capacity() * size_of::<Head>()
            + self.stacks.capacity() * size_of::<StackId>()
            + self.values.capacity() * size_of::<i64>()
    }

    fn shrink(&mut self) {
        self.heads.shrink_to_fit();
        self.stacks.shrink_to_fit();
        self.values.shrink_to_fit();
    }
}
