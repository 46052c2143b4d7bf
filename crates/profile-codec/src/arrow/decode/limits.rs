/// How much a record may ask of its reader; the defaults are beyond any answer seen so far.
///
/// All are checked before the memory is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ArrowLimits {
    /// The most bytes of all columns that are read, after decompression, with a copy of all text that
    /// rows refer to.
    pub max_decoded_bytes: usize,
    /// The most rows, and the most entries of one dictionary. A row of a flame graph becomes a node
    /// of some 200 bytes.
    pub max_rows: usize,
    /// The most columns.
    pub max_columns: usize,
    /// The most levels of a flame graph below its root.
    pub max_depth: u32,
    /// The most bytes of the heads of all messages, in which the columns and their buffers are
    /// listed.
    pub max_metadata_bytes: usize,
}

impl Default for ArrowLimits {
    fn default() -> Self {
        Self {
            max_decoded_bytes: 256 << 20,
            max_rows: 2 << 20,
            max_columns: 1 << 10,
            max_depth: 1 << 16,
            max_metadata_bytes: 1 << 20,
        }
    }
}
