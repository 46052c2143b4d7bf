//! What profiles say besides their rows, in chunks that are read alone.

use super::codec::{Reader, Writer};
use crate::memory::Moment;

/// Profiles in a chunk: one series is read without most of the others.
pub(crate) const CHUNK: u64 = 4096;

/// A profile without its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) at: Moment,
    pub(crate) rows: u64,
}

/// Column by column, each number as its difference to the one before.
pub(crate) fn write(heads: &[Head]) -> Vec<u8> {
    let mut out = Writer::default();
    out.len(heads.len());
    let mut column = |field: fn(&Head) -> i64| {
        let mut before = 0_i64;
        for head in heads {
            let value = field(head);
            out.signed(value.wrapping_sub(before));
            before = value;
        }
    };
    column(|head| head.at.time_nanos);
    column(|head| head.at.duration_nanos);
    column(|head| head.at.period);
    column(|head| head.rows.cast_signed());
    out.bytes
}

/// The profiles of a chunk; nothing where the bytes are none.
pub(crate) fn read(bytes: &[u8]) -> Option<Vec<Head>> {
    let mut input = Reader::new(bytes);
    let len = input.len()?;
    let nothing = Head { at: Moment { time_nanos: 0, duration_nanos: 0, period: 0 }, rows: 0 };
    let mut heads = vec![nothing; len];
    let mut column = |set: fn(&mut Head, i64)| {
        let mut value = 0_i64;
        for head in &mut heads {
            value = value.wrapping_add(input.signed()?);
            set(head, value);
        }
        Some(())
    };
    column(|head, value| head.at.time_nanos = value)?;
    column(|head, value| head.at.duration_nanos = value)?;
    column(|head, value| head.at.period = value)?;
    column(|head, value| head.rows = value.cast_unsigned())?;
    input.is_empty().then_some(heads)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn heads_come_back(numbers: Vec<(i64, i64, i64, u64)>) {
            let heads: Vec<Head> = numbers
                .into_iter()
                .map(|(time_nanos, duration_nanos, period, rows)| {
                    Head { at: Moment { time_nanos, duration_nanos, period }, rows }
                })
                .collect();
            let bytes = write(&heads);
            prop_assert_eq!(read(&bytes), Some(heads));
            prop_assert_eq!(read(&bytes[..bytes.len() - 1]), None);
        }
    }
}
