use arrow_ipc::{Message, MetadataVersion, Schema};

use super::{ArrowError, ArrowLimits};

/// What stands before every message since Arrow 0.15.
const CONTINUATION: u32 = u32::MAX;

/// The messages of an IPC stream, one after the other, straight from the bytes.
///
/// Parca's streams have no end mark, so that the end of the bytes is as good as one.
pub(super) struct Messages<'a> {
    rest: &'a [u8],
    limits: ArrowLimits,
    metadata_left: usize,
}

/// A message with its body.
pub(super) struct Envelope<'a> {
    pub(super) message: Message<'a>,
    pub(super) body: &'a [u8],
}

impl<'a> Messages<'a> {
    pub(super) fn new(bytes: &'a [u8], limits: &ArrowLimits) -> Self {
        Self { rest: bytes, limits: *limits, metadata_left: limits.max_metadata_bytes }
    }

    pub(super) fn next(&mut self) -> Result<Option<Envelope<'a>>, ArrowError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let marker = self.u32("a marker")?;
        if marker != CONTINUATION {
            let found = format!("`{marker:#010x}`");
            return Err(ArrowError::Stream { expected: "a message", found });
        }
        let head_len = self.u32("the length of a head")?;
        if head_len == 0 {
            self.rest = &[];
            return Ok(None);
        }
        self.spend_metadata(head_len as usize)?;
        let head = self.take(head_len.into(), "a head")?;
        let message =
            arrow_ipc::root_as_message(head).map_err(|error| ArrowError::Head(error.to_string()))?;
        check_version(message.version())?;
        let body_len = u64::try_from(message.bodyLength()).map_err(|_| ArrowError::Stream {
            expected: "a length of a body",
            found: format!("`{}`", message.bodyLength()),
        })?;
        Ok(Some(Envelope { message, body: self.take(body_len, "a body")? }))
    }

    /// The schema, which every stream begins with.
    pub(super) fn schema(&mut self) -> Result<(Schema<'a>, MetadataVersion), ArrowError> {
        let first =
            self.next()?.ok_or_else(|| ArrowError::unexpected("a schema", "the end of the stream"))?;
        let found = first.message.header_type();
        let schema = first.message.header_as_schema();
        let schema = schema.ok_or_else(|| ArrowError::unexpected("a schema", format!("`{found:?}`")))?;
        Ok((schema, first.message.version()))
    }

    fn spend_metadata(&mut self, len: usize) -> Result<(), ArrowError> {
        let left = self.metadata_left.checked_sub(len);
        let limit = self.limits.max_metadata_bytes;
        self.metadata_left = left.ok_or(ArrowError::TooLarge { what: "bytes of metadata", limit })?;
        Ok(())
    }

    fn u32(&mut self, what: &'static str) -> Result<u32, ArrowError> {
        let bytes = self.take(4, what)?;
        let bytes = bytes.first_chunk().expect("four bytes were taken");
        Ok(u32::from_le_bytes(*bytes))
    }

    fn take(&mut self, len: u64, what: &'static str) -> Result<&'a [u8], ArrowError> {
        let split = usize::try_from(len).ok().and_then(|len| self.rest.split_at_checked(len));
        let cut_off = ArrowError::Truncated { what, expected: len, found: self.rest.len() };
        let (taken, rest) = split.ok_or(cut_off)?;
        self.rest = rest;
        Ok(taken)
    }
}

fn check_version(version: MetadataVersion) -> Result<(), ArrowError> {
    match version {
        MetadataVersion::V4 | MetadataVersion::V5 => Ok(()),
        other => Err(ArrowError::Unsupported {
            expected: "metadata of version V4 or V5",
            found: format!("`{other:?}`"),
        }),
    }
}
