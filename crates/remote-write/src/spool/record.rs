//! One batch on disk: length, checksum, payload. All numbers little-endian.
//!
//! | bytes | |
//! |---|---|
//! | 4 | length of the payload |
//! | 4 | CRC-32 of the length's bytes and the payload |
//! | 1 | protocol: 1 or 2 |
//! | 4 | samples |
//! | 8, 8 | oldest and newest timestamp, ms |
//! | rest | the request's body |

use bytes::Bytes;

use crate::batch::Batch;
use crate::wire::Message;

pub(super) const HEAD: usize = 8;
const FIXED: usize = 21;
/// A receiver takes 32 MiB at most; more is not a record.
const PAYLOAD_LIMIT: usize = 64 << 20;

pub(super) fn write(batch: &Batch) -> Vec<u8> {
    let payload = FIXED + batch.body.len();
    let mut out = Vec::with_capacity(HEAD + payload);
    out.extend_from_slice(&(payload as u32).to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    out.push(match batch.message {
        Message::V1 => 1,
        Message::V2 => 2,
    });
    out.extend_from_slice(&u32::try_from(batch.samples).unwrap_or(u32::MAX).to_le_bytes());
    out.extend_from_slice(&batch.oldest_ms.to_le_bytes());
    out.extend_from_slice(&batch.newest_ms.to_le_bytes());
    out.extend_from_slice(&batch.body);
    let sum = checksum(&out[..4], &out[HEAD..]);
    out[4..HEAD].copy_from_slice(&sum.to_le_bytes());
    out
}

/// The payload's length that a record's first bytes announce, if it can be one.
pub(super) fn payload_len(head: &[u8; HEAD]) -> Option<usize> {
    let len = u32_at(head, 0)? as usize;
    (FIXED..=PAYLOAD_LIMIT).contains(&len).then_some(len)
}

/// The batch, if the checksum holds.
pub(super) fn read(head: &[u8; HEAD], payload: Vec<u8>) -> Option<Batch> {
    if u32_at(head, 4)? != checksum(&head[..4], &payload) {
        return None;
    }
    let message = match payload.first()? {
        1 => Message::V1,
        2 => Message::V2,
        _ => return None,
    };
    Some(Batch {
        message,
        samples: u64::from(u32_at(&payload, 1)?),
        oldest_ms: i64_at(&payload, 5)?,
        newest_ms: i64_at(&payload, 13)?,
        body: Bytes::from(payload).slice(FIXED..),
    })
}

fn checksum(len: &[u8], payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(len);
    hasher.update(payload);
    hasher.finalize()
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn i64_at(bytes: &[u8], at: usize) -> Option<i64> {
    Some(i64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}
