//! `.padata`: what parca-agent keeps in offline mode. A head (magic, version, number of batches, big-endian), then
//! batches of Arrow, each with its length in front. The agent writes the number after the batch is safe, so what
//! lies behind the last counted one was torn off and is passed over.
//!
//! The layout is that of parca-agent at cb46a8ea (`reporter/parca_reporter.go`).

/// Why a file has no batches for us.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PadataError {
    /// Not such a file.
    #[error("expected an offline file of parca-agent, found other bytes")]
    Magic,
    /// A version that did not exist when this was written.
    #[error("expected version 0 of an offline file, found version {0}")]
    Version(u16),
    /// A batch that is counted and not there.
    #[error("expected {expected} batches, found {found} and the end of the file")]
    CutOff {
        /// How many are counted.
        expected: u16,
        /// How many are there.
        found: u16,
    },
    /// The older schema, where stacks stand apart from samples.
    #[error("expected batches of the schema v2, found v1, as agents write it with --use-v2-schema=false")]
    SchemaV1,
}

const MAGIC: [u8; 4] = [0xa6, 0xe7, 0xcc, 0xca];

/// The batches of a file, each an Arrow IPC stream as Parca's `WriteArrow` takes it.
///
/// # Errors
/// If it is no such file, cut off, or of the older schema.
pub fn batches(bytes: &[u8]) -> Result<Vec<&[u8]>, PadataError> {
    let rest = bytes.strip_prefix(&MAGIC).ok_or(PadataError::Magic)?;
    let (version, rest) = number(rest).ok_or(PadataError::Magic)?;
    if version != 0 {
        return Err(PadataError::Version(version));
    }
    let (expected, mut rest) = number(rest).ok_or(PadataError::Magic)?;
    let mut found = Vec::new();
    for at in 0..expected {
        let (batch, after) = batch(rest).ok_or(PadataError::CutOff { expected, found: at })?;
        if !is_v2(batch) {
            return Err(PadataError::SchemaV1);
        }
        found.push(batch);
        rest = after;
    }
    Ok(found)
}

fn number(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let (number, rest) = bytes.split_first_chunk::<2>()?;
    Some((u16::from_be_bytes(*number), rest))
}

fn batch(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

/// The schema, which stands in front, names its version.
fn is_v2(batch: &[u8]) -> bool {
    let schema = &batch[..batch.len().min(64 << 10)];
    let key = b"parca_write_schema_version";
    let at = schema.windows(key.len()).position(|window| window == key);
    // Key and value are written near each other, in either order.
    at.is_some_and(|at| {
        let (start, end) = (at.saturating_sub(64), (at + key.len() + 64).min(schema.len()));
        schema[start..end].windows(2).any(|window| window == b"v2")
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn file(count: u16, batches: &[&[u8]]) -> Vec<u8> {
        let mut file = [&MAGIC[..], &[0, 0], &count.to_be_bytes()].concat();
        for batch in batches {
            file.extend(u32::try_from(batch.len()).unwrap().to_be_bytes());
            file.extend(*batch);
        }
        file
    }

    const V2: &[u8] = b"..v2....parca_write_schema_version..";
    const V1: &[u8] = b"..v1....parca_write_schema_version..";

    #[test]
    fn counted_batches_are_read_and_a_torn_one_is_not() {
        assert_eq!(batches(&file(2, &[V2, V2])).unwrap(), [V2, V2]);
        let torn = [file(1, &[V2]), vec![0, 0, 9, 9, 1]].concat();
        assert_eq!(batches(&torn).unwrap(), [V2]);
        assert_eq!(batches(&file(0, &[])).unwrap(), Vec::<&[u8]>::new());
        assert_eq!(batches(&file(2, &[V2])), Err(PadataError::CutOff { expected: 2, found: 1 }));
        assert_eq!(batches(&file(1, &[V1])), Err(PadataError::SchemaV1));
        assert_eq!(batches(b"junk"), Err(PadataError::Magic));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_batches_or_an_error(count: u16, tail in proptest::collection::vec(0..=255_u8, 0..100)) {
            let _ = batches(&[file(count, &[V2]), tail.clone()].concat());
            let _ = batches(&tail);
        }
    }
}
