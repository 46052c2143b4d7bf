//! One batch as a record of the log. All numbers little-endian.
//!
//! | bytes | |
//! |---|---|
//! | 1 | protocol: 1 or 2 |
//! | 4 | samples |
//! | 8, 8 | oldest and newest timestamp, ms |
//! | rest | the request's body |

use bytes::Bytes;

use crate::batch::Batch;
use crate::wire::Message;

const FIXED: usize = 21;

pub(super) fn write(batch: &Batch) -> Vec<u8> {
    let mut out = Vec::with_capacity(FIXED + batch.body.len());
    out.push(match batch.message {
        Message::V1 => 1,
        Message::V2 => 2,
    });
    out.extend_from_slice(&u32::try_from(batch.samples).unwrap_or(u32::MAX).to_le_bytes());
    out.extend_from_slice(&batch.oldest_ms.to_le_bytes());
    out.extend_from_slice(&batch.newest_ms.to_le_bytes());
    out.extend_from_slice(&batch.body);
    out
}

/// The batch; none if these bytes were not written by [`write`].
pub(super) fn read(record: Vec<u8>) -> Option<Batch> {
    let message = match record.first()? {
        1 => Message::V1,
        2 => Message::V2,
        _ => return None,
    };
    Some(Batch {
        message,
        samples: u64::from(samples(&record)?),
        oldest_ms: i64::from_le_bytes(*record.get(5..)?.first_chunk()?),
        newest_ms: i64::from_le_bytes(*record.get(13..)?.first_chunk()?),
        body: Bytes::from(record).slice(FIXED..),
    })
}

/// How many samples a record holds.
pub(super) fn samples(record: &[u8]) -> Option<u32> {
    Some(u32::from_le_bytes(*record.get(1..)?.first_chunk()?))
}
