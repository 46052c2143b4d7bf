use arrow_ipc::{MessageHeader, RecordBatch};
use hashbrown::HashMap;

use super::{
    ArrowError, ArrowLimits,
    batch::{Batch, Block, entries},
    budget::Budget,
    schema::{self, Field},
    stream::{Envelope, Messages},
};

/// The record batches of a stream, one after the other.
///
/// Only columns that are asked for are decompressed, dictionaries included.
pub(super) struct Reader<'a> {
    messages: Messages<'a>,
    fields: Vec<Field<'a>>,
    dictionaries: HashMap<i64, Block<'a>, foldhash::fast::RandomState>,
    limits: ArrowLimits,
    budget: Budget,
    rows: usize,
    batches: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn open(bytes: &'a [u8], limits: &ArrowLimits) -> Result<Self, ArrowError> {
        let mut messages = Messages::new(bytes, limits);
        let (schema, version) = messages.schema()?;
        Ok(Self {
            messages,
            fields: schema::read(schema, version, limits)?,
            dictionaries: HashMap::default(),
            limits: *limits,
            budget: Budget::new(limits.max_decoded_bytes),
            rows: 0,
            batches: 0,
        })
    }

    /// The next batch; an error if there was none at all.
    pub(super) fn next_batch(&mut self) -> Result<Option<Batch<'_, 'a>>, ArrowError> {
        while let Some(Envelope { message, body }) = self.messages.next()? {
            match message.header_type() {
                MessageHeader::DictionaryBatch => {
                    let dictionary = message.header_as_dictionary_batch();
                    self.keep_dictionary(
                        dictionary.ok_or_else(|| ArrowError::unexpected("a dictionary", "nothing"))?,
                        body,
                    )?;
                }
                MessageHeader::RecordBatch => {
                    let batch = message.header_as_record_batch();
                    let batch = batch.ok_or_else(|| ArrowError::unexpected("a record batch", "nothing"))?;
                    return self.batch(batch, body).map(Some);
                }
                other => {
                    return Err(ArrowError::unexpected(
                        "a dictionary or a record batch",
                        format!("`{other:?}`"),
                    ));
                }
            }
        }
        if self.batches == 0 {
            return Err(ArrowError::unexpected("a record batch", "the end of the stream"));
        }
        Ok(None)
    }

    fn keep_dictionary(
        &mut self,
        dictionary: arrow_ipc::DictionaryBatch<'a>,
        body: &'a [u8],
    ) -> Result<(), ArrowError> {
        let block = Block::new(entries(dictionary)?, body)?;
        self.check_rows(block.len()?, "entries of a dictionary")?;
        self.dictionaries.insert(dictionary.id(), block);
        Ok(())
    }

    fn batch(&mut self, batch: RecordBatch<'a>, body: &'a [u8]) -> Result<Batch<'_, 'a>, ArrowError> {
        let block = Block::new(batch, body)?;
        let rows = block.len()?;
        self.rows = self.check_rows(self.rows.saturating_add(rows), "rows")?;
        self.batches += 1;
        Batch::new(block, rows, &self.fields, &self.dictionaries, &mut self.budget)
    }

    fn check_rows(&self, rows: usize, what: &'static str) -> Result<usize, ArrowError> {
        let limit = self.limits.max_rows;
        if rows > limit { Err(ArrowError::TooLarge { what, limit }) } else { Ok(rows) }
    }
}
