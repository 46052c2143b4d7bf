//! A profile as it waits: what a request says of it.

use bytes::Bytes;
use parca_client::{ExecutableInfo, LoadSegment};
use profile_codec::pprof::{Harmless, Limits};
use serde::{Deserialize, Serialize};

use crate::outgoing::Outgoing;

/// A profile in a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) head: RecordHead,
    pub(crate) pprof: Harmless,
}

/// All but the profile itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RecordHead {
    /// Sorted by name.
    pub(crate) labels: Vec<(String, String)>,
    #[serde(default)]
    pub(crate) normalized: bool,
    #[serde(default)]
    pub(crate) info: Vec<(u32, Option<(u64, u64)>)>,
}

impl Record {
    pub(crate) fn new(profile: &Outgoing, labels: Vec<(String, String)>) -> Self {
        let pair =
            |info: &ExecutableInfo| (info.elf_type, info.load_segment.map(|one| (one.offset, one.vaddr)));
        let info = profile.executable_info.iter().map(pair).collect();
        let head = RecordHead { labels, normalized: profile.normalized, info };
        Self { head, pprof: profile.pprof.clone() }
    }

    /// How much it takes in a queue and in a request.
    pub(crate) fn bytes(&self) -> usize {
        let labels: usize = self.head.labels.iter().map(|(name, value)| name.len() + value.len() + 16).sum();
        self.pprof.bytes().len() + labels + 64
    }

    pub(crate) fn executable_info(&self) -> Vec<ExecutableInfo> {
        let info = |(elf_type, segment): &(u32, Option<(u64, u64)>)| ExecutableInfo {
            elf_type: *elf_type,
            load_segment: segment.map(|(offset, vaddr)| LoadSegment { offset, vaddr }),
        };
        self.head.info.iter().map(info).collect()
    }

    /// The head as JSON with its length in front, then the profile.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let head = serde_json::to_vec(&self.head).unwrap_or_default();
        let length = u32::try_from(head.len()).unwrap_or(u32::MAX);
        [&length.to_le_bytes()[..], &head, self.pprof.as_ref()].concat()
    }

    /// What comes from a disk is checked again: nobody knows who wrote it.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let (head, pprof) = rest.split_at_checked(length)?;
        let pprof = Harmless::new(Bytes::copy_from_slice(pprof), &Limits::default()).ok()?;
        Some(Self { head: serde_json::from_slice(head).ok()?, pprof })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn records_come_back(labels in proptest::collection::vec((".{0,8}", ".{0,8}"), 0..4), time: i64, normalized: bool, kind: u32) {
            let info = vec![(kind, None), (1, Some((2, u64::MAX)))];
            let mut profile = profile_model::Profile::new(Vec::new());
            profile.time_nanos = time;
            let (pprof, _) = Harmless::encode(&profile, &Limits::default()).unwrap();
            let record = Record { head: RecordHead { labels, normalized, info }, pprof };
            assert_eq!(Record::decode(&record.encode()).unwrap(), record);
        }

        #[test]
        fn any_bytes_are_a_record_or_none(bytes: Vec<u8>) {
            let _ = Record::decode(&bytes);
        }
    }
}
