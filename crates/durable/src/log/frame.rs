//! One record on disk. All numbers little-endian.
//!
//! | bytes | |
//! |---|---|
//! | 4 | mark: the same in all records of a segment, made from the log's key |
//! | 4 | length of the body |
//! | 8 | number |
//! | 4 | CRC-32 of the key, the 16 bytes before, and the body |
//! | rest | body |

pub(super) const HEAD: usize = 20;

/// What a segment's records have in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seal {
    key: u64,
    mark: [u8; 4],
}

/// The fields of a record's head.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub(super) len: u32,
    pub(super) number: u64,
    crc: u32,
    bytes: [u8; HEAD],
}

impl Seal {
    /// The seal of the segment whose first record has this number.
    pub(super) fn new(key: u64, first: u64) -> Self {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&key.to_le_bytes());
        hasher.update(&first.to_be_bytes());
        hasher.update(b"mark");
        Self { key, mark: hasher.finalize().to_le_bytes() }
    }

    pub(super) fn mark(&self) -> [u8; 4] {
        self.mark
    }

    pub(super) fn write(&self, number: u64, body: &[u8], out: &mut Vec<u8>) {
        let at = out.len();
        out.extend_from_slice(&self.mark);
        // `append` refuses bodies whose length does not fit.
        out.extend_from_slice(&(body.len() as u32).to_le_bytes());
        out.extend_from_slice(&number.to_le_bytes());
        let crc = self.checksum(&out[at..], body);
        out.extend_from_slice(&crc.to_le_bytes());
        out.extend_from_slice(body);
    }

    /// The head, if it has the mark.
    pub(super) fn head(&self, bytes: [u8; HEAD]) -> Option<Head> {
        (bytes.starts_with(&self.mark)).then(|| Head {
            len: u32::from_le_bytes(part(&bytes, 4)),
            number: u64::from_le_bytes(part(&bytes, 8)),
            crc: u32::from_le_bytes(part(&bytes, 16)),
            bytes,
        })
    }

    pub(super) fn is_whole(&self, head: &Head, body: &[u8]) -> bool {
        self.checksum(&head.bytes[..16], body) == head.crc
    }

    fn checksum(&self, head: &[u8], body: &[u8]) -> u32 {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&self.key.to_le_bytes());
        hasher.update(head);
        hasher.update(body);
        hasher.finalize()
    }
}

fn part<const N: usize>(bytes: &[u8; HEAD], at: usize) -> [u8; N] {
    std::array::from_fn(|index| bytes[at + index])
}
